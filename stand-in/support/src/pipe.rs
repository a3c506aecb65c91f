//! Named pipes.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use uuid::Uuid;
use windows_sys::Win32::Foundation::{
    ERROR_IO_PENDING, GENERIC_READ, GENERIC_WRITE, GetLastError, HANDLE, INVALID_HANDLE_VALUE,
    WAIT_OBJECT_0,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, OPEN_EXISTING,
    PIPE_ACCESS_DUPLEX, ReadFile, WriteFile,
};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::{
    CreateNamedPipeW, PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE, PIPE_WAIT,
};
use windows_sys::Win32::System::Threading::{
    CreateEventW, INFINITE, SetEvent, WaitForMultipleObjects,
};

use crate::wide;

/// How much a pipe holds, in bytes.
const CAPACITY: u32 = 64 << 10;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The caller writes.
    Input,
    /// The caller reads.
    Output,
}

/// The DLL's end of a pipe.
pub(crate) struct Pipe {
    handle: OwnedHandle,
    stopped: OwnedHandle,
}

impl Pipe {
    /// A pipe, and the caller's end of it: a handle for overlapped calls, not
    /// inherited by processes that the caller starts.
    pub(crate) fn new(direction: Direction) -> io::Result<(Self, OwnedHandle)> {
        // A pipe can only be made with a name. This one is not to be guessed, can
        // be connected once, and is connected when this function returns.
        let name = wide(&format!(r"\\.\pipe\hcsshim-stand-in-{}", Uuid::new_v4()));
        // The end that a caller only reads from is written to by us, and read to
        // learn that the caller has closed it.
        let open = PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE;
        let mode = PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
        // SAFETY: the name ends with a NUL; null is the default security.
        let server = unsafe {
            CreateNamedPipeW(name.as_ptr(), open, mode, 1, CAPACITY, CAPACITY, 0, null())
        };
        // SAFETY: the handle is new and nobody else's.
        let server = unsafe { owned(server) }?;
        let access = match direction {
            Direction::Input => GENERIC_WRITE,
            Direction::Output => GENERIC_READ,
        };
        // SAFETY: the name ends with a NUL; null is the default security.
        let client = unsafe {
            CreateFileW(
                name.as_ptr(),
                access,
                0,
                null(),
                OPEN_EXISTING,
                FILE_FLAG_OVERLAPPED,
                null_mut(),
            )
        };
        // SAFETY: the handle is new and nobody else's.
        let client = unsafe { owned(client) }?;
        Ok((Self { handle: server, stopped: event()? }, client))
    }

    /// Reads what is there, or waits for it. A write of nothing gives nothing.
    ///
    /// # Errors
    /// The caller has closed its end, or the pipe is stopped.
    pub(crate) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = u32::try_from(buffer.len()).unwrap_or(u32::MAX);
        self.overlapped(|handle, overlapped| {
            // SAFETY: the buffer has this length, and it and the structure stay
            // until the call is done, which `overlapped` waits for.
            unsafe { ReadFile(handle, buffer.as_mut_ptr(), length, null_mut(), overlapped) }
        })
    }

    /// Writes all.
    ///
    /// # Errors
    /// The caller has closed its end, or the pipe is stopped.
    pub(crate) fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            let written = self.overlapped(|handle, overlapped| {
                // SAFETY: as for a read.
                unsafe { WriteFile(handle, bytes.as_ptr(), length, null_mut(), overlapped) }
            })?;
            bytes = bytes.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    /// Ends the reads and writes that wait, and all that come. What was written
    /// stays to be read.
    pub(crate) fn stop(&self) {
        // SAFETY: the event is ours.
        unsafe { SetEvent(self.stopped.as_raw_handle()) };
    }

    /// Starts a call and waits until it is done, or cancels it when the pipe is
    /// stopped.
    fn overlapped(&self, start: impl FnOnce(HANDLE, *mut OVERLAPPED) -> i32) -> io::Result<usize> {
        let done = event()?;
        let mut overlapped = OVERLAPPED { hEvent: done.as_raw_handle(), ..OVERLAPPED::default() };
        let handle = self.handle.as_raw_handle();
        let started = start(handle, &raw mut overlapped);
        // SAFETY: no arguments.
        if started == 0 && unsafe { GetLastError() } != ERROR_IO_PENDING {
            return Err(io::Error::last_os_error());
        }
        let events = [done.as_raw_handle(), self.stopped.as_raw_handle()];
        // SAFETY: both events are open.
        let first = unsafe { WaitForMultipleObjects(2, events.as_ptr(), 0, INFINITE) };
        if first != WAIT_OBJECT_0 {
            // SAFETY: the call was started on this handle. One that is done
            // already is not cancelled, and its result counts.
            unsafe { CancelIoEx(handle, &raw const overlapped) };
        }
        let mut length = 0;
        // SAFETY: the call was started on this handle with this structure.
        if unsafe { GetOverlappedResult(handle, &raw const overlapped, &raw mut length, 1) } == 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(usize::try_from(length).unwrap_or(usize::MAX))
    }
}

/// An event that stays set.
fn event() -> io::Result<OwnedHandle> {
    // SAFETY: null is the default security, and no name.
    let event = unsafe { CreateEventW(null(), 1, 0, null()) };
    // SAFETY: the handle is new and nobody else's.
    unsafe { owned(event) }
}

/// # Safety
/// The handle is nobody else's, or is none.
unsafe fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() || handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: it is a handle, and by this function's contract ours.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}
