//! Paths: long ones, and names below a folder that nothing leads out of.
//!
//! A layer comes from a stranger, and a link in it could lead anywhere. So what
//! is in a layer is opened below its folder ([`Root`]), by a name that has no
//! way out ([`Relative`]), and the kernel is told to refuse each reparse point
//! on the way. Source: the behaviour of the reference's `safefile` and
//! `longpath`.

mod nt;
mod relative;
mod removal;
pub(crate) mod root;

use std::ffi::OsString;
use std::io;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use windows_sys::Win32::Foundation::ERROR_REPARSE_POINT_ENCOUNTERED;

pub use relative::{NameError, Relative};
pub use root::{Disposition, Open, Root, clear_readonly};

/// Why something at a path could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// A name cannot be one below a folder.
    #[error("failed to {operation} {name:?} below {}", root.display())]
    Name {
        /// What was tried.
        operation: &'static str,
        /// The folder.
        root: PathBuf,
        /// The name.
        name: PathBuf,
        /// Why.
        #[source]
        source: NameError,
    },
    /// The system refuses.
    #[error("failed to {operation} {}{}", path.display(), advice(source))]
    Io {
        /// What was tried.
        operation: &'static str,
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A hard link could not be made.
    #[error("failed to link {} to {}{}", new.display(), old.display(), advice(source))]
    Link {
        /// The file.
        old: PathBuf,
        /// Its further name.
        new: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl PathError {
    /// Whether there is nothing at the path.
    pub fn is_not_found(&self) -> bool {
        match self {
            Self::Name { .. } => false,
            Self::Io { source, .. } | Self::Link { source, .. } => {
                source.kind() == io::ErrorKind::NotFound
            }
        }
    }
}

fn advice(source: &io::Error) -> &'static str {
    let code = source.raw_os_error().and_then(|code| u32::try_from(code).ok());
    match code {
        Some(ERROR_REPARSE_POINT_ENCOUNTERED) => ": it is a link or mount point, or behind one",
        _ => "",
    }
}

/// The path in the form that may be longer than 260 characters and that no
/// further rule changes: `\\?\C:\…` or `\\?\UNC\server\…`. One that is in such a
/// form already, or of a device (`\\.\…`), stays as it is.
///
/// ```no_run
/// # #[cfg(windows)] {
/// use std::path::Path;
/// let long = host_windows::path::long(Path::new(r"C:\a\..\b")).unwrap();
/// assert_eq!(long, Path::new(r"\\?\C:\b"));
/// # }
/// ```
///
/// # Errors
/// The path is empty, or the current folder of a relative one is unknown.
pub fn long(path: &Path) -> io::Result<PathBuf> {
    if is_verbatim(&units(path)) {
        return Ok(path.to_owned());
    }
    let absolute = units(&std::path::absolute(path)?);
    let (prefix, rest) = match absolute.as_slice() {
        done if is_verbatim(done) => ("", done),
        [first, second, rest @ ..] if [*first, *second] == [BACKSLASH; 2] => (r"\\?\UNC\", rest),
        rest => (r"\\?\", rest),
    };
    let mut long = OsString::from(prefix);
    long.push(OsString::from_wide(rest));
    Ok(long.into())
}

const BACKSLASH: u16 = b'\\' as u16;

fn units(path: &Path) -> Vec<u16> {
    path.as_os_str().encode_wide().collect()
}

/// Whether a path begins with `\\?\` or `\\.\`.
fn is_verbatim(path: &[u16]) -> bool {
    const MARKS: [u16; 2] = [b'?' as u16, b'.' as u16];
    matches!(path, [BACKSLASH, BACKSLASH, mark, BACKSLASH, ..] if MARKS.contains(mark))
}

#[cfg(test)]
mod tests;
