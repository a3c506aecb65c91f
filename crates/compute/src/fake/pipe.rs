//! A pipe in memory. It holds any amount, so writing never waits.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Both ends of one pipe; a clone is another handle to them.
#[derive(Clone, Default)]
pub(super) struct Pipe(Arc<Mutex<Content>>);

#[derive(Default)]
struct Content {
    bytes: VecDeque<u8>,
    closed: bool,
    readers: Vec<Waker>,
}

impl Pipe {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds bytes for the reader. Fails once the pipe is closed.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut content = self.content();
        if content.closed {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        content.bytes.extend(bytes);
        content.wake();
        Ok(())
    }

    /// Ends the pipe: what is in it can still be read.
    pub(super) fn close(&self) {
        let mut content = self.content();
        content.closed = true;
        content.wake();
    }

    /// Ends the pipe and drops what is in it.
    pub(super) fn discard(&self) {
        self.content().bytes.clear();
        self.close();
    }

    /// Takes what is in the pipe, and whether it has been closed.
    pub(super) fn take(&self) -> (Vec<u8>, bool) {
        let mut content = self.content();
        (content.bytes.drain(..).collect(), content.closed)
    }
}

impl Content {
    fn wake(&mut self) {
        self.readers.drain(..).for_each(Waker::wake);
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut content = self.content();
        if content.bytes.is_empty() && !content.closed {
            content.readers.push(cx.waker().clone());
            return Poll::Pending;
        }
        let count = buffer.remaining().min(content.bytes.len());
        for byte in content.bytes.drain(..count) {
            buffer.put_slice(&[byte]);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write(bytes).map(|()| bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Gives this handle up; the pipe goes on, as [`crate::WritePipe`] says.
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
