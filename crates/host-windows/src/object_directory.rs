//! What is in a directory of the kernel's objects.

use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};

use compute::error::SystemCode;
use windows_sys::Wdk::Storage::FileSystem::{NtOpenDirectoryObject, NtQueryDirectoryObject};
use windows_sys::Win32::Foundation::{ERROR_BAD_PATHNAME, STATUS_NO_MORE_ENTRIES, UNICODE_STRING};

use crate::nt;
use crate::wide::Wide;

/// The directory of the names that all sessions see: drives, volumes, pipes.
pub const GLOBAL: &str = r"\Global??";

/// The right to list.
const QUERY: u32 = 1;
/// Bytes for an entry: both of its texts have less than 64 KiB.
const ROOM: usize = 160 << 10;

/// A directory of objects cannot be listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("failed to {operation} the object directory {path}")]
pub struct ObjectDirectoryError {
    /// What was tried.
    pub operation: &'static str,
    /// The directory, as the kernel was asked for it.
    pub path: String,
    /// Why.
    #[source]
    pub code: SystemCode,
}

/// The names in a directory, such as [`GLOBAL`]. Slashes of both kinds separate
/// the parts of its path; `.` and `..` in it are resolved.
///
/// # Errors
/// There is no such directory, or the caller may not list it.
pub fn list(path: &str) -> Result<Vec<String>, ObjectDirectoryError> {
    let path = clean(path);
    let failed = |operation, code| ObjectDirectoryError { operation, path: path.clone(), code };
    let directory = open(&path).map_err(|code| failed("open", code))?;
    entries(directory.as_handle()).map_err(|code| failed("list", code))
}

fn open(path: &str) -> Result<OwnedHandle, SystemCode> {
    let invalid = |_| SystemCode(ERROR_BAD_PATHNAME);
    let name = Wide::new(path).map_err(invalid)?;
    nt::with_name(name.units(), |attributes| {
        let mut handle = std::ptr::null_mut();
        // SAFETY: the attributes and the name in them live across the call, and
        // the handle goes to our variable.
        nt::check(unsafe { NtOpenDirectoryObject(&raw mut handle, QUERY, attributes) })?;
        // SAFETY: it was just opened for us.
        Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
    })
}

/// An entry of a directory: where its name and that of its type are.
#[repr(C)]
#[derive(Clone, Copy)]
struct Entry {
    name: UNICODE_STRING,
    kind: UNICODE_STRING,
}

fn entries(directory: BorrowedHandle<'_>) -> Result<Vec<String>, SystemCode> {
    // In words, so that an entry is where it may be.
    let mut buffer = vec![0u64; ROOM / size_of::<u64>()];
    let size = u32::try_from(ROOM).unwrap_or(u32::MAX);
    let mut names = Vec::new();
    let mut place = 0;
    loop {
        // One after the other: it is what every system has.
        // SAFETY: the handle is open and the buffer has as many bytes as is told.
        let status = unsafe {
            NtQueryDirectoryObject(
                directory.as_raw_handle(),
                buffer.as_mut_ptr().cast(),
                size,
                true,
                false,
                &raw mut place,
                std::ptr::null_mut(),
            )
        };
        if status == STATUS_NO_MORE_ENTRIES {
            return Ok(names);
        }
        nt::check(status)?;
        names.extend(name_in(&buffer));
    }
}

/// The name of the entry that the kernel has written to a buffer.
fn name_in(buffer: &[u64]) -> Option<String> {
    let entry: *const Entry = buffer.as_ptr().cast();
    // SAFETY: the buffer is larger than an entry and aligned for one, and any
    // bytes are one.
    let name = unsafe { *entry }.name;
    let bytes = buffer.as_ptr_range();
    let (from, length) = (name.Buffer.addr(), usize::from(name.Length));
    let end = from.checked_add(length)?;
    if from < bytes.start.addr() || end > bytes.end.addr() {
        return None;
    }
    // SAFETY: the text is inside of the buffer, where the kernel wrote it.
    let units = unsafe { std::slice::from_raw_parts(name.Buffer, length / size_of::<u16>()) };
    Some(String::from_utf16_lossy(units))
}

/// A path as the kernel reads it.
fn clean(path: &str) -> String {
    let rooted = path.starts_with(['\\', '/']);
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(['\\', '/']) {
        match part {
            "" | "." => {}
            ".." if rooted || parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join(r"\");
    match (rooted, joined.is_empty()) {
        (true, _) => format!(r"\{joined}"),
        (false, true) => ".".into(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Job, JobName};

    #[test]
    fn a_path_is_cleaned() {
        for (path, cleaned) in [
            (r"\Global??", r"\Global??"),
            (r"\Device\\x\", r"\Device\x"),
            ("/Device/./a/../x", r"\Device\x"),
            ("/..", r"\"),
            ("", "."),
            ("a/..", "."),
            ("a", "a"),
            ("../..", r"..\.."),
        ] {
            assert_eq!(clean(path), cleaned, "{path}");
        }
    }

    #[test]
    fn an_object_is_listed_as_long_as_it_is_there() {
        let name = format!("hcsshim-test-{}-listed", std::process::id());
        let listed = || list(r"\BaseNamedObjects").unwrap().contains(&name);
        assert!(!listed());
        let path = format!(r"\BaseNamedObjects\{name}");
        let job = Job::create(Some(&JobName::kernel(&path).unwrap())).unwrap();
        assert!(listed());
        drop(job);
        assert!(!listed());
    }

    #[test]
    fn many_long_names_are_listed() {
        let prefix = format!("hcsshim-test-{}-{}", std::process::id(), "x".repeat(200));
        let mut wanted: Vec<String> = (0..100).map(|number| format!("{prefix}-{number}")).collect();
        let _jobs: Vec<Job> = wanted
            .iter()
            .map(|name| JobName::kernel(&format!(r"\BaseNamedObjects\{name}")).unwrap())
            .map(|name| Job::create(Some(&name)).unwrap())
            .collect();
        let mut found = list("/BaseNamedObjects").unwrap();
        found.retain(|name| name.starts_with(&prefix));
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted);
    }

    #[test]
    fn drives_are_in_the_global_directory() {
        let test = "drives_are_in_the_global_directory";
        let wine = crate::wine::leaves_out(test, r"Wine has no \Global??, this tries \??");
        let names = list(if wine { r"\??" } else { GLOBAL }).unwrap();
        assert!(names.iter().any(|name| name.eq_ignore_ascii_case("C:")), "{names:?}");
    }

    #[test]
    fn one_that_is_not_there_is_named() {
        let error = list(r"\no/such\").unwrap_err();
        assert_eq!(error.to_string(), r"failed to open the object directory \no\such");
        assert_eq!(error.code, SystemCode(3));
        assert_eq!(list("relative").unwrap_err().code, SystemCode(0xa1));
        assert_eq!(list("").unwrap_err().code, SystemCode(0xa1));
    }
}
