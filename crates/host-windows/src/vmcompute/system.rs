//! A compute system, as a caller holds it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use compute::error::{Named, Object};
use compute::timeouts::Timeouts;
use compute::{
    ComputeSystem, Error, EventStream, Process, Result, StdioSource, SystemExit, SystemId,
    operation, state,
};
use hcs_schema::schema2::{
    ModifySettingRequest, PauseOptions, ProcessParameters, Properties, PropertyQuery, SaveOptions,
};
use tokio::time::Instant;

use super::answer::Failure;
use super::calls::{self, Options};
use super::handle::{Closable, Closed, Open};
use super::notify::{Completion, SystemEar};
use super::process::VmProcess;
use super::within;
use crate::blocking::blocking;
use crate::wide::Wide;

/// An open compute system.
pub(super) type OpenSystem = Open<SystemEar>;

/// A handle to a compute system, and what has been heard of it.
pub(super) struct VmSystem {
    id: SystemId,
    kind: String,
    os: String,
    ear: Arc<SystemEar>,
    open: Closable<OpenSystem>,
    timeouts: Timeouts,
}

impl VmSystem {
    /// A handle to an open system; asks the service for what it is.
    pub(super) async fn new(
        id: &SystemId,
        ear: Arc<SystemEar>,
        open: Arc<OpenSystem>,
        closed: Closed,
        timeouts: Timeouts,
    ) -> std::result::Result<Self, Failure> {
        let deadline = Instant::now() + timeouts.syscall_watcher;
        let closable = Closable::new(Arc::clone(&open), closed);
        let asked = blocking(move || calls::properties(&open, &PropertyQuery::default()));
        let properties = within(deadline, asked).await?;
        let kind = properties.system_type.as_str().to_lowercase();
        let mut os = properties.runtime_os_type.to_lowercase();
        // Windows before build 17763 does not tell.
        if os.is_empty() && kind == "container" {
            "windows".clone_into(&mut os);
        }
        Ok(Self { id: id.clone(), kind, os, ear, open: closable, timeouts })
    }

    fn object(&self) -> Object {
        Object::System((&self.id).into())
    }

    fn open(&self, operation: &'static str) -> Result<Arc<OpenSystem>> {
        let closed = || Error::about(operation, self.object(), Named::AlreadyClosed);
        self.open.get().ok_or_else(closed)
    }

    /// Makes a call that is done when it returns.
    async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        call: impl FnOnce(&OpenSystem) -> std::result::Result<T, Failure> + Send + 'static,
    ) -> Result<T> {
        let open = self.open(operation)?;
        let deadline = Instant::now() + self.timeouts.syscall_watcher;
        within(deadline, blocking(move || call(&open)))
            .await
            .map_err(|failure| failure.about(operation, self.object()))
    }

    /// Makes a call that may go on after it has returned, and waits for its end.
    async fn complete(
        &self,
        operation: &'static str,
        limit: Duration,
        completion: Completion,
        call: impl FnOnce(&OpenSystem) -> std::result::Result<(), Failure> + Send + 'static,
    ) -> Result<()> {
        let open = self.open(operation)?;
        let deadline = Instant::now() + limit;
        let awaited = self.ear.listen(completion);
        let outcome = match within(deadline, blocking(move || call(&open))).await {
            Err(failure) if failure.is_pending() => self.ear.wait(awaited, deadline).await,
            outcome => outcome,
        };
        outcome.map_err(|failure| failure.about(operation, self.object()))
    }

    /// Asks for the end, unless it has come.
    async fn end(
        &self,
        operation: &'static str,
        call: impl FnOnce(&OpenSystem) -> std::result::Result<(), Failure> + Send + 'static,
    ) -> Result<()> {
        if self.ear.hub.exit().is_some() {
            return self.open(operation).map(drop);
        }
        state::ignore_ended(self.call(operation, call).await)
    }
}

#[async_trait]
impl ComputeSystem for VmSystem {
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
        let limit = self.timeouts.system_start;
        self.complete(operation::START, limit, Completion::Start, calls::start).await
    }

    async fn shutdown(&self) -> Result<()> {
        self.end(operation::SHUTDOWN, calls::shutdown).await
    }

    async fn terminate(&self) -> Result<()> {
        self.end(operation::TERMINATE, calls::terminate).await
    }

    async fn wait(&self) -> Result<SystemExit> {
        self.open(operation::WAIT)?;
        let exited = self.ear.hub.exited().await;
        exited.map_err(|named| Error::about(operation::WAIT, self.object(), named))
    }

    async fn pause(&self, options: &PauseOptions) -> Result<()> {
        let limit = self.timeouts.system_pause;
        let options = Options::unless_default(options);
        let call = move |open: &OpenSystem| calls::pause(open, &options?);
        self.complete(operation::PAUSE, limit, Completion::Pause, call).await
    }

    async fn resume(&self) -> Result<()> {
        let limit = self.timeouts.system_resume;
        self.complete(operation::RESUME, limit, Completion::Resume, calls::resume).await
    }

    async fn save(&self, options: &SaveOptions) -> Result<()> {
        let limit = self.timeouts.system_save;
        let options = Wide::json(options);
        let call = move |open: &OpenSystem| calls::save(open, &options?);
        self.complete(operation::SAVE, limit, Completion::Save, call).await
    }

    async fn properties(&self, query: &PropertyQuery) -> Result<Properties> {
        let query = query.clone();
        self.call(operation::PROPERTIES, move |open| calls::properties(open, &query)).await
    }

    async fn modify(&self, request: &ModifySettingRequest) -> Result<()> {
        let request = Wide::json(request);
        self.call(operation::MODIFY, move |open| calls::modify(open, &request?)).await
    }

    /// The service makes the pipes: Windows has no other source.
    async fn create_process(
        &self,
        parameters: &ProcessParameters,
        _stdio: StdioSource,
    ) -> Result<Box<dyn Process>> {
        const CREATE: &str = operation::CREATE_PROCESS;
        let open = self.open(CREATE)?;
        let hub = Arc::clone(&self.ear.hub);
        let made = VmProcess::create(&self.id, hub, open, parameters, self.timeouts.clone()).await;
        match made {
            Ok(process) => Ok(Box::new(process)),
            Err(failure) => Err(failure
                .about(CREATE, self.object())
                .with_operation(format!("{CREATE}: {}", parameters.command_line))),
        }
    }

    async fn open_process(&self, pid: u32) -> Result<Box<dyn Process>> {
        const OPEN: &str = operation::OPEN_PROCESS;
        let open = self.open(OPEN)?;
        let hub = Arc::clone(&self.ear.hub);
        match VmProcess::open(&self.id, hub, open, pid, self.timeouts.clone()).await {
            Ok(process) => Ok(Box::new(process)),
            Err(failure) => Err(failure.about(OPEN, self.object())),
        }
    }

    fn events(&self) -> EventStream {
        self.ear.hub.events()
    }

    async fn close(&self) -> Result<()> {
        let closing = self.open.close();
        self.ear.hub.close();
        let deadline = Instant::now() + self.timeouts.syscall_watcher;
        within(deadline, closing)
            .await
            .map_err(|failure| failure.about(operation::CLOSE, self.object()))
    }
}

impl Drop for VmSystem {
    fn drop(&mut self) {
        self.ear.hub.close();
    }
}
