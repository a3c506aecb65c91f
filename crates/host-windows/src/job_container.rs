//! Host process containers: processes of the host in a job object, with the host's own
//! files and, at one place among them, those of an image.
//!
//! Source of what is here: the reference's package `internal/jobcontainers`. Where the
//! host has the bind filter (bindfltapi.dll: Windows Server 2022 on), the job is a silo
//! that sees its files at `C:\hpc` and its mounts where the spec has them. Else the
//! files are at `C:\hpc\<id>` for everybody to see, and mounts are links below that.

mod control;
mod end;
mod facts;
mod files;
mod process;
mod system;
mod user;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use compute::error::{Object, SystemCode};
use compute::state::State;
use compute::{ComputeSystem, SystemId, operation};
use oci::Spec;
use oci::container::cpu_affinity;
use oci::host_process::{JobCpu, JobLimits, RootLocation, inherits_user};

use crate::blocking::blocking;
use crate::failure::{Failure, Outcome};
use crate::hub::Hub;
use crate::job::{CpuLimit, GroupAffinity, IoLimit, Job, JobName, Limits};
use crate::system::HcsSystem;
use files::Files;
use process::Running;
use system::JobSystem;
use user::User;

/// Makes the container of a spec. The files of its image are mounted already: at
/// `root.path` is a volume (`\\?\Volume{GUID}\`), or a folder, which is used as it is.
///
/// Its processes end with the last handle to it.
///
/// # Errors
/// The spec asks for what such a container can't have, there is one of this id, or the
/// system refuses. Nothing is left then.
pub async fn create(id: &SystemId, spec: &Spec) -> compute::Result<Box<dyn ComputeSystem>> {
    let failed = |failure: Failure| failure.about(operation::CREATE, Object::System(id.into()));
    let (own, spec) = (id.clone(), spec.clone());
    let container = blocking(move || Container::create(&own, &spec)).await.map_err(failed)?;
    let system = HcsSystem::new(id, JobSystem::new(container)).await.map_err(failed)?;
    Ok(Box::new(system))
}

/// Removes what a container has left whose shim was killed: the folder that its volume
/// was mounted at, and the account that was made for it. Its processes have ended with
/// the shim.
///
/// # Errors
/// Something of it is still there.
pub async fn remove_remains(id: &SystemId, spec: &Spec) -> compute::Result<()> {
    const REMOVE: &str = "removing what a host process container has left";
    let (own, spec) = (id.clone(), spec.clone());
    let removed = blocking(move || {
        let account = user::remove_account(&own);
        files::remove_remains(&own, &spec)?;
        account
    });
    removed.await.map_err(|failure| failure.about(REMOVE, Object::System(id.into())))
}

/// A container.
///
/// The job is dropped first: what is left of its processes ends before the files and
/// the account go that they use.
#[derive(Debug)]
struct Container {
    id: SystemId,
    job: Job,
    root: RootLocation,
    files: Mutex<Files>,
    inherits_user: bool,
    /// Who its processes run as, once there was the first of them.
    user: Mutex<Option<Arc<User>>>,
    hub: Arc<Hub>,
    state: Mutex<State>,
    started: OnceLock<SystemTime>,
    has_first_process: AtomicBool,
    is_ending: AtomicBool,
    processes: Mutex<BTreeMap<u32, Arc<Running>>>,
}

impl Container {
    fn create(id: &SystemId, spec: &Spec) -> Outcome<Arc<Self>> {
        let job = make_job(id)?;
        limit(&job, spec)?;
        let (root, files) = files::lay(&job, id, spec)?;
        Ok(Arc::new(Self {
            id: id.clone(),
            job,
            root,
            files: Mutex::new(files),
            inherits_user: inherits_user(spec),
            user: Mutex::default(),
            hub: Hub::new(),
            state: Mutex::new(State::Created),
            started: OnceLock::new(),
            has_first_process: AtomicBool::new(false),
            is_ending: AtomicBool::new(false),
            processes: Mutex::default(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn processes(&self) -> MutexGuard<'_, BTreeMap<u32, Arc<Running>>> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who the processes run as. The first of them decides.
    fn user(&self, name: &str) -> Outcome<Arc<User>> {
        let mut user = self.user.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(user) = &*user {
            return Ok(Arc::clone(user));
        }
        let new = if self.inherits_user { User::own()? } else { User::log_on(name, &self.id)? };
        Ok(Arc::clone(user.insert(Arc::new(new))))
    }
}

/// The job, which nobody else has.
fn make_job(id: &SystemId) -> Outcome<Job> {
    let name = JobName::session(&format!("JobContainer_{id}"))?;
    if Job::open(&name).is_ok() {
        return Err(SystemCode::ERR_SYSTEM_ALREADY_EXISTS.into());
    }
    let job = Job::create(Some(&name))?;
    job.end_with_last_handle()?;
    if let Err(error) = job.track_storage() {
        tracing::warn!(%error, "what the container reads and writes is not counted");
    }
    Ok(job)
}

fn limit(job: &Job, spec: &Spec) -> Outcome<()> {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let processors = i32::try_from(processors).unwrap_or(i32::MAX);
    let JobLimits { cpu, memory, iops, bandwidth } = JobLimits::from_spec(spec, processors)?;
    let cpu = cpu.map(|cpu| match cpu {
        JobCpu::Rate(rate) => CpuLimit::Rate(rate),
        JobCpu::Weight(weight) => CpuLimit::Weight(weight),
    });
    let io = IoLimit { bandwidth, operations: iops };
    let io = (io != IoLimit::default()).then_some(io);
    job.limit(&Limits { cpu, memory, io })?;
    let groups: Result<Vec<_>, _> = cpu_affinity(spec, crate::build())?
        .iter()
        .map(|entry| Ok(GroupAffinity { mask: entry.mask, group: u16::try_from(entry.group)? }))
        .collect();
    match groups.map_err(|error: std::num::TryFromIntError| Failure::from(error))?.as_slice() {
        [] => Ok(()),
        // What also a host has that knows no groups.
        [GroupAffinity { mask, group: 0 }] => Ok(job.set_affinity(*mask)?),
        groups => Ok(job.set_group_affinities(groups)?),
    }
}

#[cfg(test)]
mod tests;
