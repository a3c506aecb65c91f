//! Why a case failed.

use std::fmt;
use std::panic::Location;

/// Why a case failed: what was seen, and the line of the case that saw it.
#[derive(Debug)]
pub struct Failure {
    text: String,
    at: &'static Location<'static>,
}

impl Failure {
    /// A failure at the caller's line.
    #[track_caller]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), at: Location::caller() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.at.file().rsplit(['/', '\\']).next().unwrap_or_default();
        write!(f, "{} ({file}:{})", self.text, self.at.line())
    }
}

impl From<compute::Error> for Failure {
    #[track_caller]
    fn from(error: compute::Error) -> Self {
        Self::new(format!("{error:#}"))
    }
}

impl From<std::io::Error> for Failure {
    #[track_caller]
    fn from(error: std::io::Error) -> Self {
        Self::new(format!("a stream failed: {error}"))
    }
}

impl From<tokio::task::JoinError> for Failure {
    #[track_caller]
    fn from(error: tokio::task::JoinError) -> Self {
        Self::new(format!("a task of the case failed: {error}"))
    }
}

/// Fails the case where a condition does not hold; the rest says what was seen.
macro_rules! ensure {
    ($holds:expr, $($seen:tt)+) => {
        if !$holds {
            return Err($crate::failure::Failure::new(format!($($seen)+)));
        }
    };
}

/// Fails the case where two values differ; the rest says of what they are.
macro_rules! ensure_eq {
    ($seen:expr, $wanted:expr, $($what:tt)+) => {
        match (&$seen, &$wanted) {
            (seen, wanted) if *seen == *wanted => {}
            (seen, wanted) => {
                return Err($crate::failure::Failure::new(format!(
                    "{}: {seen:?} instead of {wanted:?}",
                    format_args!($($what)+)
                )));
            }
        }
    };
}

pub(crate) use {ensure, ensure_eq};
