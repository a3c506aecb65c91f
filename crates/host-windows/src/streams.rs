//! The streams of a process, as a handle to it has them.

use std::io;
use std::os::windows::io::{FromRawHandle, OwnedHandle};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use compute::{ReadPipe, Stdio};
use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};

use crate::pipe::Pipe;

/// The handles of a process's streams: stdin, stdout, stderr.
pub(crate) type StreamHandles = [Option<OwnedHandle>; 3];

/// Takes over the handles that the service gave with a call that went well; null
/// is none.
///
/// # Safety
/// They were just given to us, and to nobody else.
pub(crate) unsafe fn owned(handles: [HANDLE; 3]) -> StreamHandles {
    handles.map(|handle| {
        (!handle.is_null() && handle != INVALID_HANDLE_VALUE).then(|| {
            // SAFETY: the caller's word.
            unsafe { OwnedHandle::from_raw_handle(handle) }
        })
    })
}

/// The caller's ends of the pipes, once they are known. A closed one is gone.
pub(crate) struct Streams(Mutex<Option<[Option<Pipe>; 3]>>);

impl Streams {
    /// Those that came with a new process.
    pub(crate) fn given(handles: StreamHandles) -> io::Result<Self> {
        Ok(Self(Mutex::new(Some(pipes(handles)?))))
    }

    /// Those of a process that was opened: they come when they are asked for.
    pub(crate) fn unknown() -> Self {
        Self(Mutex::new(None))
    }

    pub(crate) fn are_known(&self) -> bool {
        self.pipes().is_some()
    }

    /// Takes what was asked for, unless somebody else was faster.
    pub(crate) fn learn(&self, handles: StreamHandles) -> io::Result<()> {
        let pipes = pipes(handles)?;
        self.pipes().get_or_insert(pipes);
        Ok(())
    }

    /// New handles to the same ends.
    pub(crate) fn stdio(&self) -> Stdio {
        let [stdin, stdout, stderr] = self.pipes().clone().unwrap_or_default();
        let reader = |pipe: Option<Pipe>| pipe.map(|pipe| Box::pin(pipe) as ReadPipe);
        Stdio {
            stdin: stdin.map(|pipe| Box::pin(pipe) as Pin<Box<_>>),
            stdout: reader(stdout),
            stderr: reader(stderr),
        }
    }

    /// Waits until what was written to stdin is in the pipe.
    pub(crate) async fn flush_stdin(&self) -> io::Result<()> {
        let stdin = self.pipes().as_ref().and_then(|[stdin, ..]| stdin.clone());
        match stdin {
            Some(stdin) => stdin.flushed().await,
            None => Ok(()),
        }
    }

    /// Closes one for all who have it: 0 is stdin, 1 stdout, 2 stderr.
    pub(crate) fn close(&self, stream: usize) {
        let pipe = self.pipes().as_mut().and_then(|pipes| pipes.get_mut(stream)?.take());
        if let Some(pipe) = pipe {
            pipe.close();
        }
    }

    fn pipes(&self) -> MutexGuard<'_, Option<[Option<Pipe>; 3]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pipes(handles: StreamHandles) -> io::Result<[Option<Pipe>; 3]> {
    let [stdin, stdout, stderr] = handles.map(|handle| handle.map(Pipe::from_handle).transpose());
    Ok([stdin?, stdout?, stderr?])
}
