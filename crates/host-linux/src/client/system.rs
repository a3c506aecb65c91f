//! A compute system whose worker lives.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use compute::error::{Named, SystemCode};
use compute::timeouts::Timeouts;
use compute::{
    ComputeSystem, Error, EventStream, Process, Result, StdioSource, SystemEvent, SystemExit,
    SystemId,
};
use hcs_schema::schema2::{
    ModifySettingRequest, PauseOptions, ProcessParameters, Properties, PropertyQuery, SaveOptions,
};
use serde::de::DeserializeOwned;
use tokio::sync::broadcast::{self, error::RecvError};

use super::StoppedSystem;
use super::connection::{Connection, is_lost, system_exit};
use super::process::LinuxProcess;
use crate::failure::io_failure;
use crate::store;
use crate::wire::{ExecuteProcess, Opened, OpenedProcess, ProcessRef, Request};

/// A handle to a compute system on this machine.
pub(super) struct LinuxSystem {
    id: SystemId,
    runtime_id: String,
    oci: bool,
    timeouts: Timeouts,
    /// `None` once it is closed. Its processes have the connection too.
    connection: RwLock<Option<Connection>>,
}

impl LinuxSystem {
    pub(super) fn new(connection: Connection, opened: Opened, timeouts: Timeouts) -> Self {
        if let Some(exit) = opened.exit {
            connection.set_exit(exit);
        }
        Self {
            id: connection.id().clone(),
            runtime_id: opened.runtime_id,
            oci: opened.oci,
            timeouts,
            connection: RwLock::new(Some(connection)),
        }
    }

    async fn call<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        limit: Duration,
        request: Request,
    ) -> Result<T> {
        let connection = self.connection(operation)?;
        match tokio::time::timeout(limit, connection.call(operation, request)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::system(operation, self.id.as_str(), Named::Timeout)),
        }
    }

    fn connection(&self, operation: &'static str) -> Result<Connection> {
        let connection = self.connection.read().unwrap_or_else(PoisonError::into_inner);
        let closed = || Error::system(operation, self.id.as_str(), Named::AlreadyClosed);
        connection.clone().ok_or_else(closed)
    }

    /// What the record says of a system whose worker has gone.
    fn remains(&self) -> Option<StoppedSystem> {
        let connection = self.connection(compute::operation::PROPERTIES).ok()?;
        let record = store::read(&connection.roots().systems().join(self.id.as_str())).ok()?;
        if record.runtime_id != self.runtime_id {
            return None;
        }
        Some(StoppedSystem::new(self.id.clone(), connection.roots().clone(), record))
    }
}

#[async_trait]
impl ComputeSystem for LinuxSystem {
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
        self.oci
    }

    async fn start(&self) -> Result<()> {
        self.call(compute::operation::START, self.timeouts.system_start, Request::Start).await
    }

    async fn shutdown(&self) -> Result<()> {
        let limit = self.timeouts.syscall_watcher;
        let outcome = self.call(compute::operation::SHUTDOWN, limit, Request::Shutdown).await;
        compute::state::ignore_ended(outcome)
    }

    async fn terminate(&self) -> Result<()> {
        use compute::operation::TERMINATE;
        let limit = self.timeouts.syscall_watcher;
        match self.call(TERMINATE, limit, Request::Terminate).await {
            Err(error) if is_lost(&error) => {
                let roots = self.connection(TERMINATE)?.roots().clone();
                super::remains::remove(&roots, &self.id, &self.runtime_id).await.map_err(|error| {
                    io_failure(TERMINATE, self.id.as_str(), "removing what is left", &error)
                })
            }
            outcome => compute::state::ignore_ended(outcome),
        }
    }

    async fn wait(&self) -> Result<SystemExit> {
        use compute::operation::WAIT;
        let mut exit = self.connection(WAIT)?.exit();
        let exit = exit.wait_for(Option::is_some).await.ok();
        match exit.and_then(|exit| exit.as_ref().map(system_exit)) {
            Some(exit) => Ok(exit),
            None => Err(Error::system(WAIT, self.id.as_str(), Named::UnexpectedProcessAbort)),
        }
    }

    async fn pause(&self, _options: &PauseOptions) -> Result<()> {
        self.call(compute::operation::PAUSE, self.timeouts.system_pause, Request::Pause).await
    }

    async fn resume(&self) -> Result<()> {
        self.call(compute::operation::RESUME, self.timeouts.system_resume, Request::Resume).await
    }

    async fn save(&self, _options: &SaveOptions) -> Result<()> {
        use compute::operation::SAVE;
        self.connection(SAVE)?;
        Err(Error::system(SAVE, self.id.as_str(), SystemCode::ERR_NOT_SUPPORTED)
            .with_hint("a container that shares the host's kernel cannot be saved"))
    }

    async fn properties(&self, query: &PropertyQuery) -> Result<Properties> {
        let limit = self.timeouts.syscall_watcher;
        let request = Request::GetProperties(query.clone());
        match self.call(compute::operation::PROPERTIES, limit, request).await {
            Err(error) if is_lost(&error) => {
                // Settled first, so that it does not read as running.
                self.wait().await?;
                match self.remains() {
                    Some(remains) => remains.properties(query).await,
                    None => Err(error),
                }
            }
            outcome => outcome,
        }
    }

    async fn modify(&self, request: &ModifySettingRequest) -> Result<()> {
        let limit = self.timeouts.syscall_watcher;
        self.call(compute::operation::MODIFY, limit, Request::Modify(Box::new(request.clone())))
            .await
    }

    async fn create_process(
        &self,
        parameters: &ProcessParameters,
        stdio: StdioSource,
    ) -> Result<Box<dyn Process>> {
        use compute::operation::CREATE_PROCESS as CREATE;
        let connection = self.connection(CREATE)?;
        let (files, sent) = match stdio {
            StdioSource::Files(files) => {
                let given = files.each_ref().map(Option::is_some);
                (Some(given), files.into_iter().flatten().collect())
            }
            _ => (None, Vec::new()),
        };
        let request = ExecuteProcess { parameters: parameters.clone(), files };
        let request = Request::ExecuteProcess(Box::new(request));
        let call = connection.call_with_files::<OpenedProcess>(CREATE, request, sent);
        let (opened, files) = tokio::time::timeout(self.timeouts.syscall_watcher, call)
            .await
            .map_err(|_| Error::system(CREATE, self.id.as_str(), Named::Timeout))??;
        Ok(LinuxProcess::open(connection.clone(), &opened, files))
    }

    async fn open_process(&self, pid: u32) -> Result<Box<dyn Process>> {
        use compute::operation::OPEN_PROCESS as OPEN;
        let connection = self.connection(OPEN)?;
        let request = Request::OpenProcess(ProcessRef { pid });
        let (opened, files) =
            connection.call_with_files::<OpenedProcess>(OPEN, request, Vec::new()).await?;
        Ok(LinuxProcess::open(connection, &opened, files))
    }

    fn events(&self) -> EventStream {
        let Ok(connection) = self.connection("hcs::System::Events") else {
            return Box::pin(futures_util::stream::empty());
        };
        let receiver = connection.events();
        // An exit that was told before this call is told once more.
        let exit = connection.exit().borrow().as_ref().map(system_exit);
        if let Some(exit) = exit {
            return Box::pin(futures_util::stream::iter([SystemEvent::Exited(exit)]));
        }
        Box::pin(futures_util::stream::unfold(Some(receiver), |receiver| async move {
            let mut receiver = receiver?;
            let event = next_event(&mut receiver).await?;
            let rest = (!matches!(event, SystemEvent::Exited(_))).then_some(receiver);
            Some((event, rest))
        }))
    }

    async fn close(&self) -> Result<()> {
        let connection = self.connection.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(connection) = connection {
            connection.finish().await;
        }
        Ok(())
    }
}

async fn next_event(receiver: &mut broadcast::Receiver<SystemEvent>) -> Option<SystemEvent> {
    loop {
        match receiver.recv().await {
            Ok(event) => return Some(event),
            Err(RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "events were lost to a slow reader");
            }
            Err(RecvError::Closed) => return None,
        }
    }
}
