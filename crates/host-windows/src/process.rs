//! A process, as a caller holds it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use compute::error::predicates::v1::{is_already_stopped, is_not_exist};
use compute::error::{Cause, Named, Object, SystemCode};
use compute::{ConsoleSize, Error, Process, Result, Signal, Stdio, SystemId, operation};
use hcs_schema::guest_request::{ProcessModifyOperation, STDIOHandle};
use hcs_schema::schema2::{self, CloseHandle, ProcessModifyRequest, ProcessStatus};
use serde_json::{Value, json};

use crate::failure::Outcome;
use crate::hub::ProcessHub;
use crate::streams::{StreamHandles, Streams};

/// What a generation of the compute service does with an open process. Each call
/// ends within its time limit, and fails once the handle is closed.
pub(crate) trait ProcessCalls: Send + Sync + 'static {
    /// What has been heard of it.
    fn hub(&self) -> &Arc<ProcessHub>;
    /// Its pipes, as far as they are known.
    fn streams(&self) -> &Streams;
    /// Fails once the handle is closed.
    fn check_open(&self) -> Outcome<()>;
    /// Ends it, by ways that calls before this one do not block.
    fn kill(&self) -> impl Future<Output = Outcome<()>> + Send;
    fn signal(&self, options: Value) -> impl Future<Output = Outcome<()>> + Send;
    fn modify(&self, request: &ProcessModifyRequest) -> impl Future<Output = Outcome<()>> + Send;
    fn status(&self) -> impl Future<Output = Outcome<ProcessStatus>> + Send;
    /// New handles to its pipes.
    fn stream_handles(&self) -> impl Future<Output = Outcome<StreamHandles>> + Send;
    /// Waits for what was written to stdin to be in the pipe.
    fn flush_stdin(&self) -> impl Future<Output = Outcome<()>> + Send;
    /// Waits until the handle is closed.
    fn close(&self) -> impl Future<Output = Outcome<()>> + Send;
}

/// A handle to a process, and what has been heard of it.
pub(crate) struct HcsProcess<C: ProcessCalls> {
    system_id: SystemId,
    pid: u32,
    calls: C,
    killed: AtomicBool,
}

impl<C: ProcessCalls> HcsProcess<C> {
    pub(crate) fn new(system_id: &SystemId, pid: u32, calls: C) -> Self {
        Self { system_id: system_id.clone(), pid, calls, killed: AtomicBool::new(false) }
    }

    fn object(&self) -> Object {
        Object::Process { system: (&self.system_id).into(), pid: self.pid }
    }

    fn error(&self, operation: &'static str, cause: impl Into<Cause>) -> Error {
        Error::about(operation, self.object(), cause)
    }

    fn told<T>(&self, operation: &'static str, outcome: Outcome<T>) -> Result<T> {
        outcome.map_err(|failure| failure.about(operation, self.object()))
    }

    fn check_open(&self, operation: &'static str) -> Result<()> {
        self.told(operation, self.calls.check_open())
    }

    /// What an attempt to end or signal the process tells: whether it arrived.
    fn delivered(&self, operation: &'static str, outcome: Outcome<()>) -> Result<bool> {
        let Err(failure) = outcome else { return Ok(true) };
        let is_gone = is_not_exist(failure.as_error())
            || failure.code() == Some(SystemCode::ERR_VMCOMPUTE_OPERATION_INVALID_STATE);
        if is_gone && self.calls.hub().status().is_none() {
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
        let (hub, pid) = (Arc::clone(self.calls.hub()), self.pid);
        drop(tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            hub.exited(ended_somehow(pid, code));
        }));
    }
}

/// The record of a process whose end is all that is known.
pub(crate) fn ended_somehow(process_id: u32, code: SystemCode) -> ProcessStatus {
    let last_wait_result = code.to_hresult().0;
    ProcessStatus { process_id, exited: true, last_wait_result, ..ProcessStatus::default() }
}

#[async_trait]
impl<C: ProcessCalls> Process for HcsProcess<C> {
    fn pid(&self) -> u32 {
        self.pid
    }

    async fn kill(&self) -> Result<bool> {
        const KILL: &str = operation::PROCESS_KILL;
        self.check_open(KILL)?;
        if self.calls.hub().status().is_some() {
            return Err(self.error(KILL, SystemCode::ERR_PROCESS_ALREADY_STOPPED));
        }
        if self.killed.load(Ordering::SeqCst) {
            return Ok(true);
        }
        let delivered = self.delivered(KILL, self.calls.kill().await)?;
        self.killed.fetch_or(delivered, Ordering::SeqCst);
        Ok(delivered)
    }

    async fn signal(&self, signal: &Signal) -> Result<bool> {
        const SIGNAL: &str = operation::PROCESS_SIGNAL;
        let options = match signal {
            Signal::Linux(number) => json!({ "Signal": number }),
            Signal::Windows(name) => json!({ "Signal": name }),
            _ => return Err(self.error(SIGNAL, SystemCode::ERR_NOT_SUPPORTED)),
        };
        self.check_open(SIGNAL)?;
        self.delivered(SIGNAL, self.calls.signal(options).await)
    }

    async fn wait(&self) -> Result<()> {
        const WAIT: &str = operation::PROCESS_WAIT;
        self.check_open(WAIT)?;
        self.calls.hub().wait().await.map(drop).map_err(|named| self.error(WAIT, named))
    }

    async fn exit_code(&self) -> Result<i32> {
        const EXIT_CODE: &str = operation::PROCESS_EXIT_CODE;
        self.check_open(EXIT_CODE)?;
        // The first word there is, without waiting for one.
        let known = tokio::select! {
            biased;
            known = self.calls.hub().wait() => Some(known),
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
        if let Some(status) = self.calls.hub().status() {
            return self.check_open(STATUS).map(|()| status);
        }
        self.told(STATUS, self.calls.status().await)
    }

    async fn resize_console(&self, size: ConsoleSize) -> Result<()> {
        let ConsoleSize { width, height } = size;
        let request = ProcessModifyRequest {
            operation: ProcessModifyOperation::ConsoleSize,
            console_size: Some(schema2::ConsoleSize { height, width, ..Default::default() }),
            ..ProcessModifyRequest::default()
        };
        self.told(operation::PROCESS_RESIZE_CONSOLE, self.calls.modify(&request).await)
    }

    async fn stdio(&self) -> Result<Stdio> {
        const STDIO: &str = operation::PROCESS_STDIO;
        self.check_open(STDIO)?;
        let streams = self.calls.streams();
        if !streams.are_known() {
            let handles = self.told(STDIO, self.calls.stream_handles().await)?;
            streams.learn(handles).map_err(|error| self.error(STDIO, error))?;
        }
        Ok(streams.stdio())
    }

    async fn close_stdin(&self) -> Result<()> {
        const CLOSE: &str = operation::PROCESS_CLOSE_STDIN;
        self.check_open(CLOSE)?;
        // A process that has ended reads nothing, and the service would refuse.
        if self.calls.hub().status().is_none() {
            // What was written comes before the end.
            self.told(CLOSE, self.calls.flush_stdin().await)?;
            let request = ProcessModifyRequest {
                operation: ProcessModifyOperation::CloseHandle,
                close_handle: Some(CloseHandle {
                    handle: STDIOHandle::StdIn,
                    ..Default::default()
                }),
                ..ProcessModifyRequest::default()
            };
            self.told(CLOSE, self.calls.modify(&request).await)?;
        }
        self.calls.streams().close(0);
        Ok(())
    }

    async fn close_stdout(&self) -> Result<()> {
        self.check_open(operation::PROCESS_CLOSE_STDOUT)?;
        self.calls.streams().close(1);
        Ok(())
    }

    async fn close_stderr(&self) -> Result<()> {
        self.check_open(operation::PROCESS_CLOSE_STDERR)?;
        self.calls.streams().close(2);
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        self.told(operation::PROCESS_CLOSE, self.calls.close().await)
    }
}

impl<C: ProcessCalls> Drop for HcsProcess<C> {
    fn drop(&mut self) {
        self.calls.hub().close();
    }
}
