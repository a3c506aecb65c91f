//! A container that was created: its record, and its compute system where
//! that still exists.

use std::fmt;

use anyhow::bail;
use compute::error::is_not_exist;
use compute::{ComputeSystem, SystemId};

use crate::context::Context;
use crate::record::Record;

/// The status of a container, by the names of the OCI runtime specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Created,
    Running,
    Paused,
    Stopped,
    /// A state of the service that the specification has no name for.
    Unknown,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A container that was created.
pub(crate) struct Container {
    pub(crate) record: Record,
    /// `None`: it is over, and nothing of it is left but the record.
    pub(crate) system: Option<Box<dyn ComputeSystem>>,
}

impl Container {
    /// The container of an id.
    pub(crate) async fn load(context: &mut Context<'_>, id: &SystemId) -> anyhow::Result<Self> {
        let record = context.store.read(id)?;
        let system = match record.shim_pid {
            Some(0) => None,
            _ => open(context, id).await?,
        };
        Ok(Self { record, system })
    }

    pub(crate) async fn status(&self) -> anyhow::Result<Status> {
        let Some(system) = &self.system else {
            return Ok(Status::Stopped);
        };
        let properties = match system.properties(&Default::default()).await {
            // It went after it was opened.
            Err(error) if is_not_exist(&error) => return Ok(Status::Stopped),
            properties => properties?,
        };
        Ok(match properties.state.as_str() {
            "Created" => Status::Created,
            "Running" => Status::Running,
            "Paused" => Status::Paused,
            "Stopped" => Status::Stopped,
            _ => Status::Unknown,
        })
    }

    /// The compute system.
    ///
    /// # Errors
    /// It is over; the text is the reference's.
    pub(crate) fn system(&self) -> anyhow::Result<&dyn ComputeSystem> {
        match &self.system {
            Some(system) => Ok(system.as_ref()),
            None => bail!("container is stopped"),
        }
    }

    /// The process id that stands for the container: -1 where none is known,
    /// 0 where its first process is known and has ended.
    pub(crate) fn pid(&self, status: Status) -> i64 {
        match (self.record.shim_pid, self.record.init_pid) {
            (Some(_), Some(_)) if status == Status::Stopped => 0,
            (Some(pid), _) => pid,
            (None, _) => -1,
        }
    }
}

/// The compute system of an id; `None` where there is none.
pub(crate) async fn open(
    context: &mut Context<'_>,
    id: &SystemId,
) -> anyhow::Result<Option<Box<dyn ComputeSystem>>> {
    match context.service()?.open(id).await {
        Ok(system) => Ok(Some(system)),
        Err(error) if is_not_exist(&error) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
