//! Compute systems through computecore.dll: calls that an operation tracks.
//!
//! A call is begun on a thread for what may block, and its end wakes who waits for
//! it: no thread waits for the service, however many systems there are.

mod calls;
mod events;
mod handle;
mod process;
mod raw;
mod system;
mod tracked;

use std::sync::Arc;

use async_trait::async_trait;
use compute::error::Object;
use compute::timeouts::Timeouts;
use compute::{ComputeService, ComputeSystem, Document, Result, SystemId, operation};
use hcs_schema::schema1::{ComputeSystemQuery, ContainerProperties};
use hcs_schema::schema2;
use tokio::time::Instant;

use self::calls::NewSystem;
use self::raw::LocalString;
use self::system::{CoreSystem, OpenSystem};
use self::tracked::{Operation, track};
use crate::blocking::blocking;
use crate::failure::{Outcome, check, document, within};
use crate::handle::{Closable, Closed};
use crate::hub::Hub;
use crate::system::HcsSystem;
use crate::wide::Wide;

/// The compute service's second generation.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    timeouts: Timeouts,
}

impl Service {
    /// With the time limits that the environment says.
    pub(crate) fn new() -> Self {
        Self { timeouts: Timeouts::from_env() }
    }

    async fn make(&self, id: &SystemId, document: &Document) -> Outcome<HcsSystem<CoreSystem>> {
        let (name, configuration) = (Wide::new(id.as_str())?, Wide::json(&document.to_json()?)?);
        let hub = Hub::new();
        let target = Arc::clone(&hub);
        let deadline = Instant::now() + self.timeouts.system_create;
        let begin = blocking(move || calls::create(&name, &configuration, target));
        let NewSystem { system, mut creation, closed } = within(deadline, begin).await?;
        let ended = async {
            creation.ended().await;
            creation.document().map(drop)
        };
        let made = tokio::select! {
            biased;
            made = within(deadline, ended) => made,
            named = hub.gone() => Err(named.into()),
        };
        if let Err(failure) = made {
            match failure.code() {
                // There is no system: the handle is all there is to give back.
                Some(_) => system.keep(),
                None => system.undo().await,
            }
            return Err(failure);
        }
        let made = self.system(id, hub, system.open(), closed).await;
        match made {
            Ok(_) => system.keep(),
            Err(_) => system.undo().await,
        }
        made
    }

    async fn find(&self, id: &SystemId) -> Outcome<HcsSystem<CoreSystem>> {
        let name = Wide::new(id.as_str())?;
        let hub = Hub::new();
        let target = Arc::clone(&hub);
        let open = blocking(move || calls::open(&name, target));
        let (open, closed) = within(self.deadline(), open).await?;
        self.system(id, hub, open, closed).await
    }

    async fn system(
        &self,
        id: &SystemId,
        hub: Arc<Hub>,
        open: Arc<OpenSystem>,
        closed: Closed,
    ) -> Outcome<HcsSystem<CoreSystem>> {
        let calls = CoreSystem::new(id, hub, Closable::new(open, closed), self.timeouts.clone());
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
        let listed = async {
            let query = Arc::new(Wide::json(query)?);
            let begin = |query: &Wide| {
                // SAFETY: the query ends with a NUL.
                Operation::begin(|operation| unsafe {
                    raw::HcsEnumerateComputeSystems(query.as_ptr(), operation)
                })
            };
            let listing = track(query, self.deadline(), std::future::pending(), begin).await?;
            document(listing.document()?)
        };
        let listed: Outcome<_> = listed.await;
        listed.map_err(|failure| failure.about(operation::ENUMERATE, Object::Service))
    }

    async fn service_properties(
        &self,
        query: &schema2::PropertyQuery,
    ) -> Result<schema2::ServiceProperties> {
        let query = Wide::json(query);
        self.call(operation::SERVICE_PROPERTIES, move || {
            let (query, mut result) = (query?, LocalString::empty());
            // SAFETY: the query ends with a NUL, the result is ours.
            let called = unsafe { raw::HcsGetServiceProperties(query.as_ptr(), result.out()) };
            check(called, result.text())?;
            document(result.text())
        })
        .await
    }

    async fn modify_service_settings(&self, request: &schema2::ModificationRequest) -> Result<()> {
        let request = Wide::json(request);
        self.call(operation::MODIFY_SERVICE_SETTINGS, move || {
            let (request, mut result) = (request?, LocalString::empty());
            // SAFETY: the request ends with a NUL, the result is ours.
            let called = unsafe { raw::HcsModifyServiceSettings(request.as_ptr(), result.out()) };
            check(called, result.text())
        })
        .await
    }
}
