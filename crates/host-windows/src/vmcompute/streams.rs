//! The streams of a process, as a handle to it has them.

use std::io;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use compute::{ReadPipe, Stdio};

use super::process_calls::StreamHandles;
use crate::pipe::Pipe;

/// The caller's ends of the pipes, once they are known. A closed one is gone.
pub(super) struct Streams(Mutex<Option<[Option<Pipe>; 3]>>);

impl Streams {
    /// Those that came with a new process.
    pub(super) fn given(handles: StreamHandles) -> io::Result<Self> {
        Ok(Self(Mutex::new(Some(pipes(handles)?))))
    }

    /// Those of a process that was opened: they come when they are asked for.
    pub(super) fn unknown() -> Self {
        Self(Mutex::new(None))
    }

    pub(super) fn are_known(&self) -> bool {
        self.pipes().is_some()
    }

    /// Takes what was asked for, unless somebody else was faster.
    pub(super) fn learn(&self, handles: StreamHandles) -> io::Result<()> {
        let pipes = pipes(handles)?;
        self.pipes().get_or_insert(pipes);
        Ok(())
    }

    /// New handles to the same ends.
    pub(super) fn stdio(&self) -> Stdio {
        let [stdin, stdout, stderr] = self.pipes().clone().unwrap_or_default();
        let reader = |pipe: Option<Pipe>| pipe.map(|pipe| Box::pin(pipe) as ReadPipe);
        Stdio {
            stdin: stdin.map(|pipe| Box::pin(pipe) as Pin<Box<_>>),
            stdout: reader(stdout),
            stderr: reader(stderr),
        }
    }

    /// Waits until what was written to stdin is in the pipe.
    pub(super) async fn flush_stdin(&self) -> io::Result<()> {
        let stdin = self.pipes().as_ref().and_then(|[stdin, ..]| stdin.clone());
        match stdin {
            Some(stdin) => stdin.flushed().await,
            None => Ok(()),
        }
    }

    /// Closes one for all who have it: 0 is stdin, 1 stdout, 2 stderr.
    pub(super) fn close(&self, stream: usize) {
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
