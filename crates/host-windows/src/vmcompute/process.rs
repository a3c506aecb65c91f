//! The calls about an open process, with their time limits.

use std::sync::{Arc, Weak};
use std::time::Duration;

use compute::error::predicates::v1::{is_already_stopped, is_not_exist};
use compute::error::{SystemCode, is_access_is_denied};
use compute::timeouts::Timeouts;
use compute::{SystemEvent, SystemId};
use hcs_schema::schema2::{ProcessModifyRequest, ProcessParameters, ProcessStatus};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::handle::Open;
use super::notify::ProcessEar;
use super::process_calls as calls;
use super::system::OpenSystem;
use crate::blocking::blocking;
use crate::failure::{Failure, Outcome, within};
use crate::handle::{Closable, Closed, Handle};
use crate::hub::{Expected, Hub, ProcessHub};
use crate::process::{ProcessCalls, ended_somehow};
use crate::streams::{StreamHandles, Streams};
use crate::system::closed;
use crate::wide::Wide;

/// An open process.
pub(super) type OpenProcess = Open<ProcessEar>;

/// A handle to a process, and what has been heard of it.
pub(super) struct VmProcess {
    system_id: SystemId,
    pid: u32,
    hub: Arc<ProcessHub>,
    open: Closable<OpenProcess>,
    streams: Streams,
    /// Its system, for a kill that cannot be delivered otherwise.
    system: Weak<OpenSystem>,
    timeouts: Timeouts,
}

impl VmProcess {
    /// Starts a process. One that the caller does not get is ended.
    pub(super) async fn create(
        system_id: &SystemId,
        system_hub: Arc<Hub>,
        system: Arc<OpenSystem>,
        parameters: &ProcessParameters,
        timeouts: Timeouts,
    ) -> Outcome<(u32, Self)> {
        let parameters = Wide::json(parameters)?;
        let (hub, heard) = (ProcessHub::new(), Arc::downgrade(&system));
        let (ear, exited) = ProcessEar::new(Arc::clone(&hub), &system_hub);
        let deadline = Instant::now() + timeouts.syscall_watcher;
        let make = move || calls::create(&system, &parameters, ear);
        let calls::Made { process, pid, streams, closed } =
            within(deadline, blocking(make)).await?;
        // A failure here ends the process: it is not kept yet.
        let streams = Streams::given(streams)?;
        let open = process.open();
        process.keep();
        let exit = Exit { told: exited, hub: Arc::clone(&hub), system: system_hub };
        exit.watch(open.weak(), timeouts.syscall_watcher);
        let process = Self {
            system_id: system_id.clone(),
            pid,
            hub,
            open: Closable::new(open, closed),
            streams,
            system: heard,
            timeouts,
        };
        Ok((pid, process))
    }

    /// Opens a process.
    pub(super) async fn open(
        system_id: &SystemId,
        system_hub: Arc<Hub>,
        system: Arc<OpenSystem>,
        pid: u32,
        timeouts: Timeouts,
    ) -> Outcome<Self> {
        let (hub, heard) = (ProcessHub::new(), Arc::downgrade(&system));
        let (ear, exited) = ProcessEar::new(Arc::clone(&hub), &system_hub);
        let deadline = Instant::now() + timeouts.syscall_watcher;
        let open = blocking(move || calls::open(&system, pid, ear));
        let (open, closed): (Arc<OpenProcess>, Closed) = within(deadline, open).await?;
        let exit = Exit { told: exited, hub: Arc::clone(&hub), system: system_hub };
        exit.watch(open.weak(), timeouts.syscall_watcher);
        Ok(Self {
            system_id: system_id.clone(),
            pid,
            hub,
            open: Closable::new(open, closed),
            streams: Streams::unknown(),
            system: heard,
            timeouts,
        })
    }

    fn handle(&self) -> Outcome<Arc<OpenProcess>> {
        closed(self.open.get())
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.timeouts.syscall_watcher
    }

    async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&OpenProcess) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let open = self.handle()?;
        within(self.deadline(), blocking(move || call(&open))).await
    }

    /// Ends the process through new handles: the service sends what comes by one
    /// handle one after the other, and a signal before could be stuck. Where that
    /// cannot be, the whole system is ended, so that nothing is left.
    fn kill_by_new_handle(&self) -> impl FnOnce() -> Outcome<()> + Send + use<> {
        let id = Wide::new(self.system_id.as_str());
        let (pid, system) = (self.pid, self.system.clone());
        move || {
            let opened = match super::calls::open_handle(&id?) {
                Ok(opened) => opened,
                Err(failure) => {
                    let Some(system) = system.upgrade() else { return Err(failure) };
                    tracing::warn!(?failure, "a process is killed with its whole system");
                    return match super::calls::terminate(&system) {
                        Err(failure) if has_ended(&failure) => Ok(()),
                        outcome => outcome,
                    };
                }
            };
            let ended = calls::open_handle(&opened, pid).and_then(|process: Handle| {
                match calls::terminate(&process) {
                    // It has ended in between, or the first kill is under way.
                    Err(failure) if is_access_is_denied(failure.as_error()) => Ok(()),
                    outcome => outcome,
                }
            });
            match ended {
                Err(failure) if is_already_stopped(failure.as_error()) => Ok(()),
                outcome => outcome,
            }
        }
    }
}

/// Whether a system that was to be ended has.
fn has_ended(failure: &Failure) -> bool {
    failure.is_pending()
        || is_already_stopped(failure.as_error())
        || is_not_exist(failure.as_error())
}

impl ProcessCalls for VmProcess {
    fn hub(&self) -> &Arc<ProcessHub> {
        &self.hub
    }

    fn streams(&self) -> &Streams {
        &self.streams
    }

    fn check_open(&self) -> Outcome<()> {
        self.handle().map(drop)
    }

    async fn kill(&self) -> Outcome<()> {
        within(self.deadline(), blocking(self.kill_by_new_handle())).await
    }

    async fn signal(&self, options: Value) -> Outcome<()> {
        self.call(move |open| calls::signal(open, &Wide::json(&options)?)).await
    }

    async fn modify(&self, request: &ProcessModifyRequest) -> Outcome<()> {
        let request = Wide::json(request)?;
        self.call(move |open| calls::modify(open, &request)).await
    }

    async fn status(&self) -> Outcome<ProcessStatus> {
        self.call(|open| calls::status(open.handle())).await
    }

    async fn stream_handles(&self) -> Outcome<StreamHandles> {
        self.call(calls::streams).await
    }

    async fn flush_stdin(&self) -> Outcome<()> {
        within(self.deadline(), async { Ok(self.streams.flush_stdin().await?) }).await
    }

    async fn close(&self) -> Outcome<()> {
        let closing = self.open.close();
        self.hub.close();
        within(self.deadline(), closing).await
    }
}

/// Waits for word of the process's end and asks how it was.
struct Exit {
    told: oneshot::Receiver<Expected>,
    hub: Arc<ProcessHub>,
    system: Arc<Hub>,
}

impl Exit {
    fn watch(self, handle: Weak<Handle>, limit: Duration) {
        drop(tokio::spawn(async move {
            // Without a word the handle was closed.
            let Ok(expected) = self.told.await else { return };
            let read = blocking(move || handle.upgrade().as_deref().map(calls::status).transpose());
            let read = within(Instant::now() + limit, read).await;
            let status = match read {
                Ok(Some(status)) => status,
                Ok(None) => return,
                Err(failure) => {
                    tracing::warn!(?failure, "a process has ended, and not known how");
                    let code = failure.code().unwrap_or(SystemCode::ERROR_GEN_FAILURE);
                    ended_somehow(0, code)
                }
            };
            self.system.emit(SystemEvent::ProcessExited(status.clone()));
            self.hub.exited(status);
            drop(expected);
        }));
    }
}
