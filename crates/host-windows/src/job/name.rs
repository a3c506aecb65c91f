//! Names of job objects.

use std::fmt;

use crate::wide::Wide;

/// A name of a job object, in one of the two spaces of names.
#[derive(Clone, PartialEq, Eq)]
pub struct JobName {
    text: String,
    units: Wide,
    kernel_s: bool,
}

/// A text cannot be the name of a job object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It has nothing in it.
    #[error("the name of a job object is empty")]
    Empty,
    /// It has a NUL in it.
    #[error("{0:?} is no name of a job object: it has a NUL character inside")]
    Nul(String),
}

impl JobName {
    /// A name of the session's, or of all sessions' behind `Global\`.
    ///
    /// # Errors
    /// The text is empty or has a NUL inside.
    pub fn session(text: &str) -> Result<Self, NameError> {
        Self::new(text, false)
    }

    /// A path from the root of the kernel's objects, such as `\Container_c1`: the
    /// `NT variant` of the reference. One that does not begin with `\` is refused
    /// by the kernel.
    ///
    /// # Errors
    /// The text is empty or has a NUL inside.
    pub fn kernel(text: &str) -> Result<Self, NameError> {
        Self::new(text, true)
    }

    /// That of the silo that the compute service makes for a container.
    ///
    /// # Errors
    /// The id has a NUL inside.
    pub fn of_container(id: &str) -> Result<Self, NameError> {
        Self::kernel(&format!(r"\Container_{id}"))
    }

    fn new(text: &str, kernel_s: bool) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        let units = Wide::new(text).map_err(|_| NameError::Nul(text.to_owned()))?;
        Ok(Self { text: text.to_owned(), units, kernel_s })
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(super) fn is_kernel_s(&self) -> bool {
        self.kernel_s
    }

    pub(super) fn units(&self) -> &[u16] {
        self.units.units()
    }

    /// Where it begins; it ends with a NUL.
    pub(super) fn as_ptr(&self) -> *const u16 {
        self.units.as_ptr()
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let space = if self.kernel_s { "kernel" } else { "session" };
        write!(f, "JobName::{space}({:?})", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_text_without_nul() {
        assert_eq!(JobName::session("a").unwrap().to_string(), "a");
        assert_eq!(JobName::of_container("c1").unwrap().as_str(), r"\Container_c1");
        assert_eq!(JobName::session(""), Err(NameError::Empty));
        assert_eq!(JobName::kernel("a\0b"), Err(NameError::Nul("a\0b".into())));
    }
}
