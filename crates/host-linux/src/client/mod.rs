//! The host as its callers see it: the traits of [`compute`], over workers.

mod connection;
mod console;
mod process;
mod remains;
mod spawn;
mod stopped;
mod system;

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use compute::error::SystemCode;
use compute::timeouts::Timeouts;
use compute::{ComputeService, ComputeSystem, Document, Error, Result, SystemId};
use hcs_schema::SystemType;
use hcs_schema::schema1::{ComputeSystemQuery, ContainerProperties};
use hcs_schema::schema2::{ModificationRequest, PropertyQuery, ServiceProperties};

pub use stopped::StoppedSystem;

use self::connection::Connection;
use self::system::LinuxSystem;
use crate::failure::{failure, io_failure};
use crate::store::{self, Look, Record};
use crate::wire::{Create, Opened, Request};
use crate::{Roots, reclaim};

use compute::operation::CREATE;
use compute::operation::ENUMERATE;
use compute::operation::OPEN;

/// How long a worker that holds its lock may take to answer a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// Compute systems on this machine.
///
/// Its futures need a tokio runtime with input, output and time enabled. A
/// handle lives no longer than the runtime that it was made in.
///
/// ```no_run
/// # async fn run() -> compute::Result<()> {
/// use compute::ComputeService;
/// use host_linux::LinuxHost;
///
/// let host = LinuxHost::new();
/// for system in host.enumerate(&Default::default()).await? {
///     println!("{} is {}", system.id, system.state);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct LinuxHost {
    roots: Roots,
    timeouts: Timeouts,
}

impl Default for LinuxHost {
    fn default() -> Self {
        Self::new()
    }
}

impl LinuxHost {
    /// The host whose folders and time limits the environment names.
    pub fn new() -> Self {
        Self::with_roots(Roots::from_env())
    }

    /// A host of its own folders.
    pub fn with_roots(roots: Roots) -> Self {
        Self { roots, timeouts: Timeouts::from_env() }
    }

    /// Where it keeps its state.
    pub fn roots(&self) -> &Roots {
        &self.roots
    }

    /// Makes room for a system: what a dead worker left under its id goes.
    async fn make_room(&self, id: &SystemId) -> Result<()> {
        let io = |error: io::Error| {
            io_failure(CREATE, id.as_str(), "preparing the state folder", &error)
        };
        self.roots.prepare().map_err(io)?;
        match remains::look(&self.roots, id).await.map_err(io)? {
            Look::Missing => Ok(()),
            Look::Alive(_) => {
                Err(Error::system(CREATE, id.as_str(), SystemCode::ERR_SYSTEM_ALREADY_EXISTS)
                    .with_hint("delete the compute system of this id first, or choose another id"))
            }
            Look::Dead(locked, mut record) => reclaim::settle(&locked, &mut record)
                .and_then(|()| reclaim::bury(locked, &record))
                .map_err(|error| {
                    io_failure(CREATE, id.as_str(), "removing a stopped system of this id", &error)
                }),
        }
    }

    /// Removes what is left of a creation whose worker has gone.
    async fn undo(&self, id: &SystemId, runtime_id: &str) {
        if let Err(error) = remains::remove(&self.roots, id, runtime_id).await {
            tracing::warn!(%id, %error, "a system that could not be made could not be removed");
        }
    }

    /// The record of each system, those of dead workers settled.
    fn records(&self) -> Result<Vec<Record>> {
        let failed = |error: io::Error| {
            Error::service(ENUMERATE, crate::failure::code_of(&error))
                .with_events([crate::failure::event(format!("reading the state folder: {error}"))])
        };
        let mut records = Vec::new();
        for id in store::ids(&self.roots).map_err(failed)? {
            match store::look(&self.roots, &id).map_err(failed)? {
                Look::Missing => {}
                Look::Alive(path) => match store::read(&path) {
                    Ok(record) => records.push(record),
                    // It was removed meanwhile.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(failed(error)),
                },
                Look::Dead(locked, mut record) => {
                    if record.exit.is_none() {
                        reclaim::settle(&locked, &mut record).map_err(failed)?;
                    }
                    records.push(*record);
                }
            }
        }
        Ok(records)
    }
}

#[async_trait]
impl ComputeService for LinuxHost {
    async fn create(&self, id: &SystemId, document: &Document) -> Result<Box<dyn ComputeSystem>> {
        self.make_room(id).await?;
        let document = document.to_json().map_err(|error| {
            failure(CREATE, id.as_str(), SystemCode::ERR_VMCOMPUTE_INVALID_JSON, error.to_string())
        })?;
        let runtime_id = uuid::Uuid::new_v4().to_string();
        let create = Create {
            id: id.to_string(),
            runtime_id: runtime_id.clone(),
            roots: self.roots.clone(),
            document,
        };
        let socket = spawn::worker().await.map_err(|error| error.into_error(CREATE, id))?;
        let connection = Connection::new(socket, self.roots.clone(), id.clone())
            .map_err(|error| io_failure(CREATE, id.as_str(), "connecting to the worker", &error))?;
        let limit = self.timeouts.system_create;
        let call = connection.call::<Opened>(CREATE, Request::Create(Box::new(create)));
        let opened = match tokio::time::timeout(limit, call).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => {
                if connection::is_lost(&error) {
                    self.undo(id, &runtime_id).await;
                }
                return Err(error);
            }
            Err(_) => {
                drop(connection);
                spawn::kill_worker(&self.roots, id, &runtime_id);
                self.undo(id, &runtime_id).await;
                return Err(Error::system(CREATE, id.as_str(), compute::error::Named::Timeout)
                    .with_hint(
                        "HCSSHIM_TIMEOUT_SYSTEMCREATE sets how many seconds a creation may take",
                    ));
            }
        };
        // Until the worker hears from us again, a closed socket undoes the creation.
        connection.tell(Request::Open);
        Ok(Box::new(LinuxSystem::new(connection, opened, self.timeouts.clone())))
    }

    async fn open(&self, id: &SystemId) -> Result<Box<dyn ComputeSystem>> {
        let failed =
            |error: io::Error| io_failure(OPEN, id.as_str(), "looking for the system", &error);
        let deadline = tokio::time::Instant::now() + CONNECT_LIMIT;
        loop {
            match store::look(&self.roots, id).map_err(failed)? {
                Look::Missing => {
                    return Err(Error::system(
                        OPEN,
                        id.as_str(),
                        SystemCode::ERR_COMPUTE_SYSTEM_DOES_NOT_EXIST,
                    ));
                }
                Look::Dead(locked, mut record) => {
                    reclaim::settle(&locked, &mut record).map_err(failed)?;
                    return Ok(Box::new(StoppedSystem::new(
                        id.clone(),
                        self.roots.clone(),
                        *record,
                    )));
                }
                Look::Alive(path) => match store::connect(&path) {
                    Ok(socket) => {
                        let connection =
                            Connection::new(socket.into(), self.roots.clone(), id.clone())
                                .map_err(failed)?;
                        match connection.call::<Opened>(OPEN, Request::Open).await {
                            Ok(opened) => {
                                return Ok(Box::new(LinuxSystem::new(
                                    connection,
                                    opened,
                                    self.timeouts.clone(),
                                )));
                            }
                            // The worker ended between the two: look again.
                            Err(error) if connection::is_lost(&error) => {}
                            Err(error) => return Err(error),
                        }
                    }
                    // It begins, or it ends.
                    Err(error)
                        if tokio::time::Instant::now() < deadline && is_transient(&error) => {}
                    Err(error) => return Err(failed(error)),
                },
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn enumerate(&self, query: &ComputeSystemQuery) -> Result<Vec<ContainerProperties>> {
        let states = query.extra.get("States").and_then(|states| {
            let states = states.as_array()?.iter();
            Some(states.filter_map(|state| state.as_str().map(str::to_owned)).collect::<Vec<_>>())
        });
        let fits = |wanted: &[String], value: &str| {
            wanted.is_empty() || wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(value))
        };
        let fits_query = |record: &Record| {
            fits(&query.ids, &record.id)
                && fits(&query.names, &record.name)
                && fits(&query.owners, &record.owner)
                && (query.types.is_empty() || query.types.contains(&SystemType::Container))
                && fits(states.as_deref().unwrap_or_default(), &record.state)
        };
        let records = self.records()?;
        Ok(records.iter().filter(|record| fits_query(record)).map(properties).collect())
    }

    async fn service_properties(&self, query: &PropertyQuery) -> Result<ServiceProperties> {
        match query.property_types.first() {
            None => Ok(ServiceProperties::default()),
            Some(property) => Err(not_supported(
                compute::operation::SERVICE_PROPERTIES,
                format!("this host has no service property {property}"),
            )),
        }
    }

    async fn modify_service_settings(&self, request: &ModificationRequest) -> Result<()> {
        Err(not_supported(
            compute::operation::MODIFY_SERVICE_SETTINGS,
            format!("this host has no service setting {}", request.property_type),
        ))
    }
}

fn not_supported(operation: &'static str, message: String) -> Error {
    Error::service(operation, SystemCode::ERR_NOT_SUPPORTED)
        .with_events([crate::failure::event(message)])
}

fn properties(record: &Record) -> ContainerProperties {
    ContainerProperties {
        id: record.id.clone(),
        state: record.state.clone(),
        name: record.name.clone(),
        system_type: "Container".into(),
        runtime_os_type: "Linux".into(),
        owner: record.owner.clone(),
        runtime_id: record.runtime_id.parse().unwrap_or_default(),
        stopped: record.exit.is_some(),
        exit_type: record.exit.as_ref().map(|exit| exit.exit_type.clone()).unwrap_or_default(),
        ..ContainerProperties::default()
    }
}

fn is_transient(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
        || error.raw_os_error() == Some(libc::EAGAIN)
}
