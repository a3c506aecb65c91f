//! Pseudo consoles: a terminal whose screen and keyboard are pipes.

use std::io;
use std::os::windows::io::OwnedHandle;
use std::sync::Arc;

use windows_sys::Win32::Foundation::{HANDLE, S_OK};
use windows_sys::Win32::System::Console::{COORD, HPCON};
use windows_sys::core::HRESULT;

use crate::dll::{DllError, Library, imports};
use crate::exec::stdio::{ChildEnd, pair};
use crate::named_pipe::{Pipe, register};

static KERNEL32: Library = Library::new("kernel32.dll");

imports! { KERNEL32 {
    fn CreatePseudoConsole(size: COORD, input: HANDLE, output: HANDLE, flags: u32, console: *mut HPCON) -> HRESULT;
    fn ResizePseudoConsole(console: HPCON, size: COORD) -> HRESULT;
    fn ClosePseudoConsole(console: HPCON);
} }

/// What [`ConsoleError`] says was tried.
const CREATE: &str = "create";

/// Why a pseudo console could not be made or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsoleError {
    /// This Windows has none.
    #[error("failed to {operation} a pseudo console: it needs Windows 10 version 1809 or later")]
    Unsupported {
        /// What was tried.
        operation: &'static str,
        /// What is missing.
        #[source]
        source: DllError,
    },
    /// The system refused.
    #[error("failed to {operation} a pseudo console of {columns} columns and {rows} rows")]
    Failed {
        /// What was tried.
        operation: &'static str,
        /// Its width.
        columns: u16,
        /// Its height.
        rows: u16,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A pseudo console, closed when dropped: its processes are then told to end, as
/// when a terminal's window is closed.
///
/// Closing waits, before Windows 11 version 24H2, until the last of the screen
/// has been read or its pipe is closed; a thread of its own does that.
#[derive(Debug)]
pub struct PseudoConsole(HPCON);

/// A pseudo console with the caller's ends of its pipes.
#[derive(Debug)]
pub struct Terminal {
    /// The console, for [`exec::Command::console`](crate::exec::Command).
    pub console: Arc<PseudoConsole>,
    /// The keyboard.
    pub input: Pipe,
    /// The screen, as text with VT sequences. It ends when the console is closed,
    /// not when its last process has ended.
    pub output: Pipe,
}

impl Terminal {
    /// Makes a pseudo console of this size, in characters.
    ///
    /// # Errors
    /// This Windows has none, or refuses the size. A pipe is registered with the
    /// runtime: outside of one it is an error.
    pub fn new(columns: u16, rows: u16) -> Result<Self, ConsoleError> {
        let failed = |source| ConsoleError::Failed { operation: CREATE, columns, rows, source };
        let (console, input, output) = PseudoConsole::with_pipes(columns, rows)?;
        let pipe = |handle| Ok(Pipe::from_server(register(handle)?, false));
        let (input, output) = (pipe(input).map_err(failed)?, pipe(output).map_err(failed)?);
        Ok(Self { console, input, output })
    }
}

impl PseudoConsole {
    /// A pseudo console, and our ends of its keyboard and its screen, for overlapped use.
    ///
    /// # Errors
    /// This Windows has none, or refuses the size.
    pub(crate) fn with_pipes(
        columns: u16,
        rows: u16,
    ) -> Result<(Arc<Self>, OwnedHandle, OwnedHandle), ConsoleError> {
        let failed = |source| ConsoleError::Failed { operation: CREATE, columns, rows, source };
        let size = size(columns, rows).map_err(failed)?;
        let (input, their_input) = pair(ChildEnd::Reads, false).map_err(failed)?;
        let (output, their_output) = pair(ChildEnd::Writes, false).map_err(failed)?;
        let mut console: HPCON = 0;
        use std::os::windows::io::AsRawHandle;
        // SAFETY: the handles are open; the console has duplicates of its own
        // when the call returns.
        let result = unsafe {
            CreatePseudoConsole(
                size,
                their_input.as_raw_handle(),
                their_output.as_raw_handle(),
                0,
                &raw mut console,
            )
        };
        check(CREATE, result, failed)?;
        Ok((Arc::new(Self(console)), input, output))
    }

    /// Changes its size, in characters.
    ///
    /// # Errors
    /// The system refuses the size.
    pub fn resize(&self, columns: u16, rows: u16) -> Result<(), ConsoleError> {
        const RESIZE: &str = "resize";
        let failed = |source| ConsoleError::Failed { operation: RESIZE, columns, rows, source };
        let size = size(columns, rows).map_err(failed)?;
        // SAFETY: the console is open.
        check(RESIZE, unsafe { ResizePseudoConsole(self.0, size) }, failed)
    }

    pub(crate) fn raw(&self) -> HPCON {
        self.0
    }
}

impl Drop for PseudoConsole {
    fn drop(&mut self) {
        let console = self.0;
        // SAFETY: the console is ours and is not used any more.
        let close = move || drop(unsafe { ClosePseudoConsole(console) });
        // Without a thread it has to be done here.
        if std::thread::Builder::new().name("conpty-close".into()).spawn(close).is_err() {
            close();
        }
    }
}

/// Windows counts characters in signed numbers.
fn size(columns: u16, rows: u16) -> io::Result<COORD> {
    match (i16::try_from(columns), i16::try_from(rows)) {
        (Ok(x @ 1..), Ok(y @ 1..)) => Ok(COORD { X: x, Y: y }),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "both must be from 1 to 32767")),
    }
}

fn check(
    operation: &'static str,
    result: Result<HRESULT, DllError>,
    failed: impl FnOnce(io::Error) -> ConsoleError,
) -> Result<(), ConsoleError> {
    match result {
        Ok(S_OK) => Ok(()),
        Ok(code) => Err(failed(io::Error::from_raw_os_error(code))),
        Err(source) => Err(ConsoleError::Unsupported { operation, source }),
    }
}

#[cfg(test)]
mod tests;
