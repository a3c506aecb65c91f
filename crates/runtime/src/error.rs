//! What goes wrong, and how an error made in a child process reaches its parent.

use std::io;

/// Why an operation on a container failed.
///
/// Where the OCI configuration is involved the message begins with the field that asked for what
/// could not be done, in the notation of `config.json` (`mounts[3].destination`).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration contradicts the OCI runtime specification or itself.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field of `config.json`.
        field: String,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// The configuration asks for something that can't be had here.
    #[error("{field} can't be honoured: {reason}")]
    Unsupported {
        /// The field of `config.json`.
        field: String,
        /// Why it can't be had.
        reason: String,
    },
    /// The kernel refused a step.
    #[error("{field}: {operation}: {source}")]
    Kernel {
        /// The field of `config.json` that asked for the step, or the part of the container that
        /// was worked on.
        field: String,
        /// What was tried, and on what.
        operation: String,
        /// What the kernel answered.
        source: io::Error,
    },
    /// The user of a process can't be taken on.
    #[error("process.user: {operation}: {source}")]
    User {
        /// What was tried.
        operation: String,
        /// What the kernel answered.
        source: io::Error,
    },
    /// The program of a process can't be executed.
    #[error("exec {program:?}: {source}")]
    Exec {
        /// The program as the configuration names it.
        program: String,
        /// What the kernel answered.
        source: io::Error,
    },
    /// A hook failed.
    #[error("hooks.{hook}: {reason}")]
    Hook {
        /// The hook's kind and place, `createRuntime[0]`.
        hook: String,
        /// What became of it.
        reason: String,
    },
    /// The container's process ended before it was ready.
    #[error("the process ended during {during}: {reason}")]
    Died {
        /// What it was doing.
        during: String,
        /// How it ended.
        reason: String,
    },
    /// The call does not fit the container's state.
    #[error("{0}")]
    State(String),
}

/// The class of an [`Error`], for callers that answer with a code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration is wrong.
    Invalid,
    /// The configuration asks for what this machine or runtime can't give.
    Unsupported,
    /// The program of the process does not exist (a shell says 127).
    NotFound,
    /// The program of the process may not be executed (a shell says 126).
    PermissionDenied,
    /// The user of the process can't be taken on.
    BadUser,
    /// A hook failed.
    Hook,
    /// The process died early.
    Died,
    /// The call does not fit the container's state.
    State,
    /// Anything else that the kernel refused.
    Kernel,
}

impl Error {
    /// The class of the error.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Invalid { .. } => ErrorKind::Invalid,
            Self::Unsupported { .. } => ErrorKind::Unsupported,
            Self::Kernel { .. } => ErrorKind::Kernel,
            Self::User { .. } => ErrorKind::BadUser,
            Self::Exec { source, .. } => match source.raw_os_error() {
                Some(libc::ENOENT | libc::ENOTDIR) => ErrorKind::NotFound,
                _ => ErrorKind::PermissionDenied,
            },
            Self::Hook { .. } => ErrorKind::Hook,
            Self::Died { .. } => ErrorKind::Died,
            Self::State(_) => ErrorKind::State,
        }
    }

    /// The kernel's error number, where the kernel said no.
    #[must_use]
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Kernel { source, .. } | Self::User { source, .. } | Self::Exec { source, .. } => {
                source.raw_os_error()
            }
            _ => None,
        }
    }

    pub(crate) fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), reason: reason.into() }
    }

    pub(crate) fn unsupported(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Unsupported { field: field.into(), reason: reason.into() }
    }

    pub(crate) fn kernel(
        field: impl Into<String>,
        operation: impl Into<String>,
        source: impl Into<io::Error>,
    ) -> Self {
        Self::Kernel { field: field.into(), operation: operation.into(), source: source.into() }
    }

    /// The error as one message of a [`crate::sync::Channel`]: a tag, the error number, the first
    /// text's length and both texts, cut so that it fits.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let (tag, first, second) = match self {
            Self::Invalid { field, reason } => (b'i', field.as_str(), reason.as_str()),
            Self::Unsupported { field, reason } => (b'u', field.as_str(), reason.as_str()),
            Self::Kernel { field, operation, .. } => (b'k', field.as_str(), operation.as_str()),
            Self::User { operation, .. } => (b'p', operation.as_str(), ""),
            Self::Exec { program, .. } => (b'x', program.as_str(), ""),
            Self::Hook { hook, reason } => (b'h', hook.as_str(), reason.as_str()),
            Self::Died { during, reason } => (b'd', during.as_str(), reason.as_str()),
            Self::State(reason) => (b's', reason.as_str(), ""),
        };
        let first = cut(first);
        let second = cut(second);
        let mut bytes = Vec::with_capacity(7 + first.len() + second.len());
        bytes.push(tag);
        bytes.extend(self.errno().unwrap_or(0).to_le_bytes());
        bytes.extend(u16::try_from(first.len()).unwrap_or(0).to_le_bytes());
        bytes.extend(first.as_bytes());
        bytes.extend(second.as_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8]) -> Self {
        Self::try_decode(bytes).unwrap_or_else(|| Self::Died {
            during: "set-up".into(),
            reason: "it sent an unreadable report".into(),
        })
    }

    fn try_decode(bytes: &[u8]) -> Option<Self> {
        let (tag, rest) = bytes.split_first()?;
        let (errno, rest) = rest.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (first, second) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
        let source = io::Error::from_raw_os_error(i32::from_le_bytes(*errno));
        let first = String::from_utf8_lossy(first).into_owned();
        let second = String::from_utf8_lossy(second).into_owned();
        Some(match tag {
            b'i' => Self::Invalid { field: first, reason: second },
            b'u' => Self::Unsupported { field: first, reason: second },
            b'k' => Self::Kernel { field: first, operation: second, source },
            b'p' => Self::User { operation: first, source },
            b'x' => Self::Exec { program: first, source },
            b'h' => Self::Hook { hook: first, reason: second },
            b'd' => Self::Died { during: first, reason: second },
            b's' => Self::State(first),
            _ => return None,
        })
    }
}

/// The most of one text of an error that is sent on; two fit a message.
const TEXT_LIMIT: usize = 1800;

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_LIMIT)]
}

/// Names the field and the step that a kernel error belongs to.
pub(crate) trait At<T> {
    fn at(self, field: &str, operation: &str) -> Result<T, Error>;
    fn at_with(self, describe: impl FnOnce() -> (String, String)) -> Result<T, Error>;
}

impl<T, E: Into<io::Error>> At<T> for Result<T, E> {
    fn at(self, field: &str, operation: &str) -> Result<T, Error> {
        self.map_err(|source| Error::kernel(field, operation, source))
    }

    fn at_with(self, describe: impl FnOnce() -> (String, String)) -> Result<T, Error> {
        self.map_err(|source| {
            let (field, operation) = describe();
            Error::kernel(field, operation, source)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_survive_the_way_to_the_parent() {
        let errors = [
            Error::invalid("mounts[1].destination", "is relative"),
            Error::unsupported("linux.intelRdt", "no resctrl"),
            Error::kernel("root.path", "open", io::Error::from_raw_os_error(libc::ENOENT)),
            Error::User {
                operation: "setuid".into(),
                source: io::Error::from_raw_os_error(libc::EINVAL),
            },
            Error::Exec {
                program: "/bin/x".into(),
                source: io::Error::from_raw_os_error(libc::EACCES),
            },
            Error::Hook { hook: "createRuntime[0]".into(), reason: "exit code 1".into() },
            Error::Died { during: "start".into(), reason: "signal 9".into() },
            Error::State("already started".into()),
        ];
        for error in errors {
            let again = Error::decode(&error.encode());
            assert_eq!(again.to_string(), error.to_string());
            assert_eq!(again.kind(), error.kind());
        }
    }

    #[test]
    fn long_texts_are_cut_and_rubbish_is_told() {
        let error = Error::invalid("x", "é".repeat(5000));
        assert!(error.encode().len() < crate::sync::MESSAGE_LIMIT);
        assert_eq!(Error::decode(b"z").kind(), ErrorKind::Died);
        assert_eq!(Error::decode(&[b'i', 0, 0, 0, 0, 9, 9]).kind(), ErrorKind::Died);
    }
}
