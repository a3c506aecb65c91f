//! A handle to a compute system of the fake.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use hcs_schema::schema2::{
    ModifySettingRequest, PauseOptions, ProcessParameters, Properties, PropertyQuery, PropertyType,
    SaveOptions,
};
use hcs_schema::{HResult, SystemType};
use serde::Serialize;

use super::Shared;
use super::process::FakeProcess;
use super::record::System;
use crate::error::{Error, Named, SystemCode};
use crate::state::{Operation, ignore_ended};
use crate::{
    ComputeSystem, EventStream, Process, Result, StdioSource, SystemExit, SystemId, operation,
};

/// A handle; the system itself is a [`System`].
pub(super) struct FakeSystem {
    shared: Arc<Shared>,
    system: Arc<System>,
    closed: AtomicBool,
}

impl FakeSystem {
    pub(super) fn new(shared: &Arc<Shared>, system: &Arc<System>) -> Self {
        system.update(|live| live.handles += 1);
        Self {
            shared: Arc::clone(shared),
            system: Arc::clone(system),
            closed: AtomicBool::new(false),
        }
    }

    fn error(&self, operation: &'static str, cause: impl Into<crate::error::Cause>) -> Error {
        Error::about(operation, self.system.object(), cause)
    }

    /// Records a call and fails it where the handle is closed or a fault is set.
    async fn call(
        &self,
        operation: &'static str,
        argument: &(impl Serialize + Sync),
    ) -> Result<()> {
        self.shared.log.call(operation, self.system.object(), argument).await?;
        if self.closed.load(Ordering::SeqCst) {
            return Err(self.error(operation, Named::AlreadyClosed));
        }
        Ok(())
    }

    /// A call that does no more than move the state.
    async fn advance(
        &self,
        name: &'static str,
        operation: Operation,
        argument: &(impl Serialize + Sync),
    ) -> Result<()> {
        self.call(name, argument).await?;
        let outcome = self.system.update(|live| live.advance(operation));
        outcome.map_err(|code| self.error(name, code))
    }

    fn release(&self) {
        if !self.closed.swap(true, Ordering::SeqCst) {
            self.shared.release(&self.system);
        }
    }
}

#[async_trait]
impl ComputeSystem for FakeSystem {
    fn id(&self) -> &SystemId {
        &self.system.id
    }

    fn system_type(&self) -> &str {
        match self.system.system_type {
            SystemType::VirtualMachine => "virtualmachine",
            _ => "container",
        }
    }

    fn os(&self) -> &str {
        self.system.os
    }

    fn is_oci(&self) -> bool {
        self.system.is_oci()
    }

    async fn start(&self) -> Result<()> {
        self.advance(operation::START, Operation::Start, &()).await
    }

    async fn shutdown(&self) -> Result<()> {
        let asked = self.advance(operation::SHUTDOWN, Operation::Shutdown, &()).await;
        if asked.is_ok() {
            self.system.update(|live| live.stop("GracefulExit", HResult::S_OK));
        }
        ignore_ended(asked)
    }

    async fn terminate(&self) -> Result<()> {
        ignore_ended(self.advance(operation::TERMINATE, Operation::Terminate, &()).await)
    }

    async fn wait(&self) -> Result<SystemExit> {
        self.call(operation::WAIT, &()).await?;
        let exit = self.system.wait_for(|live| match &live.exit {
            Some(exit) => Some(Ok(exit.clone())),
            None if self.closed.load(Ordering::SeqCst) => Some(Err(Named::AlreadyClosed)),
            None => None,
        });
        exit.await.map_err(|named| self.error(operation::WAIT, named))
    }

    async fn pause(&self, options: &PauseOptions) -> Result<()> {
        self.advance(operation::PAUSE, Operation::Pause, options).await
    }

    async fn resume(&self) -> Result<()> {
        self.advance(operation::RESUME, Operation::Resume, &()).await
    }

    async fn save(&self, options: &SaveOptions) -> Result<()> {
        self.advance(operation::SAVE, Operation::Save, options).await
    }

    async fn properties(&self, query: &PropertyQuery) -> Result<Properties> {
        self.advance(operation::PROPERTIES, Operation::Properties, query).await?;
        Ok(self.system.properties(query.property_types.contains(&PropertyType::ProcessList)))
    }

    async fn modify(&self, request: &ModifySettingRequest) -> Result<()> {
        self.advance(operation::MODIFY, Operation::Modify, request).await
    }

    async fn create_process(
        &self,
        parameters: &ProcessParameters,
        stdio: StdioSource,
    ) -> Result<Box<dyn Process>> {
        self.call(operation::CREATE_PROCESS, parameters).await?;
        let created = self.system.update(|live| {
            let init = self.system.is_oci() && live.processes.is_empty();
            live.advance(Operation::CreateProcess { init })?;
            Ok::<_, SystemCode>(live.add_process(parameters, &stdio))
        });
        match created {
            Ok(pid) => {
                self.shared.started(&self.system, pid, parameters);
                Ok(Box::new(FakeProcess::new(&self.shared, &self.system, pid)))
            }
            Err(code) => {
                let name = format!("{}: {}", operation::CREATE_PROCESS, parameters.command_line);
                Err(Error::about(name, self.system.object(), code))
            }
        }
    }

    async fn open_process(&self, pid: u32) -> Result<Box<dyn Process>> {
        self.call(operation::OPEN_PROCESS, &pid).await?;
        if !self.system.live().processes.contains_key(&pid) {
            return Err(self.error(operation::OPEN_PROCESS, SystemCode::ERR_ELEMENT_NOT_FOUND));
        }
        Ok(Box::new(FakeProcess::new(&self.shared, &self.system, pid)))
    }

    fn events(&self) -> EventStream {
        self.system.live().listen()
    }

    async fn close(&self) -> Result<()> {
        self.call(operation::CLOSE, &()).await?;
        self.release();
        Ok(())
    }
}

impl Drop for FakeSystem {
    fn drop(&mut self) {
        self.release();
    }
}
