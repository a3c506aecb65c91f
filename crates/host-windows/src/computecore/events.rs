//! What the service tells by itself.

use std::ffi::c_void;
use std::sync::{Arc, Mutex, PoisonError};

use compute::SystemEvent;
use compute::error::SystemCode;
use hcs_schema::HResult;
use hcs_schema::schema2::ProcessStatus;
use windows_sys::Win32::System::HostComputeSystem::{
    HCS_EVENT, HCS_EVENT_TYPE, HcsEventProcessExited, HcsEventServiceDisconnect,
    HcsEventSystemCrashInitiated, HcsEventSystemCrashReport, HcsEventSystemExited,
};

use crate::callbacks::Registry;
use crate::hub::{Expected, Hub, ProcessHub, exit_of};
use crate::process::ended_somehow;
use crate::wide;

/// The compute systems that are listened to.
pub(super) static SYSTEMS: Registry<Hub> = Registry::new();
/// The processes that are listened to.
pub(super) static PROCESSES: Registry<ProcessEar> = Registry::new();

/// Hears the events of a process. The end of its system waits for that of the
/// process as long as there is one.
pub(super) struct ProcessEar {
    hub: Arc<ProcessHub>,
    system: Arc<Hub>,
    expected: Mutex<Option<Expected>>,
}

impl ProcessEar {
    pub(super) fn new(hub: Arc<ProcessHub>, system: Arc<Hub>) -> Arc<Self> {
        let expected = Mutex::new(Some(system.expect()));
        Arc::new(Self { hub, system, expected })
    }

    fn hear(&self, kind: HCS_EVENT_TYPE, data: Option<&str>) {
        #[allow(non_upper_case_globals)]
        match kind {
            HcsEventProcessExited => {
                let status = status_of(data);
                self.system.emit(SystemEvent::ProcessExited(status.clone()));
                self.hub.exited(status);
                self.expected.lock().unwrap_or_else(PoisonError::into_inner).take();
            }
            HcsEventServiceDisconnect => self.hub.lost(),
            kind => tracing::debug!(kind, "an event without a meaning here"),
        }
    }
}

fn hear(hub: &Hub, kind: HCS_EVENT_TYPE, data: Option<String>) {
    #[allow(non_upper_case_globals)]
    match kind {
        HcsEventSystemExited => {
            hub.emit(SystemEvent::Exited(exit_of(HResult::S_OK, data.as_deref())));
        }
        HcsEventSystemCrashInitiated => hub.emit(SystemEvent::CrashInitiated),
        HcsEventSystemCrashReport => {
            hub.emit(SystemEvent::CrashReport(data.unwrap_or_default()));
        }
        HcsEventServiceDisconnect => hub.emit(SystemEvent::ServiceDisconnect),
        kind => tracing::debug!(kind, "an event without a meaning here"),
    }
}

/// How a process ended, as the data says it.
fn status_of(data: Option<&str>) -> ProcessStatus {
    match data.map(serde_json::from_str::<ProcessStatus>) {
        // It is told in the event of the end.
        Some(Ok(status)) => ProcessStatus { exited: true, ..status },
        unreadable => {
            tracing::warn!(?unreadable, "a process has ended, and not known how");
            ended_somehow(0, SystemCode::ERROR_GEN_FAILURE)
        }
    }
}

/// Called by the service about a compute system.
pub(super) unsafe extern "system" fn on_system(event: *const HCS_EVENT, context: *const c_void) {
    if let Some(hub) = SYSTEMS.find(context) {
        // SAFETY: the service gives an event that lives as long as the call.
        let (kind, data) = unsafe { read(event) };
        hear(&hub, kind, data);
    }
}

/// Called by the service about a process.
pub(super) unsafe extern "system" fn on_process(event: *const HCS_EVENT, context: *const c_void) {
    if let Some(ear) = PROCESSES.find(context) {
        // SAFETY: the service gives an event that lives as long as the call.
        let (kind, data) = unsafe { read(event) };
        ear.hear(kind, data.as_deref());
    }
}

/// # Safety
/// The event is one, and its text is null or ends with a NUL.
unsafe fn read(event: *const HCS_EVENT) -> (HCS_EVENT_TYPE, Option<String>) {
    // SAFETY: the caller's word.
    let event = unsafe { &*event };
    // SAFETY: the caller's word.
    (event.Type, unsafe { wide::read(event.EventData) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wide::Wide;

    fn told(text: &Wide, kind: HCS_EVENT_TYPE) -> HCS_EVENT {
        HCS_EVENT { Type: kind, EventData: text.as_ptr(), Operation: std::ptr::null_mut() }
    }

    #[tokio::test]
    async fn the_end_of_a_system_reaches_its_hub() {
        let hub = Hub::new();
        let entry = SYSTEMS.register(Arc::clone(&hub));
        let text = Wide::new(r#"{"Status":-1070137082,"ExitType":"UnexpectedExit"}"#).unwrap();
        let event = told(&text, HcsEventSystemExited);
        // SAFETY: the event and its text live as long as the call.
        unsafe { on_system(&raw const event, entry.context()) };
        let exit = hub.exited().await.unwrap();
        assert_eq!(exit.exit_type, "UnexpectedExit");
        assert_eq!(exit.status, HResult::from_u32(0xc037_0106));
    }

    #[test]
    fn the_end_of_a_process_is_told_once_and_for_the_system() {
        let ear = ProcessEar::new(ProcessHub::new(), Hub::new());
        let entry = PROCESSES.register(Arc::clone(&ear));
        let text = Wide::new(r#"{"ProcessId":7,"ExitCode":3}"#).unwrap();
        let event = told(&text, HcsEventProcessExited);
        for _ in 0..2 {
            // SAFETY: the event and its text live as long as the call.
            unsafe { on_process(&raw const event, entry.context()) };
        }
        let status = ear.hub.status().unwrap();
        assert_eq!((status.process_id, status.exit_code, status.exited), (7, 3, true));
    }

    /// The service tells of both by different threads: the exit of a process was lost
    /// where that of its system came first.
    #[tokio::test]
    async fn a_process_ends_before_its_system_whichever_is_told_first() {
        use std::future::poll_fn;
        let system = Hub::new();
        let mut events = system.events();
        let ear = ProcessEar::new(ProcessHub::new(), Arc::clone(&system));
        hear(&system, HcsEventSystemExited, None);
        assert_eq!(system.exit(), None);
        ear.hear(HcsEventProcessExited, Some(r#"{"ProcessId":7,"ExitCode":3}"#));
        let first = poll_fn(|cx| events.as_mut().poll_next(cx)).await;
        assert!(matches!(first, Some(SystemEvent::ProcessExited(_))), "{first:?}");
        let last = poll_fn(|cx| events.as_mut().poll_next(cx)).await;
        assert!(matches!(last, Some(SystemEvent::Exited(_))), "{last:?}");
        // One that nobody holds any more is not waited for.
        let system = Hub::new();
        let ear = ProcessEar::new(ProcessHub::new(), Arc::clone(&system));
        hear(&system, HcsEventSystemExited, None);
        drop(ear);
        assert!(system.exit().is_some());
    }

    #[test]
    fn an_end_that_cannot_be_read_is_one_all_the_same() {
        for data in [None, Some("no JSON")] {
            let status = status_of(data);
            assert!(status.exited && status.last_wait_result != 0);
        }
    }

    #[test]
    fn an_event_about_nothing_known_is_ignored() {
        let text = Wide::new("").unwrap();
        let event = told(&text, HcsEventSystemExited);
        // SAFETY: no context stands for nothing; the event lives as long as the call.
        unsafe {
            on_system(&raw const event, std::ptr::null());
            on_process(&raw const event, std::ptr::without_provenance(99));
        }
    }
}
