//! The service's kinds of handles, and their registered callbacks.

use std::ffi::c_void;
use std::sync::{Arc, Weak};

use windows_sys::core::HRESULT;

use super::raw::{self, Notify};
use crate::callbacks::Registration;
use crate::dll::DllError;
use crate::failure::{Outcome, check};
use crate::handle::{Close, Handle, NoHandle};

/// A function that registers a callback.
type Register =
    unsafe fn(*mut c_void, Notify, *const c_void, *mut raw::Callback) -> Result<HRESULT, DllError>;

/// The functions for a kind of handle.
pub(super) struct Kind {
    close: Close,
    register: Register,
    unregister: unsafe fn(raw::Callback) -> Result<HRESULT, DllError>,
}

pub(super) static SYSTEM: Kind = Kind {
    close: close_system,
    register: raw::HcsRegisterComputeSystemCallback,
    unregister: raw::HcsUnregisterComputeSystemCallback,
};

pub(super) static PROCESS: Kind = Kind {
    close: close_process,
    register: raw::HcsRegisterProcessCallback,
    unregister: raw::HcsUnregisterProcessCallback,
};

unsafe fn close_system(system: *mut c_void) -> Outcome<()> {
    // SAFETY: the caller's word.
    check(unsafe { raw::HcsCloseComputeSystem(system) }, None)
}

unsafe fn close_process(process: *mut c_void) -> Outcome<()> {
    // SAFETY: the caller's word.
    check(unsafe { raw::HcsCloseProcess(process) }, None)
}

impl Kind {
    /// Takes a handle over, as soon as a call has given it.
    ///
    /// # Errors
    /// It is null.
    ///
    /// # Safety
    /// A handle that is not null is open, of this kind, and nobody else closes it.
    pub(super) unsafe fn own(&self, raw: *mut c_void) -> Result<Handle, NoHandle> {
        // SAFETY: the caller's word.
        unsafe { Handle::from_raw(raw, self.close) }
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
        if let Err(failure) = check(ended, None) {
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
        kind: &'static Kind,
        notify: Notify,
        registration: Registration<T>,
    ) -> Outcome<Self> {
        let mut raw = std::ptr::null_mut();
        // SAFETY: the handle is open; the callback is a function that knows its
        // context by number, so it may be called at any time.
        let called =
            unsafe { (kind.register)(handle.raw(), notify, registration.context(), &raw mut raw) };
        check(called, None)?;
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
