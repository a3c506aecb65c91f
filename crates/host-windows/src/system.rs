//! A compute system, as a caller holds it.

use std::sync::Arc;

use async_trait::async_trait;
use compute::error::{Named, Object};
use compute::{
    ComputeSystem, Error, EventStream, Process, Result, StdioSource, SystemExit, SystemId,
    operation, state,
};
use hcs_schema::schema2::{
    ModifySettingRequest, PauseOptions, ProcessParameters, Properties, PropertyQuery, SaveOptions,
};

use crate::failure::Outcome;
use crate::hub::Hub;
use crate::process::{HcsProcess, ProcessCalls};

/// What a generation of the compute service does with an open system. Each call
/// ends within its time limit, and fails once the handle is closed.
pub(crate) trait SystemCalls: Send + Sync + 'static {
    type Process: ProcessCalls;

    /// What has been heard of it.
    fn hub(&self) -> &Arc<Hub>;
    /// Fails once the handle is closed.
    fn check_open(&self) -> Outcome<()>;
    fn start(&self) -> impl Future<Output = Outcome<()>> + Send;
    /// Done when it has been asked for.
    fn shutdown(&self) -> impl Future<Output = Outcome<()>> + Send;
    /// Done when it has been asked for.
    fn terminate(&self) -> impl Future<Output = Outcome<()>> + Send;
    fn pause(&self, options: &PauseOptions) -> impl Future<Output = Outcome<()>> + Send;
    fn resume(&self) -> impl Future<Output = Outcome<()>> + Send;
    fn save(&self, options: &SaveOptions) -> impl Future<Output = Outcome<()>> + Send;
    fn properties(&self, query: &PropertyQuery)
    -> impl Future<Output = Outcome<Properties>> + Send;
    fn modify(&self, request: &ModifySettingRequest) -> impl Future<Output = Outcome<()>> + Send;
    /// Starts a process and gives its id. One that the caller does not get is ended.
    fn create_process(
        &self,
        parameters: &ProcessParameters,
    ) -> impl Future<Output = Outcome<(u32, Self::Process)>> + Send;
    fn open_process(&self, pid: u32) -> impl Future<Output = Outcome<Self::Process>> + Send;
    /// Waits until the handle is closed.
    fn close(&self) -> impl Future<Output = Outcome<()>> + Send;
}

/// A handle to a compute system, and what has been heard of it.
pub(crate) struct HcsSystem<C: SystemCalls> {
    id: SystemId,
    kind: String,
    os: String,
    calls: C,
}

impl<C: SystemCalls> HcsSystem<C> {
    /// A handle to an open system; asks the service for what it is.
    pub(crate) async fn new(id: &SystemId, calls: C) -> Outcome<Self> {
        // Before the question: a failure must end what waits, too.
        let mut system = Self { id: id.clone(), kind: String::new(), os: String::new(), calls };
        let properties = system.calls.properties(&PropertyQuery::default()).await?;
        system.kind = properties.system_type.as_str().to_lowercase();
        system.os = properties.runtime_os_type.to_lowercase();
        // Windows before build 17763 does not tell.
        if system.os.is_empty() && system.kind == "container" {
            "windows".clone_into(&mut system.os);
        }
        Ok(system)
    }

    fn object(&self) -> Object {
        Object::System((&self.id).into())
    }

    fn told<T>(&self, operation: &'static str, outcome: Outcome<T>) -> Result<T> {
        outcome.map_err(|failure| failure.about(operation, self.object()))
    }

    /// Asks for the end, unless it has come.
    async fn end(
        &self,
        operation: &'static str,
        call: impl Future<Output = Outcome<()>> + Send,
    ) -> Result<()> {
        if self.calls.hub().exit().is_some() {
            return self.told(operation, self.calls.check_open());
        }
        state::ignore_ended(self.told(operation, call.await))
    }

    fn process(&self, pid: u32, calls: C::Process) -> Box<dyn Process> {
        Box::new(HcsProcess::new(&self.id, pid, calls))
    }
}

#[async_trait]
impl<C: SystemCalls> ComputeSystem for HcsSystem<C> {
    fn id(&self) -> &SystemId {
        &self.id
    }

    fn system_type(&self) -> &str {
        &self.kind
    }

    fn os(&self) -> &str {
        &self.os
    }

    fn is_oci(&self) -> bool {
        self.os == "linux" && self.kind == "container"
    }

    async fn start(&self) -> Result<()> {
        self.told(operation::START, self.calls.start().await)
    }

    async fn shutdown(&self) -> Result<()> {
        self.end(operation::SHUTDOWN, self.calls.shutdown()).await
    }

    async fn terminate(&self) -> Result<()> {
        self.end(operation::TERMINATE, self.calls.terminate()).await
    }

    async fn wait(&self) -> Result<SystemExit> {
        self.told(operation::WAIT, self.calls.check_open())?;
        let exited = self.calls.hub().exited().await;
        exited.map_err(|named| Error::about(operation::WAIT, self.object(), named))
    }

    async fn pause(&self, options: &PauseOptions) -> Result<()> {
        self.told(operation::PAUSE, self.calls.pause(options).await)
    }

    async fn resume(&self) -> Result<()> {
        self.told(operation::RESUME, self.calls.resume().await)
    }

    async fn save(&self, options: &SaveOptions) -> Result<()> {
        self.told(operation::SAVE, self.calls.save(options).await)
    }

    async fn properties(&self, query: &PropertyQuery) -> Result<Properties> {
        self.told(operation::PROPERTIES, self.calls.properties(query).await)
    }

    async fn modify(&self, request: &ModifySettingRequest) -> Result<()> {
        self.told(operation::MODIFY, self.calls.modify(request).await)
    }

    /// The service makes the pipes: Windows has no other source.
    async fn create_process(
        &self,
        parameters: &ProcessParameters,
        _stdio: StdioSource,
    ) -> Result<Box<dyn Process>> {
        const CREATE: &str = operation::CREATE_PROCESS;
        match self.calls.create_process(parameters).await {
            Ok((pid, process)) => Ok(self.process(pid, process)),
            Err(failure) => Err(failure
                .about(CREATE, self.object())
                .with_operation(format!("{CREATE}: {}", parameters.command_line))),
        }
    }

    async fn open_process(&self, pid: u32) -> Result<Box<dyn Process>> {
        let opened = self.calls.open_process(pid).await;
        Ok(self.process(pid, self.told(operation::OPEN_PROCESS, opened)?))
    }

    fn events(&self) -> EventStream {
        self.calls.hub().events()
    }

    async fn close(&self) -> Result<()> {
        self.told(operation::CLOSE, self.calls.close().await)
    }
}

impl<C: SystemCalls> Drop for HcsSystem<C> {
    fn drop(&mut self) {
        self.calls.hub().close();
    }
}

/// The failure of a call on a closed handle.
pub(crate) fn closed<T>(open: Option<T>) -> Outcome<T> {
    open.ok_or_else(|| Named::AlreadyClosed.into())
}
