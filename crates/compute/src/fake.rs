//! A compute service in memory, for tests of what is built on the traits.
//!
//! [`FakeService`] keeps systems and processes that follow the states of real
//! ones ([`crate::state`]): each call that a host would refuse fails with the
//! host's code. Beyond that it
//!
//! - records every call, in order ([`FakeService::calls`]);
//! - fails any of them ([`FakeService::fail_next`], [`FakeService::fail_nth`]),
//!   before it had an effect, and lets any take its time ([`FakeService::delay`]);
//! - lets a test play the part of what runs in a system
//!   ([`FakeService::inside`]): processes end, write and read; systems crash.
//!
//! Nothing happens in it by itself, unless [`FakeService::on_process`] names who
//! plays its processes. A shutdown is obeyed at once, SIGKILL ends
//! a process, any other signal is only noted. A system that has stopped is
//! forgotten once its last handle is closed. Streams of
//! [`StdioSource::Files`](crate::StdioSource) are closed, not written to.
//!
//! ```
//! use compute::error::{SystemCode, is_access_is_denied};
//! use compute::{ComputeService, Document, operation};
//! use compute::fake::FakeService;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let service = FakeService::linux();
//! service.fail_next(operation::START, SystemCode::ERR_VMCOMPUTE_OPERATION_ACCESS_IS_DENIED);
//!
//! let document = Document::from(hcs_schema::schema2::ComputeSystem::default());
//! let system = service.create(&"c1".parse().unwrap(), &document).await.unwrap();
//! assert!(is_access_is_denied(&system.start().await.unwrap_err()));
//! system.start().await.unwrap();
//!
//! let calls: Vec<String> = service.calls().iter().map(ToString::to_string).collect();
//! assert_eq!(calls, ["hcs::CreateComputeSystem c1", "hcs::System::Start c1",
//!     "hcs::System::Start c1"]);
//! # });
//! ```

mod inside;
mod log;
mod pipe;
mod process;
mod record;
mod system;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use hcs_schema::RawJson;
use hcs_schema::schema1::{ComputeSystemQuery, ContainerProperties};
use hcs_schema::schema2::{self, PropertyType};

use self::log::Log;
use self::record::System;
use self::system::FakeSystem;
use crate::error::{Cause, Error, Object, SystemCode};
use crate::{ComputeService, ComputeSystem, Document, Result, SystemId, operation};

pub use self::inside::Inside;
pub use self::log::Call;

/// A compute service in memory. A clone is the same service.
#[derive(Clone)]
pub struct FakeService(Arc<Shared>);

/// Who plays a process: called with its system's inside, its id and its parameters.
type Player = dyn Fn(Inside, u32, &schema2::ProcessParameters) + Send + Sync;

struct Shared {
    os: &'static str,
    log: Log,
    systems: Mutex<BTreeMap<SystemId, Arc<System>>>,
    player: OnceLock<Box<Player>>,
    service_properties: Mutex<BTreeMap<PropertyType, RawJson>>,
}

impl FakeService {
    /// A service whose systems run Linux.
    pub fn linux() -> Self {
        Self::new("linux")
    }

    /// A service whose systems run Windows.
    pub fn windows() -> Self {
        Self::new("windows")
    }

    fn new(os: &'static str) -> Self {
        Self(Arc::new(Shared {
            os,
            log: Log::default(),
            systems: Mutex::default(),
            player: OnceLock::new(),
            service_properties: Mutex::default(),
        }))
    }

    /// All calls so far, in the order in which they were made.
    pub fn calls(&self) -> Vec<Call> {
        self.0.log.calls()
    }

    /// The next call of this name ([`crate::operation`]) fails; those after it
    /// do not. The error names the call and its object, unless the cause is a
    /// whole [`Error`] about such an object.
    pub fn fail_next(&self, operation: &str, cause: impl Into<Cause>) {
        self.0.log.fail_next(operation, cause.into());
    }

    /// The `n`th call from now fails, whichever it is; the next one is the first.
    pub fn fail_nth(&self, n: usize, cause: impl Into<Cause>) {
        self.0.log.fail_nth(n, cause.into());
    }

    /// From now on each call of this name takes this much longer.
    pub fn delay(&self, operation: &str, time: Duration) {
        self.0.log.delay(operation, time);
    }

    /// Calls `player` for each process that is made from now on, so that it does
    /// what its program would. Only the first player is heard.
    pub fn on_process(
        &self,
        player: impl Fn(Inside, u32, &schema2::ProcessParameters) + Send + Sync + 'static,
    ) {
        // A second one is dropped, as said.
        let _ = self.0.player.set(Box::new(player));
    }

    /// What the service answers from now on to a question about itself; without
    /// it such a question has no answer.
    pub fn set_service_property(&self, property: PropertyType, answer: RawJson) {
        let mut properties =
            self.0.service_properties.lock().unwrap_or_else(PoisonError::into_inner);
        properties.insert(property, answer);
    }

    /// The inside of a system, where the service has it.
    pub fn inside(&self, id: &str) -> Option<Inside> {
        self.0.systems().get(&id.parse().ok()?).map(|system| Inside(Arc::clone(system)))
    }
}

impl Shared {
    /// A process was made.
    fn started(&self, system: &Arc<System>, pid: u32, parameters: &schema2::ProcessParameters) {
        if let Some(player) = self.player.get() {
            player(Inside(Arc::clone(system)), pid, parameters);
        }
    }

    fn systems(&self) -> MutexGuard<'_, BTreeMap<SystemId, Arc<System>>> {
        self.systems.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives one handle to a system up, and forgets the system where it has
    /// stopped and this was the last one.
    fn release(&self, system: &System) {
        let mut systems = self.systems();
        if system.release() {
            systems.remove(&system.id);
        }
    }
}

#[async_trait]
impl ComputeService for FakeService {
    async fn create(&self, id: &SystemId, document: &Document) -> Result<Box<dyn ComputeSystem>> {
        let object = Object::System(id.into());
        let json = document
            .to_json()
            .map_err(|error| Error::about(operation::CREATE, object.clone(), error))?;
        self.0.log.call(operation::CREATE, object.clone(), &json).await?;
        let mut systems = self.0.systems();
        if systems.contains_key(id) {
            let code = SystemCode::ERR_SYSTEM_ALREADY_EXISTS;
            return Err(Error::about(operation::CREATE, object, code));
        }
        let system = Arc::new(System::new(id, document, self.0.os));
        systems.insert(id.clone(), Arc::clone(&system));
        Ok(Box::new(FakeSystem::new(&self.0, &system)))
    }

    async fn open(&self, id: &SystemId) -> Result<Box<dyn ComputeSystem>> {
        self.0.log.call(operation::OPEN, Object::System(id.into()), &()).await?;
        match self.0.systems().get(id) {
            Some(system) => Ok(Box::new(FakeSystem::new(&self.0, system))),
            None => {
                let code = SystemCode::ERR_COMPUTE_SYSTEM_DOES_NOT_EXIST;
                Err(Error::system(operation::OPEN, id, code))
            }
        }
    }

    async fn enumerate(&self, query: &ComputeSystemQuery) -> Result<Vec<ContainerProperties>> {
        self.0.log.call(operation::ENUMERATE, Object::Service, query).await?;
        let systems = self.0.systems();
        let selected = systems.values().filter(|system| system.is_selected(query));
        Ok(selected.map(|system| system.summary()).collect())
    }

    async fn service_properties(
        &self,
        query: &schema2::PropertyQuery,
    ) -> Result<schema2::ServiceProperties> {
        self.0.log.call(operation::SERVICE_PROPERTIES, Object::Service, query).await?;
        let known = self.0.service_properties.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = query.property_types.iter().filter_map(|property| known.get(property));
        Ok(schema2::ServiceProperties {
            properties: answers.cloned().collect(),
            ..Default::default()
        })
    }

    async fn modify_service_settings(&self, request: &schema2::ModificationRequest) -> Result<()> {
        self.0.log.call(operation::MODIFY_SERVICE_SETTINGS, Object::Service, request).await
    }
}
