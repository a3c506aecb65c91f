//! What a virtual disk tells about itself.

use std::ffi::OsString;
use std::mem::offset_of;
use std::os::windows::ffi::OsStringExt;
use std::path::PathBuf;

use windows_sys::Win32::Foundation::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_DATA, ERROR_SUCCESS, HANDLE,
};
use windows_sys::Win32::Storage::Vhd::{
    GET_VIRTUAL_DISK_INFO, GET_VIRTUAL_DISK_INFO_0, GET_VIRTUAL_DISK_INFO_0_1,
    GET_VIRTUAL_DISK_INFO_PARENT_LOCATION, GET_VIRTUAL_DISK_INFO_VERSION,
};

use super::error::{Attempt, DiskError};
use super::raw;

/// More bytes than any answer has.
const MOST: u32 = 1 << 20;

/// The file that a differencing disk's unwritten blocks come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parent {
    /// Found here.
    At(PathBuf),
    /// Not found at any of these places, which the disk tells.
    Lost(Vec<PathBuf>),
}

/// Asks for what has a fixed size. What the union then has is said by `version`.
pub(super) fn fixed(
    disk: HANDLE,
    version: GET_VIRTUAL_DISK_INFO_VERSION,
    attempt: Attempt<'_>,
) -> Result<GET_VIRTUAL_DISK_INFO_0, DiskError> {
    let mut information = GET_VIRTUAL_DISK_INFO { Version: version, ..Default::default() };
    let mut size = const { crate::named_pipe::size_of_u32::<GET_VIRTUAL_DISK_INFO>() };
    // SAFETY: the disk is open; the structure is ours, and tells its version and size.
    attempt.done(unsafe {
        raw::GetVirtualDiskInformation(
            disk,
            &raw mut size,
            &raw mut information,
            std::ptr::null_mut(),
        )
    })?;
    Ok(information.Anonymous)
}

/// Asks a differencing disk for its parent.
pub(super) fn parent(disk: HANDLE, attempt: Attempt<'_>) -> Result<Parent, DiskError> {
    let mut size = 1024;
    loop {
        // Units of 8 bytes, as the structure is aligned so.
        let mut buffer = vec![0u64; usize::try_from(size / 8).unwrap_or(usize::MAX) + 1];
        let information: *mut GET_VIRTUAL_DISK_INFO = buffer.as_mut_ptr().cast();
        // SAFETY: the buffer is larger than the structure and aligned like it.
        unsafe { (*information).Version = GET_VIRTUAL_DISK_INFO_PARENT_LOCATION };
        let mut wanted = size;
        // SAFETY: the disk is open; the buffer is ours, and tells its version and size.
        let called = unsafe {
            raw::GetVirtualDiskInformation(disk, &raw mut wanted, information, std::ptr::null_mut())
        };
        match attempt.code(called)? {
            ERROR_SUCCESS => return Ok(read_parent(&buffer)),
            ERROR_INSUFFICIENT_BUFFER if wanted > size && wanted <= MOST => size = wanted,
            ERROR_INSUFFICIENT_BUFFER => return Err(attempt.refused(ERROR_INVALID_DATA)),
            code => return Err(attempt.refused(code)),
        }
    }
}

/// Where the parent's location begins in the structure.
const RESOLVED: usize = offset_of!(GET_VIRTUAL_DISK_INFO, Anonymous)
    + offset_of!(GET_VIRTUAL_DISK_INFO_0_1, ParentResolved);
const LOCATION: usize = offset_of!(GET_VIRTUAL_DISK_INFO, Anonymous)
    + offset_of!(GET_VIRTUAL_DISK_INFO_0_1, ParentLocationBuffer);

fn read_parent(buffer: &[u64]) -> Parent {
    let bytes: Vec<u8> = buffer.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let units = |from: usize| -> Vec<u16> {
        let pairs = bytes[from..].chunks_exact(2);
        pairs.map(|pair| u16::from_ne_bytes([pair[0], pair[1]])).collect()
    };
    let is_resolved = bytes[RESOLVED..RESOLVED + 4].iter().any(|byte| *byte != 0);
    // One text with a NUL, or several with one NUL more.
    let mut texts = units(LOCATION)
        .split(|unit| *unit == 0)
        .take_while(|text| !text.is_empty())
        .map(|text| PathBuf::from(OsString::from_wide(text)))
        .collect::<Vec<_>>();
    if is_resolved && !texts.is_empty() {
        Parent::At(texts.swap_remove(0))
    } else {
        Parent::Lost(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(is_resolved: bool, location: &str) -> Vec<u64> {
        let mut bytes = vec![0; LOCATION];
        bytes[RESOLVED] = is_resolved.into();
        bytes.extend(location.encode_utf16().flat_map(u16::to_ne_bytes));
        bytes.resize(bytes.len() + 16, 0);
        let words = bytes.chunks_exact(8);
        words.map(|word| u64::from_ne_bytes(word.try_into().expect("8"))).collect()
    }

    #[test]
    fn a_parent_is_at_its_place() {
        assert_eq!((RESOLVED, LOCATION), (8, 12));
        let parent = read_parent(&buffer(true, "C:\\a.vhdx\0left over"));
        assert_eq!(parent, Parent::At(r"C:\a.vhdx".into()));
    }

    #[test]
    fn a_lost_parent_has_places_to_look_at() {
        let parent = read_parent(&buffer(false, "C:\\a.vhdx\0.\\a.vhdx\0\0left over"));
        assert_eq!(parent, Parent::Lost(vec![r"C:\a.vhdx".into(), r".\a.vhdx".into()]));
        assert_eq!(read_parent(&buffer(true, "\0")), Parent::Lost(Vec::new()));
    }
}
