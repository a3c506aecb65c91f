//! Calls that an operation tracks.

use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

use compute::error::Named;
use hcs_schema::HResult;
use tokio::sync::Notify;
use windows_sys::Win32::System::HostComputeSystem::{HCS_OPERATION, HCS_PROCESS_INFORMATION};
use windows_sys::core::HRESULT;

use super::answer::{Failure, LocalString};
use super::handle::StdHandles;
use super::raw;
use crate::callbacks::{Registration, Registry};
use crate::dll::DllError;
use crate::hub::Hub;

/// Who waits for an operation, by the context of its callback.
static WAITING: Registry<Notify> = Registry::new();

/// How often a process that is being made is asked for, besides the callback.
const LOOK: Duration = Duration::from_secs(1);

/// An operation: one call, and what becomes of it.
///
/// Its callback does no more than wake who waits: it never touches the operation,
/// which may be closed while the callback runs. The service lets an operation be
/// closed from its own callback, so it keeps what the callback needs by itself.
pub(super) struct Operation {
    raw: HCS_OPERATION,
    is_done: bool,
    done: Arc<Notify>,
    /// Behind `raw`: it is closed first.
    _registration: Registration<Notify>,
}

// SAFETY: an operation can be used and closed on any thread; all use of it here
// is by its one owner.
unsafe impl Send for Operation {}
// SAFETY: nothing can be done with it but by its owner.
unsafe impl Sync for Operation {}

impl Operation {
    fn new() -> Result<Self, Failure> {
        let done = Arc::new(Notify::new());
        let registration = WAITING.register(Arc::clone(&done));
        // SAFETY: the context is a number; the callback takes it as that.
        let raw = unsafe { raw::HcsCreateOperation(registration.context(), Some(completed)) }?;
        if raw.is_null() {
            return Err(std::io::Error::last_os_error().into());
        }
        Ok(Self { raw, is_done: false, done, _registration: registration })
    }

    /// Makes a call that it tracks.
    ///
    /// # Errors
    /// The service does not take it.
    pub(super) fn begin(
        call: impl FnOnce(HCS_OPERATION) -> Result<HRESULT, DllError>,
    ) -> Result<Self, Failure> {
        let mut operation = Self::new()?;
        let hresult = HResult(call(operation.raw)?);
        if hresult.is_failure() {
            operation.is_done = true;
            let mut document = LocalString::empty();
            // SAFETY: the operation is open. It tells more of what went wrong, or
            // that nothing was begun.
            let _ = unsafe { raw::HcsGetOperationResult(operation.raw, document.out()) };
            return Err(Failure::of(hresult, &document));
        }
        Ok(operation)
    }

    /// Waits for the end of the call and gives its document.
    ///
    /// # Errors
    /// The call failed.
    pub(super) async fn finish(&mut self) -> Result<Option<String>, Failure> {
        self.done.notified().await;
        self.is_done = true;
        let mut document = LocalString::empty();
        // SAFETY: the operation is open.
        let hresult = unsafe { raw::HcsGetOperationResult(self.raw, document.out()) }?;
        answered(hresult, &document)
    }

    /// The same for a call that gives a process and its pipes.
    pub(super) async fn finish_process(&mut self) -> Result<(u32, StdHandles), Failure> {
        loop {
            // What makes a process may be done when it has hardly begun, and then
            // the service does not always tell (the reference saw such operations
            // on Windows Server 2022).
            let told = tokio::time::timeout(LOOK, self.done.notified()).await.is_ok();
            let (hresult, answer) = self.process()?;
            if told || hresult != HResult::HCS_E_OPERATION_PENDING {
                self.is_done = true;
                return answer;
            }
        }
    }

    fn process(&self) -> Result<(HResult, Result<(u32, StdHandles), Failure>), Failure> {
        let mut document = LocalString::empty();
        let mut information = HCS_PROCESS_INFORMATION::default();
        // SAFETY: the operation is open.
        let hresult = unsafe {
            raw::HcsGetOperationResultAndProcessInfo(
                self.raw,
                &raw mut information,
                document.out(),
            )
        }?;
        let answer = answered(hresult, &document).map(|_| {
            // SAFETY: the handles were just given to us.
            (information.ProcessId, unsafe { StdHandles::new(&information) })
        });
        Ok((HResult(hresult), answer))
    }

    /// Lets the call go on with nobody waiting for it, as the reference does with
    /// the end of a system.
    pub(super) fn release(mut self) {
        self.is_done = true;
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if !self.is_done {
            // SAFETY: the operation is open. Where it is not implemented, closing
            // the operation below is all that can be done.
            let _ = unsafe { raw::HcsCancelOperation(self.raw) };
        }
        // SAFETY: the operation is open, ours, and not used afterwards. A callback
        // that runs now does not touch it.
        let _ = unsafe { raw::HcsCloseOperation(self.raw) };
    }
}

/// Makes a call and waits for its end, for so long at most.
///
/// A caller that gives up, and one whose time is over, has the call cancelled.
/// `hub` tells that the service is gone: it would not end the call then.
pub(super) async fn run(
    limit: Duration,
    hub: Option<&Hub>,
    call: impl FnOnce(HCS_OPERATION) -> Result<HRESULT, DllError> + Send,
) -> Result<Option<String>, Failure> {
    let mut operation = Operation::begin(call)?;
    within(limit, hub, operation.finish()).await
}

/// Waits for the end of a call, for so long at most.
pub(super) async fn within<T>(
    limit: Duration,
    hub: Option<&Hub>,
    end: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        outcome = tokio::time::timeout(limit, end) => {
            outcome.unwrap_or_else(|_| Err(Named::Timeout.into()))
        }
        () = lost(hub) => Err(Named::UnexpectedProcessAbort.into()),
    }
}

/// Waits until the service is gone, as far as that is told.
async fn lost(hub: Option<&Hub>) {
    if let Some(hub) = hub
        && hub.exited().await == Err(Named::UnexpectedProcessAbort)
    {
        return;
    }
    std::future::pending().await
}

fn answered(hresult: HRESULT, document: &LocalString) -> Result<Option<String>, Failure> {
    match HResult(hresult) {
        hresult if hresult.is_failure() => Err(Failure::of(hresult, document)),
        _ => Ok(document.text()),
    }
}

/// The callback of all operations.
unsafe extern "system" fn completed(_: HCS_OPERATION, context: *const c_void) {
    if let Some(done) = WAITING.find(context) {
        // Kept for whoever waits only later.
        done.notify_one();
    }
}
