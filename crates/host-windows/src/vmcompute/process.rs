//! A process, as a caller holds it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use compute::error::predicates::v1::{is_already_stopped, is_not_exist};
use compute::error::{Cause, Named, Object, SystemCode, is_access_is_denied};
use compute::timeouts::Timeouts;
use compute::{
    ConsoleSize, Error, Process, Result, Signal, Stdio, SystemEvent, SystemId, operation,
};
use hcs_schema::guest_request::{ProcessModifyOperation, STDIOHandle};
use hcs_schema::schema2::{
    self, CloseHandle, ProcessModifyRequest, ProcessParameters, ProcessStatus,
};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::answer::Failure;
use super::handle::{Closable, Closed, Handle, Open};
use super::notify::ProcessEar;
use super::process_calls as calls;
use super::streams::Streams;
use super::system::OpenSystem;
use super::within;
use crate::blocking::blocking;
use crate::hub::{Hub, ProcessHub};
use crate::wide::Wide;

/// An open process.
pub(super) type OpenProcess = Open<ProcessEar>;
type Outcome<T> = std::result::Result<T, Failure>;

/// A handle to a process, and what has been heard of it.
pub(super) struct VmProcess {
    system_id: SystemId,
    pid: u32,
    hub: Arc<ProcessHub>,
    open: Closable<OpenProcess>,
    streams: Streams,
    /// Its system, for a kill that cannot be delivered otherwise.
    system: Weak<OpenSystem>,
    killed: AtomicBool,
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
    ) -> Outcome<Self> {
        let parameters = Wide::json(parameters)?;
        let (hub, heard) = (ProcessHub::new(), Arc::downgrade(&system));
        let (ear, exited) = ProcessEar::new(Arc::clone(&hub));
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
        Ok(Self {
            system_id: system_id.clone(),
            pid,
            hub,
            open: Closable::new(open, closed),
            streams,
            system: heard,
            killed: AtomicBool::new(false),
            timeouts,
        })
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
        let (ear, exited) = ProcessEar::new(Arc::clone(&hub));
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
            killed: AtomicBool::new(false),
            timeouts,
        })
    }

    fn object(&self) -> Object {
        Object::Process { system: (&self.system_id).into(), pid: self.pid }
    }

    fn error(&self, operation: &'static str, cause: impl Into<Cause>) -> Error {
        Error::about(operation, self.object(), cause)
    }

    fn handle(&self, operation: &'static str) -> Result<Arc<OpenProcess>> {
        self.open.get().ok_or_else(|| self.error(operation, Named::AlreadyClosed))
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.timeouts.syscall_watcher
    }

    async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        call: impl FnOnce(&OpenProcess) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        let open = self.handle(operation)?;
        within(self.deadline(), blocking(move || call(&open)))
            .await
            .map_err(|failure| failure.about(operation, self.object()))
    }

    async fn modify(&self, operation: &'static str, request: ProcessModifyRequest) -> Result<()> {
        self.call(operation, move |open| calls::modify(open, &Wide::json(&request)?)).await
    }

    /// What an attempt to end or signal the process tells: whether it arrived.
    fn delivered(&self, operation: &'static str, outcome: Outcome<()>) -> Result<bool> {
        let Err(failure) = outcome else { return Ok(true) };
        let is_gone = is_not_exist(failure.as_error())
            || failure.code() == Some(SystemCode::ERR_VMCOMPUTE_OPERATION_INVALID_STATE);
        if is_gone && self.hub.status().is_none() {
            self.end_waits_soon(failure.code().unwrap_or(SystemCode::ERR_ELEMENT_NOT_FOUND));
        }
        if is_gone || is_already_stopped(failure.as_error()) {
            return Ok(false);
        }
        Err(failure.about(operation, self.object()))
    }

    /// The service says that there is no such process and has told nobody of its
    /// end: who waits gets an end all the same, if it does not come by itself.
    fn end_waits_soon(&self, code: SystemCode) {
        let (hub, pid) = (Arc::clone(&self.hub), self.pid);
        drop(tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            hub.exited(ended_somehow(pid, code));
        }));
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

/// The record of a process whose end is all that is known.
fn ended_somehow(process_id: u32, code: SystemCode) -> ProcessStatus {
    let last_wait_result = code.to_hresult().0;
    ProcessStatus { process_id, exited: true, last_wait_result, ..ProcessStatus::default() }
}

/// Waits for word of the process's end and asks how it was.
struct Exit {
    told: oneshot::Receiver<()>,
    hub: Arc<ProcessHub>,
    system: Arc<Hub>,
}

impl Exit {
    fn watch(self, handle: Weak<Handle>, limit: Duration) {
        drop(tokio::spawn(async move {
            // Without a word the handle was closed.
            if self.told.await.is_err() {
                return;
            }
            let read = blocking(move || handle.upgrade().as_deref().map(calls::status).transpose());
            let status = match within(Instant::now() + limit, read).await {
                Ok(Some(status)) => status,
                Ok(None) => return,
                Err(failure) => {
                    tracing::warn!(?failure, "a process has ended, and not known how");
                    let code = failure.code().unwrap_or(SystemCode::ERROR_GEN_FAILURE);
                    ended_somehow(0, code)
                }
            };
            self.hub.exited(status.clone());
            self.system.emit(SystemEvent::ProcessExited(status));
        }));
    }
}

#[async_trait]
impl Process for VmProcess {
    fn pid(&self) -> u32 {
        self.pid
    }

    async fn kill(&self) -> Result<bool> {
        const KILL: &str = operation::PROCESS_KILL;
        drop(self.handle(KILL)?);
        if self.hub.status().is_some() {
            return Err(self.error(KILL, SystemCode::ERR_PROCESS_ALREADY_STOPPED));
        }
        if self.killed.load(Ordering::SeqCst) {
            return Ok(true);
        }
        let killed = within(self.deadline(), blocking(self.kill_by_new_handle())).await;
        let delivered = self.delivered(KILL, killed)?;
        self.killed.fetch_or(delivered, Ordering::SeqCst);
        Ok(delivered)
    }

    async fn signal(&self, signal: &Signal) -> Result<bool> {
        const SIGNAL: &str = operation::PROCESS_SIGNAL;
        let options = match signal {
            Signal::Linux(number) => serde_json::json!({ "Signal": number }),
            Signal::Windows(name) => serde_json::json!({ "Signal": name }),
            _ => return Err(self.error(SIGNAL, SystemCode::ERR_NOT_SUPPORTED)),
        };
        let open = self.handle(SIGNAL)?;
        let send = blocking(move || calls::signal(&open, &Wide::json(&options)?));
        let sent = within(self.deadline(), send).await;
        self.delivered(SIGNAL, sent)
    }

    async fn wait(&self) -> Result<()> {
        const WAIT: &str = operation::PROCESS_WAIT;
        drop(self.handle(WAIT)?);
        self.hub.wait().await.map(drop).map_err(|named| self.error(WAIT, named))
    }

    async fn exit_code(&self) -> Result<i32> {
        const EXIT_CODE: &str = operation::PROCESS_EXIT_CODE;
        drop(self.handle(EXIT_CODE)?);
        // The first word there is, without waiting for one.
        let known = tokio::select! {
            biased;
            known = self.hub.wait() => Some(known),
            () = std::future::ready(()) => None,
        };
        match known {
            None => Err(self.error(EXIT_CODE, Named::InvalidProcessState)),
            Some(Err(named)) => Err(self.error(EXIT_CODE, named)),
            Some(Ok(status)) if status.last_wait_result != 0 => {
                tracing::warn!(result = status.last_wait_result, "waiting for a process failed");
                Ok(-1)
            }
            Some(Ok(status)) => Ok(status.exit_code.cast_signed()),
        }
    }

    async fn status(&self) -> Result<ProcessStatus> {
        const STATUS: &str = operation::PROCESS_STATUS;
        if let Some(status) = self.hub.status() {
            return self.handle(STATUS).map(|_| status);
        }
        self.call(STATUS, |open| calls::status(open.handle())).await
    }

    async fn resize_console(&self, size: ConsoleSize) -> Result<()> {
        let ConsoleSize { width, height } = size;
        let request = ProcessModifyRequest {
            operation: ProcessModifyOperation::ConsoleSize,
            console_size: Some(schema2::ConsoleSize { height, width, ..Default::default() }),
            ..ProcessModifyRequest::default()
        };
        self.modify(operation::PROCESS_RESIZE_CONSOLE, request).await
    }

    async fn stdio(&self) -> Result<Stdio> {
        const STDIO: &str = operation::PROCESS_STDIO;
        drop(self.handle(STDIO)?);
        if !self.streams.are_known() {
            let handles = self.call(STDIO, calls::streams).await?;
            self.streams.learn(handles).map_err(|error| self.error(STDIO, error))?;
        }
        Ok(self.streams.stdio())
    }

    async fn close_stdin(&self) -> Result<()> {
        const CLOSE: &str = operation::PROCESS_CLOSE_STDIN;
        drop(self.handle(CLOSE)?);
        // A process that has ended reads nothing, and the service would refuse.
        if self.hub.status().is_none() {
            // What was written comes before the end.
            let flushed = async { Ok(self.streams.flush_stdin().await?) };
            let flushed: Outcome<()> = within(self.deadline(), flushed).await;
            flushed.map_err(|failure| failure.about(CLOSE, self.object()))?;
            let request = ProcessModifyRequest {
                operation: ProcessModifyOperation::CloseHandle,
                close_handle: Some(CloseHandle {
                    handle: STDIOHandle::StdIn,
                    ..Default::default()
                }),
                ..ProcessModifyRequest::default()
            };
            self.modify(CLOSE, request).await?;
        }
        self.streams.close(0);
        Ok(())
    }

    async fn close_stdout(&self) -> Result<()> {
        drop(self.handle(operation::PROCESS_CLOSE_STDOUT)?);
        self.streams.close(1);
        Ok(())
    }

    async fn close_stderr(&self) -> Result<()> {
        drop(self.handle(operation::PROCESS_CLOSE_STDERR)?);
        self.streams.close(2);
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        let closing = self.open.close();
        self.hub.close();
        within(self.deadline(), closing)
            .await
            .map_err(|failure| failure.about(operation::PROCESS_CLOSE, self.object()))
    }
}

impl Drop for VmProcess {
    fn drop(&mut self) {
        self.hub.close();
    }
}
