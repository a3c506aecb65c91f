//! The server's end of a named pipe.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, IntoRawHandle, OwnedHandle};
use std::path::{Path, PathBuf};

use tokio::net::windows::named_pipe::NamedPipeServer;
use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, PIPE_ACCESS_DUPLEX,
};
use windows_sys::Win32::System::Pipes::{
    CreateNamedPipeW, PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE,
    PIPE_TYPE_MESSAGE, PIPE_UNLIMITED_INSTANCES, PIPE_WAIT,
};

use super::{Pipe, PipeError, SecurityDescriptor, checked, require_runtime};
use crate::wide::Wide;

/// What a pipe is made with.
#[derive(Debug, Clone)]
pub struct ListenOptions {
    /// Who may use the pipe, in the Security Descriptor Definition Language. The
    /// system's default lets administrators and the creator use it and everybody
    /// read.
    pub security_descriptor: Option<String>,
    /// Keep messages apart, which gives the pipe a half close.
    pub message_mode: bool,
    /// Bytes towards the server that the system keeps until they are read.
    pub input_buffer: u32,
    /// Bytes towards the client that the system keeps until they are read.
    pub output_buffer: u32,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self {
            security_descriptor: None,
            message_mode: false,
            input_buffer: 64 * 1024,
            output_buffer: 64 * 1024,
        }
    }
}

/// Makes a pipe and waits for clients of this machine on it.
///
/// # Errors
/// The path is not that of a pipe, the security descriptor is not one, or the
/// pipe exists: a second listener on one name is refused. A pipe is registered
/// with the runtime: outside of one it is an error.
pub fn listen(path: impl AsRef<Path>, options: &ListenOptions) -> Result<Listener, PipeError> {
    let path = checked(path.as_ref())?;
    let descriptor =
        options.security_descriptor.as_deref().map(SecurityDescriptor::parse).transpose()?;
    let mut listener = Listener {
        path: path.into(),
        options: options.clone(),
        descriptor,
        // Known only below; never used without it.
        next: None,
    };
    let first = listener.instance(true);
    listener.next = Some(first.map_err(|source| PipeError::Listen { path: path.into(), source })?);
    Ok(listener)
}

/// A named pipe that clients can dial, until it is dropped.
///
/// There is always one instance that no client has, so one client can connect
/// while nobody accepts; on Windows an instance can be connected to from the
/// moment it exists. A client that went away again is accepted too, and reads as
/// ended.
#[derive(Debug)]
pub struct Listener {
    path: PathBuf,
    options: ListenOptions,
    descriptor: Option<SecurityDescriptor>,
    /// The instance that the next client gets.
    next: Option<NamedPipeServer>,
}

impl Listener {
    /// The pipe.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for the next client. Nothing is lost when the future is dropped.
    ///
    /// # Errors
    /// The system could not wait, or could not make the instance for the client
    /// after this one; the listener can be used again.
    pub async fn accept(&mut self) -> Result<Pipe, PipeError> {
        let failed = |path: &Path, source| PipeError::Accept { path: path.into(), source };
        if self.next.is_none() {
            let instance = self.instance(false).map_err(|e| failed(&self.path, e))?;
            self.next = Some(instance);
        }
        if let Some(waiting) = &self.next {
            waiting.connect().await.map_err(|e| failed(&self.path, e))?;
        }
        // Made before the client leaves our hands, so that the name never goes.
        let next = self.instance(false).map_err(|e| failed(&self.path, e))?;
        match self.next.replace(next) {
            Some(server) => Ok(Pipe::from_server(server, self.options.message_mode)),
            None => Err(failed(&self.path, io::ErrorKind::NotConnected.into())),
        }
    }

    fn instance(&self, first: bool) -> io::Result<NamedPipeServer> {
        require_runtime()?;
        let kind = if self.options.message_mode { PIPE_TYPE_MESSAGE } else { PIPE_TYPE_BYTE };
        let handle = create_instance(
            &self.path,
            PIPE_ACCESS_DUPLEX | if first { FILE_FLAG_FIRST_PIPE_INSTANCE } else { 0 },
            kind,
            PIPE_UNLIMITED_INSTANCES,
            (self.options.output_buffer, self.options.input_buffer),
            self.descriptor.as_ref(),
        )?;
        register(handle)
    }
}

/// Makes an instance of a pipe that is read in byte mode and asynchronously.
pub(crate) fn create_instance(
    path: &Path,
    access: u32,
    kind: u32,
    instances: u32,
    (output_buffer, input_buffer): (u32, u32),
    descriptor: Option<&SecurityDescriptor>,
) -> io::Result<OwnedHandle> {
    let name = Wide::new(path).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
    let attributes = descriptor.map(SecurityDescriptor::attributes);
    // SAFETY: the name ends with a NUL; the attributes and what they point to
    // live across the call.
    let handle = unsafe {
        CreateNamedPipeW(
            name.as_ptr(),
            access | FILE_FLAG_OVERLAPPED,
            kind | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS,
            instances,
            output_buffer,
            input_buffer,
            0,
            attributes.as_ref().map_or(std::ptr::null(), std::ptr::from_ref),
        )
    };
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the handle was just made for us.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// Registers a server's handle with the runtime.
pub(crate) fn register(handle: OwnedHandle) -> io::Result<NamedPipeServer> {
    require_runtime()?;
    // SAFETY: it is an overlapped pipe server's handle.
    let server = unsafe { NamedPipeServer::from_raw_handle(handle.as_raw_handle()) }?;
    // It is the server's now.
    let _ = handle.into_raw_handle();
    Ok(server)
}
