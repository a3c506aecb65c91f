//! What the service tells by itself.

use std::ffi::c_void;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use compute::SystemEvent;
use compute::error::Named;
use hcs_schema::HResult;
use tokio::sync::oneshot;
use tokio::time::Instant;
use windows_sys::core::HRESULT;

use crate::callbacks::Registry;
use crate::failure::{self, Failure};
use crate::hub::{Expected, Hub, ProcessHub, exit_of};
use crate::wide;

// The numbers of the notifications that are acted on.
const SYSTEM_EXITED: u32 = 1;
const SYSTEM_CRASH_REPORT: u32 = 6;
const SYSTEM_CRASH_INITIATED: u32 = 0xd;
const PROCESS_EXITED: u32 = 0x1_0000;
const SERVICE_DISCONNECT: u32 = 0x100_0000;

/// The end of a call that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Completion {
    Create = 2,
    Start = 3,
    Pause = 4,
    Resume = 5,
    Save = 8,
}

impl Completion {
    fn of(kind: u32) -> Option<Self> {
        [Self::Create, Self::Start, Self::Pause, Self::Resume, Self::Save]
            .into_iter()
            .find(|completion| *completion as u32 == kind)
    }
}

/// The compute systems that are listened to.
pub(super) static SYSTEMS: Registry<SystemEar> = Registry::new();
/// The processes that are listened to.
pub(super) static PROCESSES: Registry<ProcessEar> = Registry::new();

/// Hears the notifications of a compute system.
pub(super) struct SystemEar {
    pub(super) hub: Arc<Hub>,
    waiting: Mutex<Vec<(Completion, oneshot::Sender<Told>)>>,
}

/// A completion that is listened for, from before the call on.
pub(super) struct Awaited {
    told: oneshot::Receiver<Told>,
    /// The system had ended before: the service answers all the same.
    has_ended: bool,
}

/// The status that a completion came with, and its result document.
type Told = (HResult, Option<String>);

impl SystemEar {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { hub: Hub::new(), waiting: Mutex::default() })
    }

    /// Listens for a completion. It has to be asked for before the call: the
    /// notification can come before the call has returned.
    pub(super) fn listen(&self, completion: Completion) -> Awaited {
        let (sender, receiver) = oneshot::channel();
        let mut waiting = self.waiting();
        waiting.retain(|(_, sender)| !sender.is_closed());
        waiting.push((completion, sender));
        Awaited { told: receiver, has_ended: self.hub.exit().is_some() }
    }

    /// Waits for a completion until the deadline.
    ///
    /// # Errors
    /// The code that the completion came with; the system stopped instead, the
    /// service went, the handle was closed, or it is too late.
    pub(super) async fn wait(&self, awaited: Awaited, deadline: Instant) -> Result<(), Failure> {
        tokio::select! {
            biased;
            told = awaited.told => match told {
                Ok((status, result)) => failure::outcome(status, result.as_deref()),
                Err(_) => Err(Named::HandleClose.into()),
            },
            exited = self.hub.exited(), if !awaited.has_ended => Err(match exited {
                Ok(_) => Named::UnexpectedContainerExit,
                Err(Named::AlreadyClosed) => Named::HandleClose,
                Err(named) => named,
            }.into()),
            () = tokio::time::sleep_until(deadline) => Err(Named::Timeout.into()),
        }
    }

    fn completed(&self, completion: Completion, told: &Told) {
        let mut done = Vec::new();
        self.waiting().retain_mut(|(awaited, sender)| {
            let other = *awaited != completion;
            if !other {
                done.push(std::mem::replace(sender, oneshot::channel().0));
            }
            other
        });
        for sender in done {
            // One that gave up does not listen.
            let _ = sender.send(told.clone());
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<(Completion, oneshot::Sender<Told>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, kind: u32, status: HResult, data: Option<String>) {
        match kind {
            SYSTEM_EXITED => self.hub.emit(SystemEvent::Exited(exit_of(status, data.as_deref()))),
            SYSTEM_CRASH_REPORT => {
                self.hub.emit(SystemEvent::CrashReport(data.unwrap_or_default()));
            }
            SYSTEM_CRASH_INITIATED => self.hub.emit(SystemEvent::CrashInitiated),
            SERVICE_DISCONNECT => self.hub.emit(SystemEvent::ServiceDisconnect),
            kind => match Completion::of(kind) {
                Some(completion) => self.completed(completion, &(status, data)),
                None => tracing::debug!(kind, %status, "a notification without a meaning here"),
            },
        }
    }
}

/// Hears the notifications of a process. The end of its system waits for that of the
/// process as long as there is one.
pub(super) struct ProcessEar {
    hub: Arc<ProcessHub>,
    exited: Mutex<Option<(oneshot::Sender<Expected>, Expected)>>,
}

impl ProcessEar {
    /// One that tells the hub that the service is gone, and the receiver that the
    /// process has ended: how is still to be asked for, and not in a callback.
    pub(super) fn new(
        hub: Arc<ProcessHub>,
        system: &Arc<Hub>,
    ) -> (Arc<Self>, oneshot::Receiver<Expected>) {
        let (sender, receiver) = oneshot::channel();
        let exited = Mutex::new(Some((sender, system.expect())));
        (Arc::new(Self { hub, exited }), receiver)
    }

    fn hear(&self, kind: u32) {
        match kind {
            PROCESS_EXITED => {
                let sender = self.exited.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some((sender, expected)) = sender {
                    // A handle that is being closed does not listen.
                    let _ = sender.send(expected);
                }
            }
            SERVICE_DISCONNECT => self.hub.lost(),
            kind => tracing::debug!(kind, "a notification without a meaning here"),
        }
    }
}

/// Called by the service about a compute system.
pub(super) unsafe extern "system" fn on_system(
    kind: u32,
    context: *const c_void,
    status: HRESULT,
    data: *const u16,
) {
    if let Some(ear) = SYSTEMS.find(context) {
        // SAFETY: the service gives null or a text that lives as long as the call.
        ear.hear(kind, HResult(status), unsafe { wide::read(data) });
    }
}

/// Called by the service about a process.
pub(super) unsafe extern "system" fn on_process(
    kind: u32,
    context: *const c_void,
    _status: HRESULT,
    _data: *const u16,
) {
    if let Some(ear) = PROCESSES.find(context) {
        ear.hear(kind);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use compute::error::SystemCode;

    use super::*;

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(600)
    }

    fn named(outcome: Result<(), Failure>) -> String {
        let error = outcome.unwrap_err().about("op", compute::error::Object::Service);
        error.cause().to_string()
    }

    #[tokio::test]
    async fn a_completion_may_come_before_it_is_waited_for() {
        let ear = SystemEar::new();
        let entry = SYSTEMS.register(Arc::clone(&ear));
        let tell = |kind, status: u32| {
            // SAFETY: the context is a registered one, and there is no data.
            unsafe {
                on_system(kind, entry.context(), HResult::from_u32(status).0, std::ptr::null());
            }
        };
        tell(3, 0); // for nobody
        let (start, pause) = (ear.listen(Completion::Start), ear.listen(Completion::Pause));
        tell(3, 0x8007_0005);
        tell(4, 0);
        let failure = ear.wait(start, later()).await.unwrap_err();
        let denied = SystemCode::ERR_VMCOMPUTE_OPERATION_ACCESS_IS_DENIED;
        assert_eq!(failure.code(), Some(denied));
        assert!(ear.wait(pause, later()).await.is_ok());
        assert!(ear.waiting().is_empty());
    }

    #[tokio::test]
    async fn who_waits_hears_what_came_instead() {
        let ear = SystemEar::new();
        let awaited = ear.listen(Completion::Save);
        let outcome = ear.wait(awaited, Instant::now()).await;
        assert_eq!(named(outcome), Named::Timeout.to_string());

        let awaited = ear.listen(Completion::Save);
        ear.hear(SYSTEM_EXITED, HResult::S_OK, None);
        let outcome = ear.wait(awaited, later()).await;
        assert_eq!(named(outcome), Named::UnexpectedContainerExit.to_string());

        let ear = SystemEar::new();
        ear.hear(SERVICE_DISCONNECT, HResult::S_OK, None);
        let outcome = ear.wait(ear.listen(Completion::Save), later()).await;
        assert_eq!(named(outcome), Named::UnexpectedProcessAbort.to_string());

        let ear = SystemEar::new();
        ear.hub.close();
        let outcome = ear.wait(ear.listen(Completion::Save), later()).await;
        assert_eq!(named(outcome), Named::HandleClose.to_string());
    }

    #[test]
    fn a_callback_about_nothing_known_is_ignored() {
        // SAFETY: no context stands for nothing, and there is no data.
        unsafe {
            on_system(SYSTEM_EXITED, std::ptr::null(), 0, std::ptr::null());
            on_process(PROCESS_EXITED, std::ptr::without_provenance(99), 0, std::ptr::null());
        }
        let (ear, mut exited) = ProcessEar::new(ProcessHub::new(), &Hub::new());
        ear.hear(0);
        assert!(exited.try_recv().is_err());
        ear.hear(PROCESS_EXITED);
        ear.hear(PROCESS_EXITED);
        assert!(exited.try_recv().is_ok());
    }
}
