//! A process that somebody started.

use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::{WAIT_OBJECT_0, WAIT_TIMEOUT};
use windows_sys::Win32::System::Threading::{
    GetExitCodeProcess, OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE,
    PROCESS_TERMINATE, TerminateProcess, WaitForSingleObject,
};

use super::{ExecError, wait};

/// A process, kept known to the system while this lives: its id is not used
/// again and its exit code can be asked for.
#[derive(Debug)]
pub struct Process {
    handle: OwnedHandle,
    pid: u32,
}

impl Process {
    pub(super) fn new(handle: OwnedHandle, pid: u32) -> Self {
        Self { handle, pid }
    }

    /// The process of this id, to be waited for and ended. It may be one that
    /// has ended, if somebody holds it.
    ///
    /// # Errors
    /// There is no such process, or it is not ours to end.
    pub fn open(pid: u32) -> Result<Self, ExecError> {
        let access = PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_SYNCHRONIZE | PROCESS_TERMINATE;
        // SAFETY: no pointers.
        let handle = unsafe { OpenProcess(access, 0, pid) };
        if handle.is_null() {
            let source = io::Error::last_os_error();
            return Err(ExecError::Process { operation: "open", pid, source });
        }
        // SAFETY: the handle was just made for us.
        Ok(Self { handle: unsafe { OwnedHandle::from_raw_handle(handle) }, pid })
    }

    /// Its id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for its end and gives its exit code. No thread waits for it.
    ///
    /// # Errors
    /// The system cannot wait.
    pub async fn wait(&self) -> Result<u32, ExecError> {
        wait::signalled(self.as_handle()).await.map_err(|e| self.failed("wait for", e))?;
        self.read_exit_code()
    }

    /// Its exit code; `None` while it runs.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn exit_code(&self) -> Result<Option<u32>, ExecError> {
        // SAFETY: the handle is open. A code alone does not say that a process
        // has ended: 259 means both.
        match unsafe { WaitForSingleObject(self.handle.as_raw_handle(), 0) } {
            WAIT_OBJECT_0 => self.read_exit_code().map(Some),
            WAIT_TIMEOUT => Ok(None),
            _ => Err(self.failed("ask", io::Error::last_os_error())),
        }
    }

    /// Ends it with this exit code. One that has ended keeps its own.
    ///
    /// # Errors
    /// The system refuses.
    pub fn kill(&self, exit_code: u32) -> Result<(), ExecError> {
        // SAFETY: the handle is open.
        if unsafe { TerminateProcess(self.handle.as_raw_handle(), exit_code) } != 0 {
            return Ok(());
        }
        let source = io::Error::last_os_error();
        // That is what the system says of one that has ended.
        match self.exit_code() {
            Ok(Some(_)) => Ok(()),
            _ => Err(self.failed("end", source)),
        }
    }

    fn read_exit_code(&self) -> Result<u32, ExecError> {
        let mut code = 0;
        // SAFETY: the handle is open and the code goes to our variable.
        if unsafe { GetExitCodeProcess(self.handle.as_raw_handle(), &raw mut code) } == 0 {
            return Err(self.failed("ask for the exit code of", io::Error::last_os_error()));
        }
        Ok(code)
    }

    fn failed(&self, operation: &'static str, source: io::Error) -> ExecError {
        ExecError::Process { operation, pid: self.pid, source }
    }
}

impl AsHandle for Process {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.handle.as_handle()
    }
}
