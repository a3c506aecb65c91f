//! Handles of the compute service, and who may use them.

use std::ffi::c_void;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::blocking::detach;
use crate::failure::Outcome;

/// A function that gives a handle back.
pub(crate) type Close = unsafe fn(*mut c_void) -> Outcome<()>;

/// A handle to a compute system or a process, closed when dropped.
#[derive(Debug)]
pub(crate) struct Handle {
    raw: *mut c_void,
    close: Close,
    /// Told what became of the close.
    closed: Option<oneshot::Sender<Outcome<()>>>,
}

// SAFETY: the service's handles belong to the process, not to a thread, and its
// functions may be called from several threads at once.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

/// A call that went well, and did not give what it is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the service said that all went well, but gave no handle")]
pub(crate) struct NoHandle;

impl Handle {
    /// Takes a handle over, as soon as a call has given it.
    ///
    /// # Errors
    /// It is null.
    ///
    /// # Safety
    /// A handle that is not null is open, is closed by this function, and nobody
    /// else closes it.
    pub(crate) unsafe fn from_raw(raw: *mut c_void, close: Close) -> Result<Self, NoHandle> {
        if raw.is_null() { Err(NoHandle) } else { Ok(Self { raw, close, closed: None }) }
    }

    /// For a call. The handle is open as long as `self` is there.
    pub(crate) fn raw(&self) -> *mut c_void {
        self.raw
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nobody has it any more.
        let closed = unsafe { (self.close)(self.raw) };
        if let Err(failure) = &closed {
            tracing::warn!(?failure, "a handle of the compute service was not closed");
        }
        if let Some(sender) = self.closed.take() {
            // Nobody has to listen.
            let _ = sender.send(closed);
        }
    }
}

/// Something open that can be closed while others use it. Who uses it keeps it
/// open until done; nobody gets it after the close.
#[derive(Debug)]
pub(crate) struct Closable<T: Send + Sync + 'static>(Mutex<Option<Held<T>>>);

#[derive(Debug)]
struct Held<T> {
    value: Arc<T>,
    closed: Closed,
}

impl<T: Send + Sync> Closable<T> {
    /// `closed` is that of the handle in it.
    pub(crate) fn new(value: Arc<T>, closed: Closed) -> Self {
        Self(Mutex::new(Some(Held { value, closed })))
    }

    /// The value; `None` after the close. It is to be dropped where it may block.
    pub(crate) fn get(&self) -> Option<Arc<T>> {
        self.held().as_ref().map(|held| Arc::clone(&held.value))
    }

    /// Closes it and waits until the handle is closed, which is when the calls
    /// that use it are done. Nothing happens the second time.
    pub(crate) async fn close(&self) -> Outcome<()> {
        let Some(Held { value, closed }) = self.held().take() else { return Ok(()) };
        detach(move || drop(value));
        match closed.0.await {
            Ok(outcome) => outcome,
            // The handle is gone without a word: the runtime is ending.
            Err(_) => Ok(()),
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<Held<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send + Sync> Drop for Closable<T> {
    fn drop(&mut self) {
        let held = self.0.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Held { value, .. }) = held {
            detach(move || drop(value));
        }
    }
}

/// Tells a [`Closable`] when its handle has been closed.
#[derive(Debug)]
pub(crate) struct Closed(oneshot::Receiver<Outcome<()>>);

impl Closed {
    /// Of a handle that nobody else has yet.
    pub(crate) fn of(handle: &mut Handle) -> Self {
        let (sender, receiver) = oneshot::channel();
        handle.closed = Some(sender);
        Self(receiver)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_handle_is_an_error_and_is_not_closed() {
        unsafe fn close(_: *mut c_void) -> Outcome<()> {
            panic!("there is nothing to close")
        }
        // SAFETY: null may be given.
        let handle = unsafe { Handle::from_raw(std::ptr::null_mut(), close) };
        assert_eq!(handle.unwrap_err(), NoHandle);
    }
}
