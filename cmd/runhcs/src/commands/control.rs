//! Commands that change a container: start, kill, delete, pause, resume, resize-tty.

use std::time::Duration;

use anyhow::{anyhow, bail};
use compute::error::is_not_exist;
use compute::{ComputeSystem, ConsoleSize, Signal, SystemId};
use hcs_schema::schema2::{PropertyQuery, PropertyType};

use crate::cli::{Delete, Id, Kill, ResizeTty};
use crate::container::{Container, Status, open};
use crate::context::{Context, system_id};
use crate::signals;
use crate::store::StoreError;

/// How long a container that was killed may take to end.
const END_LIMIT: Duration = Duration::from_secs(10);

/// The refusals are the reference's.
pub(super) async fn start(id: &Id, context: &mut Context<'_>) -> anyhow::Result<u8> {
    let container = Container::load(context, &system_id(&id.id)?).await?;
    match container.status().await? {
        Status::Created => container.system()?.start().await?,
        Status::Stopped => bail!("cannot start a container that has stopped"),
        Status::Running => bail!("cannot start an already running container"),
        other => bail!("cannot start a container in the '{other}' state"),
    }
    Ok(0)
}

pub(super) async fn pause(id: &Id, context: &mut Context<'_>) -> anyhow::Result<u8> {
    let container = Container::load(context, &system_id(&id.id)?).await?;
    container.system()?.pause(&Default::default()).await?;
    Ok(0)
}

pub(super) async fn resume(id: &Id, context: &mut Context<'_>) -> anyhow::Result<u8> {
    let container = Container::load(context, &system_id(&id.id)?).await?;
    container.system()?.resume().await?;
    Ok(0)
}

pub(super) async fn kill(kill: &Kill, context: &mut Context<'_>) -> anyhow::Result<u8> {
    let container = Container::load(context, &system_id(&kill.id)?).await?;
    let system = container.system()?;
    if container.status().await? == Status::Stopped {
        bail!("container is stopped");
    }
    let signal = signals::parse(&kill.signal)?;
    if kill.all {
        signal_all(system, signal).await?;
        return Ok(0);
    }
    let pid = container.record.init_pid.ok_or_else(|| no_init(&kill.id))?;
    let process = system.open_process(pid).await?;
    if !process.signal(&Signal::Linux(signal)).await? {
        bail!("container is stopped");
    }
    Ok(0)
}

fn no_init(id: &str) -> anyhow::Error {
    anyhow!("container {id} has no first process: its creation did not end; delete it")
}

/// Sends a signal to all processes of a container.
async fn signal_all(system: &dyn ComputeSystem, signal: i32) -> anyhow::Result<()> {
    if signal == signals::KILL {
        // Those that are made meanwhile end too.
        return Ok(system.terminate().await?);
    }
    for pid in process_ids(system).await? {
        match system.open_process(pid).await {
            // `false`: it has ended, as was wanted or not.
            Ok(process) => drop(process.signal(&Signal::Linux(signal)).await?),
            // It is the child of another process of the container.
            Err(_) => signal_member(system, pid, signal).await?,
        }
    }
    Ok(())
}

async fn process_ids(system: &dyn ComputeSystem) -> anyhow::Result<Vec<u32>> {
    let query = PropertyQuery {
        property_types: vec![PropertyType::ProcessList],
        ..PropertyQuery::default()
    };
    let processes = system.properties(&query).await?.process_list;
    Ok(processes.iter().filter_map(|process| u32::try_from(process.process_id).ok()).collect())
}

/// Sends a signal to a process that the service has no handle of.
#[cfg(target_os = "linux")]
async fn signal_member(system: &dyn ComputeSystem, pid: u32, signal: i32) -> anyhow::Result<()> {
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    let Some(process) = Pid::from_raw(pid.cast_signed()) else {
        return Ok(());
    };
    let Some(named) = Signal::from_named_raw(signal) else {
        bail!("signal {signal} can be sent to the first process only");
    };
    let Ok(pidfd) = pidfd_open(process, PidfdFlags::empty()) else {
        return Ok(());
    };
    // The number may have gone to a stranger before the descriptor was open.
    if process_ids(system).await?.contains(&pid) {
        match pidfd_send_signal(&pidfd, named) {
            Err(rustix::io::Errno::SRCH) | Ok(()) => {}
            Err(error) => bail!("sending signal {signal} to process {pid}: {error}"),
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
async fn signal_member(_: &dyn ComputeSystem, pid: u32, signal: i32) -> anyhow::Result<()> {
    bail!("sending signal {signal} to process {pid}: this host has no signals")
}

/// Deletes whatever is found of a container.
pub(super) async fn delete(delete: &Delete, context: &mut Context<'_>) -> anyhow::Result<u8> {
    let id = system_id(&delete.id)?;
    let container = match Container::load(context, &id).await {
        // A record that cannot be read still names its container.
        Err(error) if delete.force && is_corrupt(&error) => open(context, &id).await?,
        other => {
            let container = other?;
            let status = container.status().await?;
            if !delete.force && !matches!(status, Status::Created | Status::Stopped) {
                bail!(
                    "container {id} is {status} and cannot be deleted: kill it first, or use --force"
                );
            }
            container.system
        }
    };
    if let Some(system) = container {
        end(system).await?;
        forgotten(context, &id).await?;
    }
    context.store.remove(&id)?;
    Ok(0)
}

fn is_corrupt(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::Corrupt { .. }))
}

/// Ends a compute system in any state and gives it up.
pub(crate) async fn end(system: Box<dyn ComputeSystem>) -> anyhow::Result<()> {
    compute::state::ignore_ended(system.terminate().await)?;
    match tokio::time::timeout(END_LIMIT, system.wait()).await {
        Err(_) => bail!("container {} was killed and does not end", system.id()),
        Ok(Err(error)) if !is_not_exist(&error) => return Err(error.into()),
        Ok(_) => {}
    }
    Ok(system.close().await?)
}

/// Waits until the service has forgotten a system that has ended, so that its
/// id can be used again.
pub(crate) async fn forgotten(context: &mut Context<'_>, id: &SystemId) -> anyhow::Result<()> {
    let deadline = tokio::time::Instant::now() + END_LIMIT;
    let mut pause = Duration::from_millis(1);
    while let Some(system) = open(context, id).await? {
        if tokio::time::Instant::now() > deadline {
            bail!("container {id} has ended and its compute system does not go");
        }
        compute::state::ignore_ended(system.terminate().await)?;
        // Our own look must not be the handle that keeps it.
        system.close().await?;
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(64));
    }
    Ok(())
}

pub(super) async fn resize_tty(
    resize: &ResizeTty,
    context: &mut Context<'_>,
) -> anyhow::Result<u8> {
    let container = Container::load(context, &system_id(&resize.id)?).await?;
    let system = container.system()?;
    let pid = match resize.pid.or(container.record.init_pid) {
        Some(pid) => pid,
        None => return Err(no_init(&resize.id)),
    };
    let process = system.open_process(pid).await?;
    let size = ConsoleSize { width: resize.width, height: resize.height };
    process.resize_console(size).await?;
    Ok(0)
}
