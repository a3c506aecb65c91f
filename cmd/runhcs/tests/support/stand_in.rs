//! The compute service that the golden data was recorded on: the end of an id
//! tells the system's state, pause and resume succeed in every state, shutdown
//! and terminate say that the system has stopped.

use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use compute::error::SystemCode;
use compute::{
    ComputeService, ComputeSystem, Document, Error, EventStream, Process, Result, StdioSource,
    SystemEvent, SystemExit, SystemId, operation,
};
use futures_core::Stream;
use hcs_schema::schema1::{ComputeSystemQuery, ContainerProperties};
use hcs_schema::schema2::{
    ModificationRequest, ModifySettingRequest, PauseOptions, ProcessParameters, Properties,
    PropertyQuery, SaveOptions, ServiceProperties,
};

pub(crate) struct StandIn;

struct System {
    id: SystemId,
    state: &'static str,
}

impl System {
    fn stopped<T>(&self, operation: &'static str) -> Result<T> {
        Err(Error::system(operation, &self.id, SystemCode::ERR_VMCOMPUTE_ALREADY_STOPPED))
    }
}

/// No events.
struct Silent;

impl Stream for Silent {
    type Item = SystemEvent;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<SystemEvent>> {
        Poll::Ready(None)
    }
}

fn not_supported<T>(operation: &'static str) -> Result<T> {
    Err(Error::service(operation, SystemCode::ERR_NOT_SUPPORTED))
}

#[async_trait]
impl ComputeService for StandIn {
    async fn create(&self, _: &SystemId, _: &Document) -> Result<Box<dyn ComputeSystem>> {
        not_supported(operation::CREATE)
    }

    async fn open(&self, id: &SystemId) -> Result<Box<dyn ComputeSystem>> {
        let failed = |code| Err(Error::system(operation::OPEN, id, code));
        let state = match id.as_str().rsplit('-').next() {
            Some("run") => "Running",
            Some("new") => "Created",
            Some("pause") => "Paused",
            Some("stop") => "Stopped",
            Some("odd") => "SavedAsTemplate",
            Some("denied") => return failed(SystemCode(5)),
            _ => return failed(SystemCode::ERR_COMPUTE_SYSTEM_DOES_NOT_EXIST),
        };
        Ok(Box::new(System { id: id.clone(), state }))
    }

    async fn enumerate(&self, _: &ComputeSystemQuery) -> Result<Vec<ContainerProperties>> {
        not_supported(operation::ENUMERATE)
    }

    async fn service_properties(&self, _: &PropertyQuery) -> Result<ServiceProperties> {
        not_supported(operation::SERVICE_PROPERTIES)
    }

    async fn modify_service_settings(&self, _: &ModificationRequest) -> Result<()> {
        not_supported(operation::MODIFY_SERVICE_SETTINGS)
    }
}

#[async_trait]
impl ComputeSystem for System {
    fn id(&self) -> &SystemId {
        &self.id
    }

    fn system_type(&self) -> &str {
        "container"
    }

    fn os(&self) -> &str {
        "windows"
    }

    fn is_oci(&self) -> bool {
        false
    }

    async fn start(&self) -> Result<()> {
        Ok(())
    }

    async fn shutdown(&self) -> Result<()> {
        self.stopped(operation::SHUTDOWN)
    }

    async fn terminate(&self) -> Result<()> {
        self.stopped(operation::TERMINATE)
    }

    async fn wait(&self) -> Result<SystemExit> {
        self.stopped(operation::WAIT)
    }

    async fn pause(&self, _: &PauseOptions) -> Result<()> {
        Ok(())
    }

    async fn resume(&self) -> Result<()> {
        Ok(())
    }

    async fn save(&self, _: &SaveOptions) -> Result<()> {
        not_supported(operation::SAVE)
    }

    async fn properties(&self, _: &PropertyQuery) -> Result<Properties> {
        Ok(Properties { state: self.state.into(), ..Properties::default() })
    }

    async fn modify(&self, _: &ModifySettingRequest) -> Result<()> {
        not_supported(operation::MODIFY)
    }

    async fn create_process(
        &self,
        _: &ProcessParameters,
        _: StdioSource,
    ) -> Result<Box<dyn Process>> {
        not_supported(operation::CREATE_PROCESS)
    }

    async fn open_process(&self, _: u32) -> Result<Box<dyn Process>> {
        Err(Error::system(operation::OPEN_PROCESS, &self.id, SystemCode::ERR_ELEMENT_NOT_FOUND))
    }

    fn events(&self) -> EventStream {
        Box::pin(Silent)
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}
