//! What a compute system tells without being asked.

use std::pin::Pin;

use futures_core::Stream;
use hcs_schema::HResult;
use hcs_schema::schema2::ProcessStatus;

/// Events of one compute system, in the order they happened. The stream ends
/// after [`SystemEvent::Exited`] or [`SystemEvent::ServiceDisconnect`].
pub type EventStream = Pin<Box<dyn Stream<Item = SystemEvent> + Send>>;

/// One event. The names are those of the reference's notifications
/// (`HcsNotificationSystemExited`, ...).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SystemEvent {
    /// The system has stopped; nothing of it runs any more.
    Exited(SystemExit),
    /// The guest began to write a crash dump.
    CrashInitiated,
    /// The system or a process in it crashed; the text is the host's report.
    CrashReport(String),
    /// A process of the system ended.
    ProcessExited(ProcessStatus),
    /// The service, or the worker that ran the system, can no longer be reached.
    ServiceDisconnect,
}

/// How a compute system ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemExit {
    /// The status that the service gave; `HResult::S_OK` for an orderly end.
    pub status: HResult,
    /// The reference's exit type: `GracefulExit`, `ForcedExit` or `UnexpectedExit`.
    pub exit_type: String,
}

impl SystemExit {
    /// Whether the system ended without having been asked to.
    pub fn is_unexpected(&self) -> bool {
        self.exit_type == "UnexpectedExit"
    }
}
