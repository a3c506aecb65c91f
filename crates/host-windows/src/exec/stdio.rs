//! The three streams of a new process.

use std::io;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle, RawHandle};

use windows_sys::Win32::Foundation::{
    DUPLICATE_SAME_ACCESS, DuplicateHandle, GENERIC_READ, GENERIC_WRITE, INVALID_HANDLE_VALUE,
};
use windows_sys::Win32::Security::SECURITY_ATTRIBUTES;
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_FIRST_PIPE_INSTANCE, OPEN_EXISTING, PIPE_ACCESS_INBOUND,
    PIPE_ACCESS_OUTBOUND,
};
use windows_sys::Win32::System::Pipes::PIPE_TYPE_BYTE;
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use crate::named_pipe::{Pipe, create_instance, local, register, size_of_u32};
use crate::wide::Wide;

/// Where a stream of a new process goes.
#[derive(Debug, Clone, Copy, Default)]
pub enum Stdio<'a> {
    /// Nowhere: the process has no such handle.
    #[default]
    None,
    /// To a pipe whose other end is the caller's.
    Piped,
    /// To this file or pipe; the process gets a duplicate.
    Handle(BorrowedHandle<'a>),
}

/// Whose end of a pipe the child gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChildEnd {
    Reads,
    Writes,
}

/// The child's ends, which it inherits and we close once it has them.
pub(super) struct ChildEnds([Option<OwnedHandle>; 3]);

impl ChildEnds {
    /// One for each stream; null where there is none.
    pub(super) fn raw(&self) -> [RawHandle; 3] {
        self.0
            .each_ref()
            .map(|end| end.as_ref().map_or(std::ptr::null_mut(), AsRawHandle::as_raw_handle))
    }

    pub(super) fn inherited(&self) -> Vec<RawHandle> {
        self.0.iter().flatten().map(AsRawHandle::as_raw_handle).collect()
    }
}

/// Makes both ends of the three streams.
pub(super) fn make(streams: [&Stdio<'_>; 3]) -> io::Result<([Option<Pipe>; 3], ChildEnds)> {
    let mut ours = [const { None }; 3];
    let mut theirs = [const { None }; 3];
    for (at, stream) in streams.into_iter().enumerate() {
        match stream {
            Stdio::None => {}
            Stdio::Piped => {
                let end = if at == 0 { ChildEnd::Reads } else { ChildEnd::Writes };
                let (our, their) = pipe(end, true)?;
                (ours[at], theirs[at]) = (Some(our), Some(their));
            }
            Stdio::Handle(handle) => theirs[at] = Some(inheritable(*handle)?),
        }
    }
    Ok((ours, ChildEnds(theirs)))
}

/// A pipe of one direction: ours is asynchronous and theirs is not, as programs
/// expect of their stdio. Anonymous pipes are synchronous at both ends.
pub(crate) fn pipe(end: ChildEnd, inheritable: bool) -> io::Result<(Pipe, OwnedHandle)> {
    let (ours, theirs) = pair(end, inheritable)?;
    Ok((Pipe::from_server(register(ours)?, false), theirs))
}

/// The same as handles: ours is for overlapped use.
pub(crate) fn pair(end: ChildEnd, inheritable: bool) -> io::Result<(OwnedHandle, OwnedHandle)> {
    const BUFFER: u32 = 64 * 1024;
    let path = local(&format!("host-windows.{}", uuid::Uuid::new_v4()));
    let (ours, theirs) = match end {
        ChildEnd::Reads => (PIPE_ACCESS_OUTBOUND, GENERIC_READ),
        ChildEnd::Writes => (PIPE_ACCESS_INBOUND, GENERIC_WRITE),
    };
    let server = create_instance(
        &path,
        ours | FILE_FLAG_FIRST_PIPE_INSTANCE,
        PIPE_TYPE_BYTE,
        1,
        (BUFFER, BUFFER),
        None,
    )?;
    let name = Wide::new(&path).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
    let attributes = SECURITY_ATTRIBUTES {
        nLength: const { size_of_u32::<SECURITY_ATTRIBUTES>() },
        lpSecurityDescriptor: std::ptr::null_mut(),
        bInheritHandle: i32::from(inheritable),
    };
    // SAFETY: the name ends with a NUL, and the attributes live across the call.
    let client = unsafe {
        CreateFileW(
            name.as_ptr(),
            theirs,
            0,
            &raw const attributes,
            OPEN_EXISTING,
            0,
            std::ptr::null_mut(),
        )
    };
    if client == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the handle was just made for us.
    Ok((server, unsafe { OwnedHandle::from_raw_handle(client) }))
}

fn inheritable(handle: BorrowedHandle<'_>) -> io::Result<OwnedHandle> {
    let mut duplicate = std::ptr::null_mut();
    // SAFETY: the handle is open, and its duplicate goes to our variable.
    let done = unsafe {
        DuplicateHandle(
            GetCurrentProcess(),
            handle.as_raw_handle(),
            GetCurrentProcess(),
            &raw mut duplicate,
            0,
            1,
            DUPLICATE_SAME_ACCESS,
        )
    };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the duplicate is ours.
    Ok(unsafe { OwnedHandle::from_raw_handle(duplicate) })
}
