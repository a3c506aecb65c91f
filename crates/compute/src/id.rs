//! Identifiers, parsed once at the border.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The longest id a host accepts, in bytes: it becomes a file name.
pub const MAX_LENGTH: usize = 255;

/// The id of a compute system: what the caller of `create` chose.
///
/// An id is at most [`MAX_LENGTH`] bytes of printable text without `/`, `\`
/// or NUL, and is neither empty, `.` nor `..`, so that it can name a directory
/// on every host. Cloning is cheap.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SystemId(Arc<str>);

/// Why a text is not a [`SystemId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidId {
    /// The text is empty.
    #[error("a compute system id cannot be empty")]
    Empty,
    /// The text is longer than [`MAX_LENGTH`] bytes.
    #[error("a compute system id has at most {MAX_LENGTH} bytes, this one has {0}")]
    TooLong(usize),
    /// The text is `.` or `..`, or has a character that a file name cannot hold.
    #[error(
        "{0:?} cannot be a compute system id: it holds a path separator, a control character, or is a relative path"
    )]
    NotAName(String),
}

impl SystemId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SystemId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let forbidden = |c: char| c == '/' || c == '\\' || c.is_control();
        if text.is_empty() {
            Err(InvalidId::Empty)
        } else if text.len() > MAX_LENGTH {
            Err(InvalidId::TooLong(text.len()))
        } else if text == "." || text == ".." || text.contains(forbidden) {
            Err(InvalidId::NotAName(text.into()))
        } else {
            Ok(Self(text.into()))
        }
    }
}

impl fmt::Display for SystemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SystemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl AsRef<str> for SystemId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&SystemId> for Arc<str> {
    fn from(id: &SystemId) -> Self {
        Arc::clone(&id.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_an_id() {
        for text in ["c1", "3f2a-9", "name with space", "ünï"] {
            assert_eq!(text.parse::<SystemId>().map(|i| i.to_string()), Ok(text.into()));
        }
    }

    #[test]
    fn what_could_leave_the_state_directory_is_refused() {
        for text in ["", ".", "..", "a/b", "..\\x", "a\0b", "a\nb", &"x".repeat(256)] {
            assert!(text.parse::<SystemId>().is_err(), "{text:?}");
        }
    }
}
