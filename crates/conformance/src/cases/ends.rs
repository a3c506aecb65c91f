//! How systems end.

use std::sync::Arc;

use compute::ComputeSystem;
use hcs_schema::HResult;

use crate::case::{Case, case};
use crate::drive::{end, ended, spawn, within};
use crate::failure::{ensure, ensure_eq};
use crate::{Bed, Containers, Failure, Program};

pub(super) const CASES: &[Case] = &[
    case!(LifeCycle, "a shutdown is an orderly end", shutdown),
    case!(LifeCycle, "a shutdown ends what runs", shutdown_ends_processes),
    case!(LifeCycle, "a terminate is a forced end", terminate),
    case!(LifeCycle, "a terminate ends what runs", terminate_ends_processes),
    case!(LifeCycle, "a system that never started can be ended", terminate_created),
    case!(LifeCycle, "a paused system can be ended", terminate_paused),
    case!(LifeCycle, "ending what has ended is no error", end_twice),
    case!(LifeCycle, "every wait tells the same end", waits_agree),
    case!(LifeCycle, "many wait for one end", many_waiters),
];

async fn shutdown(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    system.shutdown().await?;
    let exit = within(system.wait()).await??;
    ensure_eq!(exit.exit_type, "GracefulExit", "the exit type");
    ensure_eq!(exit.status, HResult::S_OK, "the status");
    ensure!(!exit.is_unexpected(), "it was asked for");
    let seen = system.properties(&Default::default()).await?;
    ensure!(seen.stopped && seen.exit_type == "GracefulExit", "the properties: {seen:?}");
    system.close().await?;
    Ok(())
}

async fn shutdown_ends_processes(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Sleep).await?;
    system.shutdown().await?;
    within(system.wait()).await??;
    within(process.wait()).await??;
    drop(process);
    system.close().await?;
    Ok(())
}

async fn terminate(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    system.terminate().await?;
    let exit = within(system.wait()).await??;
    ensure_eq!(exit.exit_type, "ForcedExit", "the exit type");
    ensure_eq!(exit.status, HResult::S_OK, "the status");
    let seen = system.properties(&Default::default()).await?;
    ensure!(seen.stopped && seen.exit_type == "ForcedExit", "the properties: {seen:?}");
    system.close().await?;
    Ok(())
}

async fn terminate_ends_processes(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Sleep).await?;
    system.terminate().await?;
    within(system.wait()).await??;
    let code = ended(process.as_ref()).await?;
    match bed.containers() {
        Containers::Linux => ensure_eq!(code, 137, "the code of a process that ran"),
        Containers::Windows => ensure!(code != 0, "a process that ran ended well"),
    }
    drop(process);
    system.close().await?;
    Ok(())
}

async fn terminate_created(bed: &Bed) -> Result<(), Failure> {
    let exit = end(bed.created("a").await?).await?;
    ensure!(!exit.is_unexpected(), "it was asked for: {exit:?}");
    Ok(())
}

async fn terminate_paused(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Sleep).await?;
    system.pause(&Default::default()).await?;
    end(system).await?;
    within(process.wait()).await??;
    Ok(())
}

async fn end_twice(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    system.terminate().await?;
    system.terminate().await?;
    within(system.wait()).await??;
    system.terminate().await?;
    system.shutdown().await?;
    system.close().await?;
    Ok(())
}

async fn waits_agree(bed: &Bed) -> Result<(), Failure> {
    let system: Arc<dyn ComputeSystem> = bed.started("a").await?.into();
    let before = tokio::spawn({
        let system = Arc::clone(&system);
        async move { system.wait().await }
    });
    let other = bed.service().open(system.id()).await?;
    system.terminate().await?;
    let during = within(system.wait()).await??;
    let after = within(system.wait()).await??;
    let before = within(before).await???;
    let elsewhere = within(other.wait()).await??;
    ensure_eq!(before, during, "the end that the earlier wait told");
    ensure_eq!(after, during, "the end that the later wait told");
    ensure_eq!(elsewhere, during, "the end that another handle told");
    other.close().await?;
    system.close().await?;
    Ok(())
}

async fn many_waiters(bed: &Bed) -> Result<(), Failure> {
    let system: Arc<dyn ComputeSystem> = bed.started("a").await?.into();
    let waiters: Vec<_> = (0..32)
        .map(|_| {
            let system = Arc::clone(&system);
            tokio::spawn(async move { system.wait().await })
        })
        .collect();
    system.terminate().await?;
    for waiter in waiters {
        let exit = within(waiter).await???;
        ensure_eq!(exit.exit_type, "ForcedExit", "the exit type");
    }
    system.close().await?;
    Ok(())
}
