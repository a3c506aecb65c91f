//! Calls that an operation tracks.

use std::ffi::c_void;
use std::sync::Arc;

use compute::error::Named;
use tokio::sync::Notify;
use tokio::time::Instant;
use windows_sys::Win32::System::HostComputeSystem::{HCS_OPERATION, HCS_PROCESS_INFORMATION};
use windows_sys::core::HRESULT;

use super::handle::InUse;
use super::raw::{self, LocalString};
use crate::blocking::blocking;
use crate::callbacks::{Registration, Registry};
use crate::dll::DllError;
use crate::failure::{Outcome, check, within};
use crate::streams::{StreamHandles, owned};

/// Who waits for an operation, by the context of its callback.
static WAITING: Registry<Notify> = Registry::new();

/// An operation: one call that was begun, and what becomes of it.
///
/// Its callback does no more than wake who waits: it never touches the operation,
/// which may be closed while the callback runs. The service lets an operation be
/// closed from its own callback, so it keeps what the callback needs by itself.
pub(super) struct Operation {
    raw: HCS_OPERATION,
    /// Nothing is to be cancelled any more.
    is_over: bool,
    done: Arc<Notify>,
    _registration: Registration<Notify>,
}

// SAFETY: an operation can be used and closed on any thread.
unsafe impl Send for Operation {}
// SAFETY: only its owner can do anything with it.
unsafe impl Sync for Operation {}

impl Operation {
    /// Begins a call that it tracks.
    ///
    /// # Errors
    /// The service does not take it.
    pub(super) fn begin(
        call: impl FnOnce(HCS_OPERATION) -> Result<HRESULT, DllError>,
    ) -> Outcome<Self> {
        let mut operation = Self::new()?;
        if let Err(failure) = check(call(operation.raw), None) {
            operation.is_over = true;
            return Err(failure);
        }
        Ok(operation)
    }

    fn new() -> Outcome<Self> {
        let done = Arc::new(Notify::new());
        let registration = WAITING.register(Arc::clone(&done));
        // SAFETY: the callback takes the context as a number.
        let raw = unsafe { raw::HcsCreateOperation(registration.context(), Some(completed)) }?;
        if raw.is_null() {
            return Err(std::io::Error::last_os_error().into());
        }
        Ok(Self { raw, is_over: false, done, _registration: registration })
    }

    /// Waits for the end of the call.
    pub(super) async fn ended(&mut self) {
        self.done.notified().await;
        self.is_over = true;
    }

    /// The document of a call that has ended.
    ///
    /// # Errors
    /// The call failed.
    pub(super) fn document(&self) -> Outcome<Option<String>> {
        let mut document = LocalString::empty();
        // SAFETY: the operation is open.
        let ended = unsafe { raw::HcsGetOperationResult(self.raw, document.out()) };
        let text = document.text();
        check(ended, text.clone()).map(|()| text)
    }

    /// What a call that has ended gave of a process: its id and its pipes.
    ///
    /// # Errors
    /// The call failed.
    pub(super) fn process(&self) -> Outcome<(u32, StreamHandles)> {
        let (mut document, mut process) =
            (LocalString::empty(), HCS_PROCESS_INFORMATION::default());
        // SAFETY: the operation is open.
        let ended = unsafe {
            raw::HcsGetOperationResultAndProcessInfo(self.raw, &raw mut process, document.out())
        };
        check(ended, document.text())?;
        let handles = [process.StdInput, process.StdOutput, process.StdError];
        // SAFETY: the service has just given them to us.
        Ok((process.ProcessId, unsafe { owned(handles) }))
    }

    /// Lets the call go on with nobody waiting for it.
    pub(super) fn release(mut self) {
        self.is_over = true;
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if !self.is_over {
            // SAFETY: the operation is open. Where cancelling is not implemented,
            // closing the operation below is all that can be done.
            let _ = unsafe { raw::HcsCancelOperation(self.raw) };
        }
        // SAFETY: the operation is open, ours, and not used afterwards; a callback
        // that runs now does not touch it.
        let closed = unsafe { raw::HcsCloseOperation(self.raw) };
        debug_assert!(closed.is_ok(), "{closed:?}");
    }
}

/// Begins a call on something open and waits for its end, which comes before the
/// deadline or with the word that nothing more will be heard.
///
/// # Errors
/// The call was not begun, or has not ended. How it ended the operation says.
pub(super) async fn track<T: Send + Sync + 'static>(
    open: Arc<T>,
    deadline: Instant,
    gone: impl Future<Output = Named>,
    begin: impl FnOnce(&T) -> Outcome<Operation> + Send + 'static,
) -> Outcome<Operation> {
    let _in_use = InUse::new(Arc::clone(&open));
    let ended = async {
        let mut operation = blocking(move || begin(&open)).await?;
        operation.ended().await;
        Ok(operation)
    };
    tokio::select! {
        biased;
        ended = within(deadline, ended) => ended,
        named = gone => Err(named.into()),
    }
}

/// The callback of all operations.
unsafe extern "system" fn completed(_: HCS_OPERATION, context: *const c_void) {
    if let Some(done) = WAITING.find(context) {
        // Kept for whoever waits only later.
        done.notify_one();
    }
}
