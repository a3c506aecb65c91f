//! Compute systems through vmcompute.dll: the calls of the time of schema 1, which
//! later Windows still has.
//!
//! A call blocks, so it is made on a thread for such calls. One that answers
//! `ERROR_VMCOMPUTE_OPERATION_PENDING` goes on, and a notification tells its end;
//! a callback only puts down what it hears, for the futures that wait for it.

mod calls;
mod handle;
mod notify;
mod process;
mod process_calls;
pub(crate) mod raw;
mod system;

use std::sync::Arc;

use async_trait::async_trait;
use compute::error::Object;
use compute::timeouts::Timeouts;
use compute::{ComputeService, ComputeSystem, Document, Result, SystemId, operation};
use hcs_schema::schema1::{ComputeSystemQuery, ContainerProperties};
use hcs_schema::schema2;
use tokio::time::Instant;

use self::notify::{Completion, SystemEar};
use self::system::{OpenSystem, VmSystem};
use crate::blocking::blocking;
use crate::failure::{Outcome, check, document, within};
use crate::handle::{Closable, Closed};
use crate::system::HcsSystem;
use crate::wide::{CoTaskString, Wide};

/// The compute service's first generation.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    timeouts: Timeouts,
}

impl Service {
    /// With the time limits that the environment says.
    pub(crate) fn new() -> Self {
        Self { timeouts: Timeouts::from_env() }
    }

    async fn make(&self, id: &SystemId, document: &Document) -> Outcome<HcsSystem<VmSystem>> {
        let (name, configuration) = (Wide::new(id.as_str())?, Wide::json(&document.to_json()?)?);
        let ear = SystemEar::new();
        let awaited = ear.listen(Completion::Create);
        let deadline = Instant::now() + self.timeouts.system_create;
        let heard = ear.clone();
        let create = blocking(move || calls::create(&name, &configuration, heard));
        let calls::Made { system, pending, closed } = within(deadline, create).await?;
        let made = async {
            if pending {
                ear.wait(awaited, deadline).await?;
            }
            self.system(id, ear, system.open(), closed).await
        };
        let made = made.await;
        match made {
            Ok(_) => system.keep(),
            Err(_) => system.undo().await,
        }
        made
    }

    async fn find(&self, id: &SystemId) -> Outcome<HcsSystem<VmSystem>> {
        let name = Wide::new(id.as_str())?;
        let ear = SystemEar::new();
        let heard = ear.clone();
        let open = blocking(move || calls::open(&name, heard));
        let (open, closed) = within(self.deadline(), open).await?;
        self.system(id, ear, open, closed).await
    }

    async fn system(
        &self,
        id: &SystemId,
        ear: Arc<SystemEar>,
        open: Arc<OpenSystem>,
        closed: Closed,
    ) -> Outcome<HcsSystem<VmSystem>> {
        let calls = VmSystem::new(id, ear, Closable::new(open, closed), self.timeouts.clone());
        HcsSystem::new(id, calls).await
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.timeouts.syscall_watcher
    }

    /// Makes a call about no system.
    async fn call<T: Send + 'static>(
        &self,
        operation: &'static str,
        call: impl FnOnce() -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        within(self.deadline(), blocking(call))
            .await
            .map_err(|failure| failure.about(operation, Object::Service))
    }
}

#[async_trait]
impl ComputeService for Service {
    async fn create(&self, id: &SystemId, document: &Document) -> Result<Box<dyn ComputeSystem>> {
        match self.make(id, document).await {
            Ok(system) => Ok(Box::new(system)),
            Err(failure) => Err(failure.about(operation::CREATE, Object::System(id.into()))),
        }
    }

    async fn open(&self, id: &SystemId) -> Result<Box<dyn ComputeSystem>> {
        match self.find(id).await {
            Ok(system) => Ok(Box::new(system)),
            Err(failure) => Err(failure.about(operation::OPEN, Object::System(id.into()))),
        }
    }

    async fn enumerate(&self, query: &ComputeSystemQuery) -> Result<Vec<ContainerProperties>> {
        let query = Wide::json(query);
        self.call(operation::ENUMERATE, move || {
            let (query, mut systems) = (query?, CoTaskString::empty());
            let mut result = CoTaskString::empty();
            // SAFETY: the query ends with a NUL, the strings are ours.
            let called = unsafe {
                raw::HcsEnumerateComputeSystems(query.as_ptr(), systems.out(), result.out())
            };
            check(called, result.text())?;
            document(systems.text())
        })
        .await
    }

    async fn service_properties(
        &self,
        query: &schema2::PropertyQuery,
    ) -> Result<schema2::ServiceProperties> {
        let query = Wide::json(query);
        self.call(operation::SERVICE_PROPERTIES, move || {
            let (query, mut properties) = (query?, CoTaskString::empty());
            let mut result = CoTaskString::empty();
            // SAFETY: the query ends with a NUL, the strings are ours.
            let called = unsafe {
                raw::HcsGetServiceProperties(query.as_ptr(), properties.out(), result.out())
            };
            check(called, result.text())?;
            document(properties.text())
        })
        .await
    }

    async fn modify_service_settings(&self, request: &schema2::ModificationRequest) -> Result<()> {
        let request = Wide::json(request);
        self.call(operation::MODIFY_SERVICE_SETTINGS, move || {
            let (request, mut result) = (request?, CoTaskString::empty());
            // SAFETY: the request ends with a NUL, the result is ours.
            let called = unsafe { raw::HcsModifyServiceSettings(request.as_ptr(), result.out()) };
            check(called, result.text())
        })
        .await
    }
}
