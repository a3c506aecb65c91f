//! Handles of the service, their registered callbacks, and who may use them.

use std::ffi::c_void;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::oneshot;
use windows_sys::core::HRESULT;

use super::answer::{self, Failure};
use super::raw::{self, Notify};
use crate::blocking::detach;
use crate::callbacks::Registration;
use crate::dll::DllError;
use crate::wide::CoTaskString;

/// A function that gives a handle back.
type Close = unsafe fn(*mut c_void) -> Result<HRESULT, DllError>;
/// A function that registers a callback.
type Register =
    unsafe fn(*mut c_void, Notify, *const c_void, *mut raw::Callback) -> Result<HRESULT, DllError>;

/// A handle to a compute system or a process, closed when dropped.
pub(super) struct Handle {
    raw: *mut c_void,
    kind: &'static Kind,
    /// Told what became of the close.
    closed: Option<oneshot::Sender<Result<(), Failure>>>,
}

// SAFETY: the service's handles belong to the process, not to a thread, and its
// functions may be called from several threads at once.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

/// The functions for a kind of handle.
pub(super) struct Kind {
    close: Close,
    register: Register,
    unregister: Close,
}

pub(super) static SYSTEM: Kind = Kind {
    close: raw::HcsCloseComputeSystem,
    register: raw::HcsRegisterComputeSystemCallback,
    unregister: raw::HcsUnregisterComputeSystemCallback,
};

pub(super) static PROCESS: Kind = Kind {
    close: raw::HcsCloseProcess,
    register: raw::HcsRegisterProcessCallback,
    unregister: raw::HcsUnregisterProcessCallback,
};

impl Handle {
    /// Takes a handle over, as soon as a call has given it.
    ///
    /// # Safety
    /// The handle is open, of this kind, and nobody else closes it.
    pub(super) unsafe fn from_raw(raw: *mut c_void, kind: &'static Kind) -> Self {
        Self { raw, kind, closed: None }
    }

    /// For a call. The handle is open as long as `self` is there.
    pub(super) fn raw(&self) -> *mut c_void {
        self.raw
    }

    /// Tells when the handle has been closed.
    fn when_closed(&mut self) -> oneshot::Receiver<Result<(), Failure>> {
        let (sender, receiver) = oneshot::channel();
        self.closed = Some(sender);
        receiver
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nobody has it any more.
        let closed = answer::check(unsafe { (self.kind.close)(self.raw) }, &CoTaskString::empty());
        if let Err(failure) = &closed {
            tracing::warn!(?failure, "a handle of the compute service was not closed");
        }
        if let Some(sender) = self.closed.take() {
            // Nobody has to listen.
            let _ = sender.send(closed);
        }
    }
}

/// A callback of a handle, unregistered when dropped.
struct Callback {
    raw: raw::Callback,
    kind: &'static Kind,
}

// SAFETY: as for `Handle`; nothing reads through it.
unsafe impl Send for Callback {}
// SAFETY: as above.
unsafe impl Sync for Callback {}

impl Drop for Callback {
    fn drop(&mut self) {
        // SAFETY: the callback is registered, and nobody has it any more. The
        // service waits for those that run, and they wait for nothing.
        let ended = unsafe { (self.kind.unregister)(self.raw) };
        if let Err(failure) = answer::check(ended, &CoTaskString::empty()) {
            tracing::warn!(?failure, "a callback of the compute service was not unregistered");
        }
    }
}

/// A handle whose notifications are heard. `T` is what hears them.
pub(super) struct Open<T: 'static> {
    // The order of the fields is that of their end.
    _callback: Callback,
    _registration: Registration<T>,
    handle: Arc<Handle>,
}

impl<T> Open<T> {
    /// Registers a callback whose context stands for the entry.
    pub(super) fn new(
        handle: Arc<Handle>,
        notify: Notify,
        registration: Registration<T>,
    ) -> Result<Self, Failure> {
        let kind = handle.kind;
        let mut raw = std::ptr::null_mut();
        // SAFETY: the handle is open; the callback is a function that knows its
        // context by number, so it may be called at any time.
        let called =
            unsafe { (kind.register)(handle.raw, notify, registration.context(), &raw mut raw) };
        answer::check(called, &CoTaskString::empty())?;
        Ok(Self { _callback: Callback { raw, kind }, _registration: registration, handle })
    }

    /// For a call.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// For a call later, which does not keep the handle open till then.
    pub(super) fn weak(&self) -> Weak<Handle> {
        Arc::downgrade(&self.handle)
    }
}

/// Something open that can be closed while others use it. Who uses it keeps it
/// open until done; nobody gets it after the close.
pub(super) struct Closable<T: Send + Sync + 'static>(Mutex<Option<Held<T>>>);

struct Held<T> {
    value: Arc<T>,
    closed: oneshot::Receiver<Result<(), Failure>>,
}

impl<T: Send + Sync> Closable<T> {
    /// `closed` is that of the handle in it.
    pub(super) fn new(value: Arc<T>, closed: Closed) -> Self {
        Self(Mutex::new(Some(Held { value, closed: closed.0 })))
    }

    /// The value; `None` after the close. It is to be dropped where it may block.
    pub(super) fn get(&self) -> Option<Arc<T>> {
        self.held().as_ref().map(|held| Arc::clone(&held.value))
    }

    /// Closes it and waits until the handle is closed, which is when the calls
    /// that use it are done. Nothing happens the second time.
    pub(super) async fn close(&self) -> Result<(), Failure> {
        let Some(Held { value, closed }) = self.held().take() else { return Ok(()) };
        detach(move || drop(value));
        match closed.await {
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
pub(super) struct Closed(oneshot::Receiver<Result<(), Failure>>);

impl Closed {
    /// Of a handle that nobody else has yet.
    pub(super) fn of(handle: &mut Handle) -> Self {
        Self(handle.when_closed())
    }
}
