//! The removal of trees that a stranger may have made, or changes meanwhile.
//!
//! Each folder is opened from its parent by one component and stays open until
//! it is empty, so that nobody can put another in its place. There is a handle
//! for each level instead of a stack frame: no depth is too deep.

use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io;
use std::mem::offset_of;
use std::os::windows::ffi::OsStringExt;
use std::os::windows::fs::MetadataExt;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle};

use windows_sys::Wdk::Storage::FileSystem::FILE_DIRECTORY_FILE;
use windows_sys::Win32::Foundation::ERROR_NO_MORE_FILES;
use windows_sys::Win32::Storage::FileSystem::{
    FILE_ATTRIBUTE_DIRECTORY, FILE_ATTRIBUTE_REPARSE_POINT, FILE_ID_BOTH_DIR_INFO,
    FILE_LIST_DIRECTORY, FILE_TRAVERSE, FileIdBothDirectoryInfo, GetFileInformationByHandleEx,
};

use super::nt;
use super::relative::Relative;
use super::root::{FOR_REMOVAL, Open, clear_readonly};

/// How many bytes of names are read at once.
const NAMES: usize = 64 << 10;

/// Opens what will be removed: a link, and not what it leads to.
pub(super) fn target(folder: BorrowedHandle<'_>, name: &Relative) -> io::Result<File> {
    nt::open(folder, name, FOR_REMOVAL)
}

/// Removes a file or an empty folder that is open for it, also one that is
/// read-only. It is gone when it is closed.
pub(super) fn remove(target: &File) -> io::Result<()> {
    match nt::delete(target) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            // What is told is why it could not be removed.
            let _ = clear_readonly(target);
            nt::delete(target)
        }
        other => other,
    }
}

/// A failure, and the names on the way from the root of the tree.
pub(super) type Failure = (Vec<OsString>, io::Error);

/// A folder whose children are being removed.
struct Level {
    name: OsString,
    folder: File,
    entries: Vec<Entry>,
}

/// What a folder says of something in it.
struct Entry {
    name: Vec<u16>,
    attributes: u32,
}

/// Removes a tree; gives the first failure.
pub(super) fn remove_all(folder: BorrowedHandle<'_>, name: &Relative) -> Result<(), Failure> {
    let mut levels: Vec<Level> = Vec::new();
    let mut first = None;
    let mut fail = |levels: &[Level], name: Option<OsString>, error: io::Error| {
        if error.kind() != io::ErrorKind::NotFound && first.is_none() {
            let below = levels.iter().skip(1).map(|level| level.name.clone());
            first = Some((below.chain(name).collect(), error));
        }
    };
    match begin(folder, name, 0) {
        Ok(level) => levels.extend(level),
        Err(error) => fail(&levels, None, error),
    }
    while let Some(level) = levels.last_mut() {
        let Some(Entry { name, attributes }) = level.entries.pop() else {
            // More may have come meanwhile; then it is not empty, and that is told.
            let emptied = remove(&level.folder);
            if let Err(error) = emptied {
                fail(&levels, None, error);
            }
            levels.pop();
            continue;
        };
        let begun = Relative::component(&name)
            .map_err(io::Error::other)
            .and_then(|name| begin(level.folder.as_handle(), &name, attributes));
        match begun {
            Ok(child) => levels.extend(child),
            Err(error) => fail(&levels, Some(OsString::from_wide(&name)), error),
        }
    }
    first.map_or(Ok(()), Err)
}

/// Removes what has no children; opens what may have some. `listed` are the
/// attributes that its folder tells.
fn begin(folder: BorrowedHandle<'_>, name: &Relative, listed: u32) -> io::Result<Option<Level>> {
    let target = target(folder, name)?;
    // Wine opens what a link of the system below leads to, but lists it as a link.
    if listed & FILE_ATTRIBUTE_REPARSE_POINT != 0 || !has_children(&target.metadata()?) {
        return remove(&target).map(|()| None);
    }
    drop(target);
    let how = Open {
        access: FILE_LIST_DIRECTORY | FILE_TRAVERSE | FOR_REMOVAL.access,
        options: FOR_REMOVAL.options | FILE_DIRECTORY_FILE,
        ..FOR_REMOVAL
    };
    let folder = nt::open(folder, name, how)?;
    // Somebody may have put a link in its place.
    if !has_children(&folder.metadata()?) {
        return remove(&folder).map(|()| None);
    }
    let entries = entries(&folder)?;
    Ok(Some(Level { name: name.to_path().into(), folder, entries }))
}

fn has_children(found: &Metadata) -> bool {
    const KIND: u32 = FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT;
    found.file_attributes() & KIND == FILE_ATTRIBUTE_DIRECTORY
}

/// What is in a folder.
fn entries(folder: &File) -> io::Result<Vec<Entry>> {
    // In words, so that the structures are where they may be.
    let mut buffer = vec![0u64; NAMES / size_of::<u64>()];
    let size = u32::try_from(NAMES).unwrap_or(u32::MAX);
    let mut entries = Vec::new();
    loop {
        // SAFETY: the folder is open, and the buffer has as many bytes as told.
        let done = unsafe {
            GetFileInformationByHandleEx(
                folder.as_raw_handle(),
                FileIdBothDirectoryInfo,
                buffer.as_mut_ptr().cast(),
                size,
            )
        };
        if done == 0 {
            let error = io::Error::last_os_error();
            let code = error.raw_os_error().and_then(|code| u32::try_from(code).ok());
            return if code == Some(ERROR_NO_MORE_FILES) { Ok(entries) } else { Err(error) };
        }
        let bytes: Vec<u8> = buffer.iter().flat_map(|word| word.to_ne_bytes()).collect();
        read(&bytes, &mut entries);
    }
}

/// Reads the structures that the system wrote one behind the other.
fn read(bytes: &[u8], entries: &mut Vec<Entry>) {
    const DOT: u16 = b'.' as u16;
    const NEXT: usize = offset_of!(FILE_ID_BOTH_DIR_INFO, NextEntryOffset);
    const ATTRIBUTES: usize = offset_of!(FILE_ID_BOTH_DIR_INFO, FileAttributes);
    const LENGTH: usize = offset_of!(FILE_ID_BOTH_DIR_INFO, FileNameLength);
    const NAME: usize = offset_of!(FILE_ID_BOTH_DIR_INFO, FileName);
    let mut at = 0;
    loop {
        let field = |offset| {
            let field = bytes.get(at + offset..)?.first_chunk()?;
            Some(u32::from_le_bytes(*field))
        };
        let size = |offset| usize::try_from(field(offset)?).ok();
        let name = || bytes.get(at + NAME..)?.get(..size(LENGTH)?);
        let (Some(name), Some(attributes)) = (name(), field(ATTRIBUTES)) else { return };
        let units = name.as_chunks::<2>().0.iter().copied().map(u16::from_le_bytes);
        let name: Vec<u16> = units.collect();
        if !matches!(name.as_slice(), [DOT] | [DOT, DOT]) {
            entries.push(Entry { name, attributes });
        }
        match size(NEXT) {
            None | Some(0) => return,
            Some(next) => at += next,
        }
    }
}
