//! Streams over the pipe handles that the service gives out.

use std::fmt;
use std::io;
use std::os::windows::io::{IntoRawHandle, OwnedHandle};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::windows::named_pipe::NamedPipeClient;
use windows_sys::Win32::Foundation::{
    ERROR_BROKEN_PIPE, ERROR_HANDLE_EOF, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED,
};

/// An end of a pipe, for a handle that was opened for overlapped use, as the
/// handles of a process's streams are.
///
/// A clone is the same end: what one reads the others do not, and
/// [`Pipe::close`] closes it for all. The handle is closed with the last clone.
///
/// A read gives every byte that was written, also after the other end is gone,
/// and then end of file. A write takes all of its bytes at once and delivers
/// them in the background, also when it, or the pipe, is dropped then; flushing
/// waits until they are in the pipe. A read that is dropped takes no byte.
#[derive(Clone)]
pub struct Pipe(Arc<Shared>);

struct Shared {
    /// `None` once it is closed.
    client: Mutex<Option<NamedPipeClient>>,
    readers: Arc<Waiters>,
    writers: Arc<Waiters>,
}

impl Pipe {
    /// Takes a handle over. It has to be one that nothing has read or written
    /// by overlapped operations before.
    ///
    /// # Errors
    /// The handle is not one of an overlapped pipe, or this is not called within
    /// a tokio runtime that has input and output enabled.
    pub fn from_handle(handle: OwnedHandle) -> io::Result<Self> {
        // tokio panics without a runtime.
        tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        // SAFETY: the handle is ours, and now the client's.
        let client = unsafe { NamedPipeClient::from_raw_handle(handle.into_raw_handle()) }?;
        Ok(Self(Arc::new(Shared {
            client: Mutex::new(Some(client)),
            readers: Arc::default(),
            writers: Arc::default(),
        })))
    }

    /// Closes the handle, for all clones. Reads give end of file from now on,
    /// writes fail; what is on its way is delivered, what is unread is lost.
    pub fn close(&self) {
        let client = self.client().take();
        drop(client);
        self.0.readers.wake_all();
        self.0.writers.wake_all();
    }

    /// Waits until all that was written is in the pipe or can no longer get there.
    pub async fn flushed(&self) -> io::Result<()> {
        std::future::poll_fn(|cx| self.poll_flushed(cx)).await
    }

    fn client(&self) -> MutexGuard<'_, Option<NamedPipeClient>> {
        self.0.client.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_flushed(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &*self.client() {
            // Writable means that no write is under way: see `write_once`.
            Some(client) => self.0.writers.poll(cx, |cx| client.poll_write_ready(cx)),
            None => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let guard = self.client();
        let Some(client) = &*guard else { return Poll::Ready(Ok(())) };
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            match client.try_read(buffer.initialize_unfilled()) {
                Ok(count) => {
                    buffer.advance(count);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if is_end(&error) => return Poll::Ready(Ok(())),
                Err(error) => return Poll::Ready(Err(error)),
            }
            ready!(self.0.readers.poll(cx, |cx| client.poll_read_ready(cx)))?;
        }
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let guard = self.client();
        let Some(client) = &*guard else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        // A write of nothing would end the input of some readers.
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        loop {
            match write_once(client, bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return Poll::Ready(outcome),
            }
            ready!(self.0.writers.poll(cx, |cx| client.poll_write_ready(cx)))?;
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flushed(cx)
    }

    /// Flushes; the pipe goes on, as [`compute::WritePipe`] says.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flushed(cx)
    }
}

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pipe").field(&*self.client()).finish()
    }
}

/// Begins a write, which fails with `WouldBlock` while another is under way, and
/// leaves the client not writable until it is done.
///
/// tokio itself would go on saying writable until the next write that has to
/// wait, and flushing could wait for nothing. The outer `try_io` notes the state,
/// then the write begins, then "would block" takes the noted state back, unless
/// the write has ended in between and set a newer one.
fn write_once(client: &NamedPipeClient, bytes: &[u8]) -> io::Result<usize> {
    let mut outcome = Err(io::ErrorKind::WouldBlock.into());
    let noted: io::Result<()> = client.try_io(Interest::WRITABLE, || {
        outcome = client.try_write(bytes);
        match &outcome {
            Ok(_) => Err(io::ErrorKind::WouldBlock.into()),
            Err(_) => Ok(()),
        }
    });
    debug_assert!(noted.is_ok() || !matches!(outcome, Err(ref e) if !would_block(e)));
    outcome
}

fn would_block(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// Whether a failed read means that nothing will come any more.
fn is_end(error: &io::Error) -> bool {
    const ENDS: [u32; 4] =
        [ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED, ERROR_HANDLE_EOF];
    error
        .raw_os_error()
        .and_then(|code| u32::try_from(code).ok())
        .is_some_and(|code| ENDS.contains(&code))
}

/// All who wait in one direction. tokio remembers but one of them.
#[derive(Default)]
struct Waiters(Mutex<Vec<Waker>>);

impl Waiters {
    /// Polls on behalf of all who wait.
    fn poll<T>(
        self: &Arc<Self>,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        {
            let mut wakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if !wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
                wakers.push(cx.waker().clone());
            }
        }
        poll(&mut Context::from_waker(&Waker::from(Arc::clone(self))))
    }

    fn wake_all(&self) {
        let wakers = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        wakers.into_iter().for_each(Waker::wake);
    }
}

impl Wake for Waiters {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_all();
    }
}
