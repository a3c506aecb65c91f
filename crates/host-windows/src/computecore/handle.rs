//! The service's kinds of handles, and whose ears their events reach.

use std::ffi::c_void;
use std::sync::Arc;

use windows_sys::Win32::System::HostComputeSystem::{
    HCS_EVENT_CALLBACK, HCS_EVENT_OPTIONS, HcsEventOptionNone,
};
use windows_sys::core::HRESULT;

use super::raw;
use crate::blocking::detach;
use crate::callbacks::{Registration, Registry};
use crate::dll::DllError;
use crate::failure::{Failure, Outcome, check};
use crate::handle::{Close, Closed, Handle, NoHandle};

/// A function that has events go to a callback.
type SetCallback = unsafe fn(
    *mut c_void,
    HCS_EVENT_OPTIONS,
    *const c_void,
    HCS_EVENT_CALLBACK,
) -> Result<HRESULT, DllError>;

/// The functions for a kind of handle.
pub(super) struct Kind {
    close: Close,
    set_callback: SetCallback,
}

pub(super) static SYSTEM: Kind =
    Kind { close: close_system, set_callback: raw::HcsSetComputeSystemCallback };

pub(super) static PROCESS: Kind =
    Kind { close: close_process, set_callback: raw::HcsSetProcessCallback };

unsafe fn close_system(system: *mut c_void) -> Outcome<()> {
    // SAFETY: the caller's word.
    Ok(unsafe { raw::HcsCloseComputeSystem(system) }?)
}

unsafe fn close_process(process: *mut c_void) -> Outcome<()> {
    // SAFETY: the caller's word.
    Ok(unsafe { raw::HcsCloseProcess(process) }?)
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

/// A handle whose events are heard. `T` is what hears them.
pub(super) struct Open<T: 'static> {
    // First to go: what comes while the handle is closed is ignored.
    _registration: Registration<T>,
    handle: Handle,
}

impl<T> Open<T> {
    /// Has the events of what the handle is to go to the ear.
    ///
    /// # Errors
    /// With the handle, which nobody hears.
    pub(super) fn new(
        mut handle: Handle,
        kind: &Kind,
        registry: &'static Registry<T>,
        ear: Arc<T>,
        callback: HCS_EVENT_CALLBACK,
    ) -> Result<(Self, Closed), (Failure, Handle)> {
        let closed = Closed::of(&mut handle);
        let registration = registry.register(ear);
        let (raw, context) = (handle.raw(), registration.context());
        // SAFETY: the handle is open; the callback is a function that knows its
        // context by number, so it may be called at any time.
        let called = unsafe { (kind.set_callback)(raw, HcsEventOptionNone, context, callback) };
        match check(called, None) {
            Ok(()) => Ok((Self { _registration: registration, handle }, closed)),
            Err(failure) => Err((failure, handle)),
        }
    }

    /// For a call.
    pub(super) fn raw(&self) -> *mut c_void {
        self.handle.raw()
    }
}

/// Keeps a handle open during a call. Its last user closes it, which may block,
/// and does so elsewhere.
pub(super) struct InUse<T: Send + Sync + 'static>(Option<Arc<T>>);

impl<T: Send + Sync> InUse<T> {
    pub(super) fn new(value: Arc<T>) -> Self {
        Self(Some(value))
    }
}

impl<T: Send + Sync> Drop for InUse<T> {
    fn drop(&mut self) {
        if let Some(last) = self.0.take().and_then(Arc::into_inner) {
            detach(move || drop(last));
        }
    }
}
