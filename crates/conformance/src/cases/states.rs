//! What each state allows.

use compute::StdioSource;
use compute::error;
use hcs_schema::schema2::ModifySettingRequest;

use crate::case::{Case, case};
use crate::drive::{
    Ran, end, ended, invalid_state, pipe, read_until, refused, run, spawn, state, stopped, within,
};
use crate::failure::{ensure, ensure_eq};
use crate::{Bed, Failure, Program};

pub(super) const CASES: &[Case] = &[
    case!(LifeCycle, "a system starts once", start_twice),
    case!(LifeCycle, "before the start only the start is allowed", before_the_start),
    case!(LifeCycle, "while it runs it cannot be resumed", while_it_runs),
    case!(LifeCycle, "while paused only a resume is allowed", while_paused),
    case!(LifeCycle, "after the end nothing is allowed", after_the_end),
    case!(LifeCycle, "the refused call changes nothing", refused_changes_nothing),
    case!(LifeCycle, "a container cannot be saved", save),
    case!(LifeCycle, "a paused system stands still", paused_stands_still),
    case!(LifeCycle, "pause and resume can be repeated", pause_and_resume),
    case!(LifeCycle, "a process outlives a pause", process_outlives_a_pause),
];

async fn start_twice(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    invalid_state(system.start().await, "a second start")?;
    ensure_eq!(state(system.as_ref()).await?, "Running", "the state");
    end(system).await?;
    Ok(())
}

async fn before_the_start(bed: &Bed) -> Result<(), Failure> {
    let system = bed.created("a").await?;
    let parameters = bed.parameters(&Program::Exit(0));
    invalid_state(system.pause(&Default::default()).await, "a pause")?;
    invalid_state(system.resume().await, "a resume")?;
    invalid_state(system.shutdown().await, "a shutdown")?;
    let process = system.create_process(&parameters, StdioSource::Pipes).await;
    invalid_state(process, "a process")?;
    ensure_eq!(state(system.as_ref()).await?, "Created", "the state");
    end(system).await?;
    Ok(())
}

async fn while_it_runs(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    invalid_state(system.resume().await, "a resume")?;
    end(system).await?;
    Ok(())
}

async fn while_paused(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    system.pause(&Default::default()).await?;
    ensure_eq!(state(system.as_ref()).await?, "Paused", "the state");
    let parameters = bed.parameters(&Program::Exit(0));
    invalid_state(system.pause(&Default::default()).await, "a second pause")?;
    invalid_state(system.start().await, "a start")?;
    invalid_state(system.shutdown().await, "a shutdown")?;
    let process = system.create_process(&parameters, StdioSource::Pipes).await;
    invalid_state(process, "a process")?;
    system.resume().await?;
    ensure_eq!(state(system.as_ref()).await?, "Running", "the state after the resume");
    end(system).await?;
    Ok(())
}

async fn after_the_end(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    system.terminate().await?;
    within(system.wait()).await??;
    let parameters = bed.parameters(&Program::Exit(0));
    stopped(system.start().await, "a start")?;
    stopped(system.pause(&Default::default()).await, "a pause")?;
    stopped(system.resume().await, "a resume")?;
    let process = system.create_process(&parameters, StdioSource::Pipes).await;
    stopped(process, "a process")?;
    stopped(system.modify(&ModifySettingRequest::default()).await, "a change")?;
    ensure_eq!(state(system.as_ref()).await?, "Stopped", "the state");
    system.close().await?;
    Ok(())
}

async fn refused_changes_nothing(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Cat).await?;
    invalid_state(system.start().await, "a second start")?;
    invalid_state(system.resume().await, "a resume")?;
    process.close_stdin().await?;
    let Ran { code, out, .. } = crate::drive::finish(process.as_ref()).await?;
    ensure_eq!((code, out.as_str()), (0, ""), "code and output of a process that ran meanwhile");
    end(system).await?;
    Ok(())
}

async fn save(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let error = refused(system.save(&Default::default()).await, "a save")?;
    ensure!(error::is_not_supported(&error), "another error: {error:#}");
    ensure_eq!(state(system.as_ref()).await?, "Running", "the state");
    end(system).await?;
    Ok(())
}

async fn paused_stands_still(bed: &Bed) -> Result<(), Failure> {
    use tokio::io::AsyncReadExt;
    /// So long nothing comes from what is frozen; what runs ticks 25 times meanwhile.
    const SILENCE: std::time::Duration = std::time::Duration::from_millis(300);
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Tick).await?;
    let mut out = pipe(process.stdio().await?.stdout, "stdout")?;
    read_until(&mut out, "tick").await?;
    system.pause(&Default::default()).await?;
    // What was written before is read first, then there is silence.
    let silence = async {
        let mut some = [0; 4096];
        while let Ok(count) = tokio::time::timeout(SILENCE, out.read(&mut some)).await {
            ensure!(count? > 0, "the stream ended");
        }
        Ok(())
    };
    within(silence).await??;
    system.resume().await?;
    read_until(&mut out, "tick").await?;
    end(system).await?;
    Ok(())
}

async fn pause_and_resume(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    for round in 0..5 {
        system.pause(&Default::default()).await?;
        system.resume().await?;
        ensure_eq!(run(bed, system.as_ref(), &Program::Exit(round)).await?.code, round, "the code");
    }
    end(system).await?;
    Ok(())
}

async fn process_outlives_a_pause(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Cat).await?;
    system.pause(&Default::default()).await?;
    system.resume().await?;
    process.close_stdin().await?;
    ensure_eq!(ended(process.as_ref()).await?, 0, "the code");
    end(system).await?;
    Ok(())
}
