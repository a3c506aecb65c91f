//! Kills and signals.

use compute::Signal;
use compute::error;

use crate::case::{Case, Need, case};
use crate::drive::{end, ended, pipe, read_until, refused, run, spawn, within};
use crate::failure::{ensure, ensure_eq};
use crate::{Bed, Containers, Failure, Program};

const SIGTERM: Signal = Signal::Linux(15);

pub(super) const CASES: &[Case] = &[
    case!(Processes, "a killed process ends", kill),
    case!(
        Processes,
        "a kill reaches a process that ignores signals",
        kill_reaches_all,
        needs[Need::Linux]
    ),
    case!(Processes, "a second kill is no other error", kill_twice),
    case!(Processes, "killing what has ended is refused as such", kill_ended),
    case!(Processes, "a signal reaches its process", signal, needs[Need::Linux]),
    case!(
        Processes,
        "a signal that nobody handles ends a process",
        signal_ends,
        needs[Need::Linux]
    ),
    case!(Processes, "an ignored signal changes nothing", ignored, needs[Need::Linux]),
    case!(
        Processes,
        "a signal to what has ended is not delivered",
        signal_ended,
        needs[Need::Linux]
    ),
    case!(Processes, "a process that a signal ended says so", ended_by_signal, needs[Need::Linux]),
    case!(Processes, "SIGKILL as a signal is a kill", signal_nine, needs[Need::Linux]),
    case!(Processes, "a kill is for one process", others_go_on),
];

async fn kill(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Sleep).await?;
    ensure!(process.kill().await?, "it is not delivered");
    let code = ended(process.as_ref()).await?;
    match bed.containers() {
        Containers::Linux => ensure_eq!(code, 137, "the code"),
        Containers::Windows => ensure!(code != 0, "it ended well"),
    }
    end(system).await?;
    Ok(())
}

async fn kill_reaches_all(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::IgnoreSignals).await?;
    let mut out = pipe(process.stdio().await?.stdout, "stdout")?;
    read_until(&mut out, "ready").await?;
    ensure!(process.kill().await?, "it is not delivered");
    ensure_eq!(ended(process.as_ref()).await?, 137, "the code");
    end(system).await?;
    Ok(())
}

async fn kill_twice(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Sleep).await?;
    ensure!(process.kill().await?, "it is not delivered");
    match process.kill().await {
        Ok(delivered) => ensure!(delivered, "the second one is not delivered"),
        Err(error) => ensure!(error::is_already_stopped(&error), "another error: {error:#}"),
    }
    ended(process.as_ref()).await?;
    end(system).await?;
    Ok(())
}

async fn kill_ended(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Exit(5)).await?;
    ended(process.as_ref()).await?;
    for _ in 0..2 {
        let error = refused(process.kill().await, "the kill")?;
        ensure!(error::is_already_stopped(&error), "another error: {error:#}");
    }
    ensure_eq!(process.exit_code().await?, 5, "the code, which stays");
    end(system).await?;
    Ok(())
}

async fn signal(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::OnSignal(3)).await?;
    let mut out = pipe(process.stdio().await?.stdout, "stdout")?;
    read_until(&mut out, "ready").await?;
    ensure!(process.signal(&SIGTERM).await?, "it is not delivered");
    read_until(&mut out, "told").await?;
    ensure_eq!(ended(process.as_ref()).await?, 3, "the code");
    end(system).await?;
    Ok(())
}

async fn signal_ends(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Ready).await?;
    let mut out = pipe(process.stdio().await?.stdout, "stdout")?;
    read_until(&mut out, "ready").await?;
    ensure!(process.signal(&SIGTERM).await?, "it is not delivered");
    ensure_eq!(ended(process.as_ref()).await?, 143, "the code");
    end(system).await?;
    Ok(())
}

async fn ignored(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::IgnoreSignals).await?;
    let mut out = pipe(process.stdio().await?.stdout, "stdout")?;
    read_until(&mut out, "ready").await?;
    ensure!(process.signal(&SIGTERM).await?, "it is not delivered");
    // Whoever runs next was not ended by it either.
    ensure_eq!(run(bed, system.as_ref(), &Program::Exit(0)).await?.code, 0, "another one's code");
    ensure!(!process.status().await?.exited, "it has ended");
    process.kill().await?;
    ensure_eq!(ended(process.as_ref()).await?, 137, "the code");
    end(system).await?;
    Ok(())
}

async fn signal_ended(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Exit(0)).await?;
    ended(process.as_ref()).await?;
    ensure!(!process.signal(&SIGTERM).await?, "it is delivered");
    end(system).await?;
    Ok(())
}

async fn ended_by_signal(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    for signal in [9, 11, 15] {
        let ran = run(bed, system.as_ref(), &Program::KillItself(signal)).await?;
        ensure_eq!(ran.code, 128 + signal, "the code");
    }
    end(system).await?;
    Ok(())
}

async fn signal_nine(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Sleep).await?;
    ensure!(process.signal(&Signal::Linux(9)).await?, "it is not delivered");
    ensure_eq!(ended(process.as_ref()).await?, 137, "the code");
    end(system).await?;
    Ok(())
}

async fn others_go_on(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let one = spawn(bed, system.as_ref(), &Program::Sleep).await?;
    let other = spawn(bed, system.as_ref(), &Program::Cat).await?;
    ensure!(one.kill().await?, "it is not delivered");
    within(one.wait()).await??;
    ensure!(!other.status().await?.exited, "the other one has ended");
    other.close_stdin().await?;
    ensure_eq!(ended(other.as_ref()).await?, 0, "the other one's code");
    end(system).await?;
    Ok(())
}
