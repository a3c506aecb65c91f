//! The streams of a process, and where containerd wants them.

mod copies;
mod logging;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::time::Duration;

#[cfg(unix)]
pub(crate) use unix::Streams;
#[cfg(windows)]
pub(crate) use windows::Streams;

use crate::failure::{Failure, Outcome};

/// What containerd wants of a process's streams.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) stdin: String,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) terminal: bool,
    pub(crate) namespace: String,
    /// The task's id.
    pub(crate) container: String,
    /// The exec's id; empty for the first process.
    pub(crate) exec: String,
    /// How long the far ends are tried to be reached.
    #[cfg_attr(unix, expect(dead_code, reason = "a FIFO is there, or it is not"))]
    pub(crate) retry: Duration,
}

/// A stream could not be connected.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {path}: {source}")]
pub(crate) struct IoError {
    operation: &'static str,
    path: String,
    source: std::io::Error,
}

impl IoError {
    fn new(operation: &'static str, path: &str, source: impl Into<std::io::Error>) -> Self {
        Self { operation, path: path.to_owned(), source: source.into() }
    }
}

/// Where an output stream goes.
#[derive(Debug, PartialEq, Eq)]
enum Target<'a> {
    /// Nowhere.
    None,
    /// A FIFO or a named pipe.
    Pipe(&'a str),
    /// A file, which is appended to.
    File(&'a str),
    /// A program that logs both streams.
    Logger(&'a str),
}

impl<'a> Target<'a> {
    fn parse(text: &'a str) -> Outcome<Self> {
        // A scheme has more than one letter: `C:` is a drive.
        let scheme = text.split_once("://").filter(|(scheme, _)| scheme.len() > 1);
        Ok(match scheme {
            None if text.is_empty() => Self::None,
            None => Self::Pipe(text),
            Some(("binary", _)) => Self::Logger(text),
            Some(("fifo", path)) if cfg!(unix) => Self::Pipe(path),
            Some(("file", path)) if cfg!(unix) => Self::File(path),
            Some((scheme, _)) => {
                return Err(Failure::unknown(format_args!(
                    "scheme must be 'binary', got: '{scheme}'"
                )));
            }
        })
    }
}

impl Request {
    /// Refuses what cannot be connected, before anything is made.
    pub(crate) fn check(&self) -> Outcome<()> {
        for output in [&self.stdout, &self.stderr] {
            Target::parse(output)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_told_by_its_scheme() {
        assert_eq!(Target::parse(""), Ok(Target::None));
        assert_eq!(Target::parse(r"\\.\pipe\x"), Ok(Target::Pipe(r"\\.\pipe\x")));
        assert_eq!(Target::parse("/a/b"), Ok(Target::Pipe("/a/b")));
        assert_eq!(Target::parse("binary:///l?a=b"), Ok(Target::Logger("binary:///l?a=b")));
        assert!(Target::parse("http://x").is_err());
    }
}
