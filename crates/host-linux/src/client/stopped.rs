//! A compute system that has ended and whose worker has gone: its record.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use compute::error::{Named, SystemCode};
use compute::{
    ComputeSystem, ConsoleSize, Error, EventStream, Process, Result, Signal, Stdio, StdioSource,
    SystemEvent, SystemExit, SystemId,
};
use hcs_schema::schema2::{
    ModifySettingRequest, PauseOptions, ProcessParameters, ProcessStatus, Properties,
    PropertyQuery, SaveOptions,
};

use super::connection::system_exit;
use crate::Roots;
use crate::failure::io_failure;
use crate::store::Record;

/// What remains of a compute system after its end: how it ended, and the exit
/// code of its first process. [`ComputeSystem::terminate`] removes it.
pub struct StoppedSystem {
    id: SystemId,
    roots: Roots,
    record: Record,
    closed: AtomicBool,
}

impl StoppedSystem {
    pub(super) fn new(id: SystemId, roots: Roots, record: Record) -> Self {
        Self { id, roots, record, closed: AtomicBool::new(false) }
    }

    fn check_open(&self, operation: &'static str) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::system(operation, self.id.as_str(), Named::AlreadyClosed));
        }
        Ok(())
    }

    fn stopped<T>(&self, operation: &'static str) -> Result<T> {
        self.check_open(operation)?;
        let code = SystemCode::ERR_VMCOMPUTE_ALREADY_STOPPED;
        Err(Error::system(operation, self.id.as_str(), code))
    }

    fn exit(&self) -> SystemExit {
        self.record.exit.as_ref().map_or_else(
            || SystemExit { status: hcs_schema::HResult::S_OK, exit_type: String::new() },
            system_exit,
        )
    }
}

#[async_trait]
impl ComputeSystem for StoppedSystem {
    fn id(&self) -> &SystemId {
        &self.id
    }

    fn system_type(&self) -> &str {
        "container"
    }

    fn os(&self) -> &str {
        "linux"
    }

    fn is_oci(&self) -> bool {
        self.record.oci
    }

    async fn start(&self) -> Result<()> {
        self.stopped(compute::operation::START)
    }

    async fn shutdown(&self) -> Result<()> {
        self.check_open(compute::operation::SHUTDOWN)
    }

    async fn terminate(&self) -> Result<()> {
        use compute::operation::TERMINATE;
        self.check_open(TERMINATE)?;
        super::remains::remove(&self.roots, &self.id, &self.record.runtime_id).await.map_err(
            |error| io_failure(TERMINATE, self.id.as_str(), "removing what is left", &error),
        )
    }

    async fn wait(&self) -> Result<SystemExit> {
        self.check_open(compute::operation::WAIT)?;
        Ok(self.exit())
    }

    async fn pause(&self, _options: &PauseOptions) -> Result<()> {
        self.stopped(compute::operation::PAUSE)
    }

    async fn resume(&self) -> Result<()> {
        self.stopped(compute::operation::RESUME)
    }

    async fn save(&self, _options: &SaveOptions) -> Result<()> {
        use compute::operation::SAVE;
        self.check_open(SAVE)?;
        Err(Error::system(SAVE, self.id.as_str(), SystemCode::ERR_NOT_SUPPORTED))
    }

    async fn properties(&self, _query: &PropertyQuery) -> Result<Properties> {
        self.check_open(compute::operation::PROPERTIES)?;
        Ok(crate::worker::basic_properties(&self.record))
    }

    async fn modify(&self, _request: &ModifySettingRequest) -> Result<()> {
        self.stopped(compute::operation::MODIFY)
    }

    async fn create_process(
        &self,
        _parameters: &ProcessParameters,
        _stdio: StdioSource,
    ) -> Result<Box<dyn Process>> {
        self.stopped(compute::operation::CREATE_PROCESS)
    }

    /// Only the first process is remembered.
    async fn open_process(&self, pid: u32) -> Result<Box<dyn Process>> {
        use compute::operation::OPEN_PROCESS as OPEN;
        self.check_open(OPEN)?;
        let first = self.record.init.filter(|init| init.pid == pid);
        match first.and_then(|init| init.exit_code) {
            Some(exit_code) => {
                Ok(Box::new(StoppedProcess { system: self.id.to_string(), pid, exit_code }))
            }
            None => Err(Error::system(OPEN, self.id.as_str(), SystemCode::ERR_ELEMENT_NOT_FOUND)),
        }
    }

    fn events(&self) -> EventStream {
        Box::pin(futures_util::stream::iter([SystemEvent::Exited(self.exit())]))
    }

    async fn close(&self) -> Result<()> {
        self.closed.store(true, Ordering::Release);
        Ok(())
    }
}

/// The first process of a system that has ended.
struct StoppedProcess {
    system: String,
    pid: u32,
    exit_code: i32,
}

#[async_trait]
impl Process for StoppedProcess {
    fn pid(&self) -> u32 {
        self.pid
    }

    async fn kill(&self) -> Result<bool> {
        let code = SystemCode::ERR_PROCESS_ALREADY_STOPPED;
        Err(Error::process(compute::operation::PROCESS_KILL, self.system.as_str(), self.pid, code))
    }

    async fn signal(&self, _signal: &Signal) -> Result<bool> {
        Ok(false)
    }

    async fn wait(&self) -> Result<()> {
        Ok(())
    }

    async fn exit_code(&self) -> Result<i32> {
        Ok(self.exit_code)
    }

    async fn status(&self) -> Result<ProcessStatus> {
        Ok(ProcessStatus {
            process_id: self.pid,
            exited: true,
            exit_code: self.exit_code.cast_unsigned(),
            ..ProcessStatus::default()
        })
    }

    async fn resize_console(&self, _size: ConsoleSize) -> Result<()> {
        let code = SystemCode::ERR_PROCESS_ALREADY_STOPPED;
        Err(Error::process(
            compute::operation::PROCESS_RESIZE_CONSOLE,
            self.system.as_str(),
            self.pid,
            code,
        ))
    }

    async fn stdio(&self) -> Result<Stdio> {
        Ok(Stdio::default())
    }

    async fn close_stdin(&self) -> Result<()> {
        Ok(())
    }

    async fn close_stdout(&self) -> Result<()> {
        Ok(())
    }

    async fn close_stderr(&self) -> Result<()> {
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}
