//! Names below a folder.

use std::ffi::OsString;
use std::os::windows::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use super::{BACKSLASH, units};

/// The most units that the kernel takes.
const MAX_UNITS: usize = 0x7fff;

/// Why a name cannot be one below a folder. The first two texts are the
/// reference's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It names a stream of a file, or a drive.
    #[error("path contains invalid character `:`")]
    Colon,
    /// It begins with a separator.
    #[error("expected relative path")]
    Absolute,
    /// It has no component.
    #[error("the name is empty")]
    Empty,
    /// It has `..` in it.
    #[error("the name has .. in it, which could lead out of the folder")]
    Parent,
    /// It has a NUL in it.
    #[error("the name has a NUL in it")]
    Nul,
    /// It is too long for Windows.
    #[error("the name has more than {MAX_UNITS} characters")]
    TooLong,
}

/// A name below a folder that does not lead out of it: one or more components,
/// with no `..`, no stream and no drive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relative {
    /// With one backslash between two components.
    units: Vec<u16>,
}

impl Relative {
    /// Reads a name; `/` and `\` separate. Components that are empty or `.` are
    /// left out.
    ///
    /// # Errors
    /// It is not such a name.
    pub fn new(name: &Path) -> Result<Self, NameError> {
        Self::from_units(&units(name))
    }

    fn from_units(name: &[u16]) -> Result<Self, NameError> {
        const SLASH: u16 = b'/' as u16;
        const COLON: u16 = b':' as u16;
        const DOT: u16 = b'.' as u16;
        let is_separator = |unit: &u16| [SLASH, BACKSLASH].contains(unit);
        if name.contains(&COLON) {
            return Err(NameError::Colon);
        }
        if name.contains(&0) {
            return Err(NameError::Nul);
        }
        if name.first().is_some_and(is_separator) {
            return Err(NameError::Absolute);
        }
        let mut units = Vec::with_capacity(name.len());
        for component in name.split(is_separator) {
            match component {
                [] | [DOT] => continue,
                [DOT, DOT] => return Err(NameError::Parent),
                _ => {}
            }
            if !units.is_empty() {
                units.push(BACKSLASH);
            }
            units.extend_from_slice(component);
        }
        match units.len() {
            0 => Err(NameError::Empty),
            1..=MAX_UNITS => Ok(Self { units }),
            _ => Err(NameError::TooLong),
        }
    }

    /// One component, as the file system has it.
    pub(super) fn component(name: &[u16]) -> Result<Self, NameError> {
        if name.contains(&BACKSLASH) {
            return Err(NameError::Absolute);
        }
        Self::from_units(name)
    }

    pub(super) fn units(&self) -> &[u16] {
        &self.units
    }

    /// The folder that it is in, if that is below the root, and its last
    /// component.
    pub(super) fn split(&self) -> (Option<Self>, Self) {
        match self.units.iter().rposition(|unit| *unit == BACKSLASH) {
            Some(at) => (
                Some(Self { units: self.units[..at].to_vec() }),
                Self { units: self.units[at + 1..].to_vec() },
            ),
            None => (None, self.clone()),
        }
    }

    /// It as a path.
    pub fn to_path(&self) -> PathBuf {
        OsString::from_wide(&self.units).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_below_a_folder_are_read() {
        for (name, read) in [
            ("a", "a"),
            (r"a\b/c", r"a\b\c"),
            ("./a//b/./c/", r"a\b\c"),
            ("...", "..."),
            ("a..b/..c", r"a..b\..c"),
            ("con", "con"),
            ("trailing. ", "trailing. "),
        ] {
            let name = Relative::new(Path::new(name)).unwrap();
            assert_eq!(name.to_path().as_os_str(), read);
        }
    }

    #[test]
    fn names_with_a_way_out_are_refused() {
        for (name, why) in [
            ("", NameError::Empty),
            (".", NameError::Empty),
            ("./", NameError::Empty),
            ("..", NameError::Parent),
            (r"a\..\b", NameError::Parent),
            ("a/..", NameError::Parent),
            (r"\a", NameError::Absolute),
            ("/a", NameError::Absolute),
            (r"\\?\C\a", NameError::Absolute),
            (r"C:\a", NameError::Colon),
            ("C:a", NameError::Colon),
            ("a:stream", NameError::Colon),
            ("a/b::$DATA", NameError::Colon),
            ("a\0b", NameError::Nul),
        ] {
            assert_eq!(Relative::new(Path::new(name)), Err(why), "{name:?}");
        }
    }

    #[test]
    fn a_name_is_as_long_as_windows_allows() {
        let name = vec![u16::from(b'x'); MAX_UNITS];
        assert!(Relative::from_units(&name).is_ok());
        let longer = [name, vec![u16::from(b'x')]].concat();
        assert_eq!(Relative::from_units(&longer), Err(NameError::TooLong));
    }

    #[test]
    fn a_name_has_a_folder_and_a_last_component() {
        let split = |name| {
            let (folder, last) = Relative::new(Path::new(name)).unwrap().split();
            (folder.map(|folder| folder.to_path()), last.to_path())
        };
        assert_eq!(split("a"), (None, "a".into()));
        assert_eq!(split("a/b/c"), (Some(r"a\b".into()), "c".into()));
    }
}
