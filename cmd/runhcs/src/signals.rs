//! Signals by name and number.

/// The signals of Linux on x86 and Arm, by their names without `SIG`.
const SIGNALS: [(&str, i32); 34] = [
    ("ABRT", 6),
    ("ALRM", 14),
    ("BUS", 7),
    ("CHLD", 17),
    ("CLD", 17),
    ("CONT", 18),
    ("FPE", 8),
    ("HUP", 1),
    ("ILL", 4),
    ("INT", 2),
    ("IO", 29),
    ("IOT", 6),
    ("KILL", 9),
    ("PIPE", 13),
    ("POLL", 29),
    ("PROF", 27),
    ("PWR", 30),
    ("QUIT", 3),
    ("SEGV", 11),
    ("STKFLT", 16),
    ("STOP", 19),
    ("SYS", 31),
    ("TERM", 15),
    ("TRAP", 5),
    ("TSTP", 20),
    ("TTIN", 21),
    ("TTOU", 22),
    ("URG", 23),
    ("USR1", 10),
    ("USR2", 12),
    ("VTALRM", 26),
    ("WINCH", 28),
    ("XCPU", 24),
    ("XFSZ", 25),
];

/// What no process can refuse.
pub(crate) const KILL: i32 = 9;
/// The last real-time signal.
const LAST: i32 = 64;

/// A text that names no signal.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid signal value {0:?}: it is a name such as TERM or SIGKILL, or a number up to {LAST}"
)]
pub(crate) struct InvalidSignal(String);

/// The signal of a name, in any case and with or without `SIG`, or of a number.
pub(crate) fn parse(text: &str) -> Result<i32, InvalidSignal> {
    let invalid = || InvalidSignal(text.to_owned());
    if let Ok(number) = text.parse::<i32>() {
        return if (0..=LAST).contains(&number) { Ok(number) } else { Err(invalid()) };
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let found = SIGNALS.iter().find(|(known, _)| *known == name);
    found.map(|(_, number)| *number).ok_or_else(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_has_many_spellings() {
        for text in ["KILL", "kill", "SIGKILL", "SigKill", "9"] {
            assert_eq!(parse(text), Ok(9), "{text}");
        }
        assert_eq!(parse("34"), Ok(34));
    }

    #[test]
    fn what_is_no_signal_is_refused() {
        for text in ["", "SIG", "SIGBAD", "-9", "65", "9x"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
