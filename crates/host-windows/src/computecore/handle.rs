//! Handles that are owned.

use std::ffi::c_void;
use std::os::windows::io::{FromRawHandle, OwnedHandle};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use compute::error::Named;
use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::HostComputeSystem::{
    HCS_EVENT_CALLBACK, HCS_PROCESS_INFORMATION, HcsEventOptionNone,
};

use super::answer::{Failure, LocalString};
use super::raw;
use crate::blocking::detach;
use crate::callbacks::{Registration, Registry};
use crate::dll::DllError;
use hcs_schema::HResult;

/// What a handle is to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    System,
    Process,
}

/// A handle of the service to a system or a process, whose events go to a `T`.
///
/// It is closed by its last user, away from the threads that run futures: the
/// service waits for callbacks that run.
#[derive(Debug)]
pub(super) struct Handle<T: 'static> {
    /// `None` only while it is dropped.
    open: Option<Open<T>>,
}

/// A handle that is open.
#[derive(Debug)]
struct Open<T: 'static> {
    kind: Kind,
    raw: *mut c_void,
    /// Behind the closing of `raw`: callbacks may come until then.
    registration: Option<Registration<T>>,
}

// SAFETY: the service's handles can be used on any thread, by several at a time.
unsafe impl<T: Send + Sync> Send for Open<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Open<T> {}

impl<T: Send + Sync> Handle<T> {
    /// # Safety
    /// The handle is one to what `kind` says, and nobody else's.
    pub(super) unsafe fn new(kind: Kind, raw: *mut c_void) -> Self {
        Self { open: Some(Open { kind, raw, registration: None }) }
    }

    /// The handle, open as long as this is.
    pub(super) fn raw(&self) -> *mut c_void {
        self.open.as_ref().map_or(std::ptr::null_mut(), |open| open.raw)
    }

    /// Has the events of what the handle is to go to `target`.
    pub(super) fn listen(
        &mut self,
        registry: &'static Registry<T>,
        target: Arc<T>,
        callback: HCS_EVENT_CALLBACK,
    ) -> Result<(), Failure> {
        let Some(open) = &mut self.open else { return Err(Named::AlreadyClosed.into()) };
        let registration = registry.register(target);
        let (context, options) = (registration.context(), HcsEventOptionNone);
        // SAFETY: the handle is open, and the context is a number.
        let hresult = unsafe {
            match open.kind {
                Kind::System => {
                    raw::HcsSetComputeSystemCallback(open.raw, options, context, callback)
                }
                Kind::Process => raw::HcsSetProcessCallback(open.raw, options, context, callback),
            }
        }?;
        let hresult = HResult(hresult);
        if hresult.is_failure() {
            return Err(Failure::of(hresult, &LocalString::empty()));
        }
        open.registration = Some(registration);
        Ok(())
    }

    /// Closes it here and now, which may take a while.
    pub(super) fn close(mut self) {
        drop(self.open.take());
    }
}

impl<T: 'static> Drop for Handle<T> {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            // Where the work is never done, it is dropped, and closes it then.
            let open = Detached(Some(Box::new(open)));
            detach(move || drop(open));
        }
    }
}

impl<T> Drop for Open<T> {
    fn drop(&mut self) {
        // SAFETY: the handle is open, ours, and not used afterwards.
        let closed: Result<(), DllError> = unsafe {
            match self.kind {
                Kind::System => raw::HcsCloseComputeSystem(self.raw),
                Kind::Process => raw::HcsCloseProcess(self.raw),
            }
        };
        if let Err(error) = closed {
            tracing::warn!(%error, "a handle stays open");
        }
    }
}
