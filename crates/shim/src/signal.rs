//! What a signal's number comes to in a compute system.

use compute::Signal;

use crate::failure::{Failure, Outcome};

/// How a signal is delivered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ToSend {
    /// By ending the process.
    Kill,
    /// By itself.
    Signal(Signal),
}

const KILL: u32 = 9;

/// The largest number of a signal of Linux.
const MAX_LINUX: u32 = 64;

/// A Linux process takes every signal that Linux has.
///
/// # Errors
/// There is no such signal.
pub(crate) fn to_send(signal: u32) -> Outcome<ToSend> {
    match signal {
        KILL => Ok(ToSend::Kill),
        1..=MAX_LINUX => {
            Ok(ToSend::Signal(Signal::Linux(i32::try_from(signal).unwrap_or_default())))
        }
        _ => Err(Failure::failed_precondition(format_args!("signal {signal}: invalid signal"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_that_is_none_is_refused() {
        assert_eq!(to_send(9), Ok(ToSend::Kill));
        assert_eq!(to_send(15), Ok(ToSend::Signal(Signal::Linux(15))));
        assert_eq!(to_send(64), Ok(ToSend::Signal(Signal::Linux(64))));
        for signal in [0, 65, 300, u32::MAX] {
            assert!(to_send(signal).is_err(), "{signal}");
        }
    }
}
