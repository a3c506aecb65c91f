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
const MAX_LINUX: i32 = 64;

const TERM: u32 = 15;

/// How a signal is sent in a container of this kind (`linux`, `windows`).
///
/// # Errors
/// There is no such signal.
pub(crate) fn to_send(signal: u32, os: &str) -> Outcome<ToSend> {
    let sent = match signal {
        KILL => return Ok(ToSend::Kill),
        number if os == "windows" => on_windows(number),
        number => on_linux(number),
    };
    let refused = || Failure::failed_precondition(format_args!("signal {signal}: invalid signal"));
    sent.map(ToSend::Signal).ok_or_else(refused)
}

/// A Linux process takes every signal that Linux has.
fn on_linux(number: u32) -> Option<Signal> {
    let number = i32::try_from(number).ok().filter(|number| *number <= MAX_LINUX);
    number.filter(|number| *number > 0).map(Signal::Linux)
}

/// A Windows process takes console events. containerd has their numbers, and that of
/// SIGTERM for a wish to end.
fn on_windows(number: u32) -> Option<Signal> {
    let name = match number {
        0 => "CtrlC",
        1 => "CtrlBreak",
        2 => "CtrlClose",
        5 => "CtrlLogOff",
        6 | TERM => "CtrlShutdown",
        _ => return None,
    };
    Some(Signal::Windows(name.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_that_is_none_is_refused() {
        let linux = |signal| to_send(signal, "linux");
        assert_eq!(linux(9), Ok(ToSend::Kill));
        assert_eq!(linux(15), Ok(ToSend::Signal(Signal::Linux(15))));
        assert_eq!(linux(64), Ok(ToSend::Signal(Signal::Linux(64))));
        for signal in [0, 65, 300, u32::MAX] {
            assert!(linux(signal).is_err(), "{signal}");
        }
    }

    #[test]
    fn windows_has_console_events() {
        for (signal, name) in [
            (0, "CtrlC"),
            (1, "CtrlBreak"),
            (2, "CtrlClose"),
            (5, "CtrlLogOff"),
            (6, "CtrlShutdown"),
            (15, "CtrlShutdown"),
        ] {
            let sent = to_send(signal, "windows");
            assert_eq!(sent, Ok(ToSend::Signal(Signal::Windows(name.into()))), "{signal}");
        }
        assert_eq!(to_send(9, "windows"), Ok(ToSend::Kill));
        for signal in [3, 4, 7, 10, 64] {
            assert!(to_send(signal, "windows").is_err(), "{signal}");
        }
    }
}
