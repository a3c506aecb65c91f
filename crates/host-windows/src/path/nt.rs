//! The kernel's own functions for files, which take a folder to begin at.

use std::fs::File;
use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};

use windows_sys::Wdk::Foundation::OBJECT_ATTRIBUTES;
use windows_sys::Wdk::Storage::FileSystem::{
    FILE_DISPOSITION_INFORMATION, FILE_INFORMATION_CLASS, FILE_LINK_INFORMATION,
    FILE_OPEN_FOR_BACKUP_INTENT, FILE_SYNCHRONOUS_IO_NONALERT, FileDispositionInformation,
    FileLinkInformation, NtCreateFile, NtSetInformationFile,
};
use windows_sys::Win32::Foundation::{
    NTSTATUS, OBJ_CASE_INSENSITIVE, OBJ_DONT_REPARSE, RtlNtStatusToDosError, UNICODE_STRING,
};
use windows_sys::Win32::Storage::FileSystem::SYNCHRONIZE;
use windows_sys::Win32::System::IO::IO_STATUS_BLOCK;

use super::relative::Relative;
use super::root::Open;
use crate::named_pipe::size_of_u32;

/// Opens or makes what has a name below a folder. Reparse points on the way are
/// refused; the last one is too, unless the options have
/// `FILE_OPEN_REPARSE_POINT`.
pub(super) fn open(folder: BorrowedHandle<'_>, name: &Relative, how: Open) -> io::Result<File> {
    let size = u16::try_from(size_of_val(name.units()));
    let size = size.map_err(|_| io::Error::from(io::ErrorKind::InvalidFilename))?;
    let text = UNICODE_STRING {
        Length: size,
        MaximumLength: size,
        // The kernel only reads it.
        Buffer: name.units().as_ptr().cast_mut(),
    };
    let attributes = OBJECT_ATTRIBUTES {
        Length: const { size_of_u32::<OBJECT_ATTRIBUTES>() },
        RootDirectory: folder.as_raw_handle(),
        ObjectName: &raw const text,
        Attributes: OBJ_CASE_INSENSITIVE | OBJ_DONT_REPARSE,
        ..OBJECT_ATTRIBUTES::default()
    };
    let mut handle = std::ptr::null_mut();
    let mut status = IO_STATUS_BLOCK::default();
    // SAFETY: the folder is open, the name and its structures live across the
    // call, which is done when it returns, and both results are our variables.
    check(unsafe {
        NtCreateFile(
            &raw mut handle,
            how.access | SYNCHRONIZE,
            &raw const attributes,
            &raw mut status,
            std::ptr::null(),
            how.attributes,
            how.share,
            how.disposition.number(),
            how.options | FILE_OPEN_FOR_BACKUP_INTENT | FILE_SYNCHRONOUS_IO_NONALERT,
            std::ptr::null(),
            0,
        )
    })?;
    // SAFETY: it was just made for us.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) }.into())
}

/// Makes what is open go when it is closed.
pub(super) fn delete(file: &File) -> io::Result<()> {
    let information = FILE_DISPOSITION_INFORMATION { DeleteFile: true };
    // SAFETY: this is the structure of this class.
    unsafe {
        set(
            file,
            FileDispositionInformation,
            (&raw const information).cast(),
            const { size_of_u32::<FILE_DISPOSITION_INFORMATION>() },
        )
    }
}

/// Gives an open file a further name: one component, right in a folder.
pub(super) fn link(file: &File, folder: BorrowedHandle<'_>, name: &Relative) -> io::Result<()> {
    const NAME: usize = std::mem::offset_of!(FILE_LINK_INFORMATION, FileName);
    let too_long = |_| io::Error::from(io::ErrorKind::InvalidFilename);
    let name = name.units();
    let size = (NAME + size_of_val(name)).max(size_of::<FILE_LINK_INFORMATION>());
    // In words, so that the structure is where it may be.
    let mut buffer = vec![0u64; size.div_ceil(size_of::<u64>())];
    let information: *mut FILE_LINK_INFORMATION = buffer.as_mut_ptr().cast();
    let length = u32::try_from(size_of_val(name)).map_err(too_long)?;
    // SAFETY: the buffer is aligned, has zeros, the structure and all of the
    // name behind its start.
    unsafe {
        (*information).RootDirectory = folder.as_raw_handle();
        (*information).FileNameLength = length;
        let to: *mut u16 = buffer.as_mut_ptr().cast::<u8>().add(NAME).cast();
        to.copy_from_nonoverlapping(name.as_ptr(), name.len());
    }
    let size = u32::try_from(size).map_err(too_long)?;
    // SAFETY: this is the structure of this class, and as long as is told.
    unsafe { set(file, FileLinkInformation, buffer.as_ptr().cast(), size) }
}

/// # Safety
/// The bytes are the structure of the class.
unsafe fn set(
    file: &File,
    class: FILE_INFORMATION_CLASS,
    bytes: *const u8,
    size: u32,
) -> io::Result<()> {
    let mut status = IO_STATUS_BLOCK::default();
    // SAFETY: the file is open, the bytes are as the caller says, and the call
    // is done when it returns.
    check(unsafe {
        NtSetInformationFile(file.as_raw_handle(), &raw mut status, bytes.cast(), size, class)
    })
}

fn check(status: NTSTATUS) -> io::Result<()> {
    if status == 0 {
        return Ok(());
    }
    // SAFETY: takes a number.
    let code = unsafe { RtlNtStatusToDosError(status) };
    Err(io::Error::from_raw_os_error(code.cast_signed()))
}
