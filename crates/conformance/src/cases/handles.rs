//! Handles: several of one system, closed and dropped ones.

use compute::{ComputeService, ConsoleSize, Signal, StdioSource};
use hcs_schema::schema2::ModifySettingRequest;

use crate::case::{Case, case};
use crate::drive::{closed, end, ended, run, spawn, state, until, within};
use crate::failure::{ensure, ensure_eq};
use crate::{Bed, Failure, Program};

pub(super) const CASES: &[Case] = &[
    case!(LifeCycle, "a second handle is of the same system", second_handle),
    case!(LifeCycle, "a closed handle does nothing", closed_system),
    case!(Processes, "a closed handle of a process does nothing", closed_process),
    case!(LifeCycle, "closing twice is harmless", close_twice),
    case!(LifeCycle, "a system goes on without a handle", goes_on),
    case!(LifeCycle, "a dropped handle is a closed one", dropped),
    case!(LifeCycle, "a system can end with its last handle", last_handle),
    case!(LifeCycle, "a system of schema 1 can end with its last handle", last_handle_of_schema1),
    case!(LifeCycle, "an event stream is no handle", stream_is_no_handle),
    case!(Processes, "a process goes on without a handle", process_goes_on),
    case!(Processes, "a process outlives the handle of its system", process_outlives_its_handle),
];

async fn second_handle(bed: &Bed) -> Result<(), Failure> {
    let first = bed.created("a").await?;
    let second = bed.service().open(first.id()).await?;
    second.start().await?;
    ensure_eq!(state(first.as_ref()).await?, "Running", "the state that the first one tells");
    let process = spawn(bed, first.as_ref(), &Program::Exit(21)).await?;
    let same = second.open_process(process.pid()).await?;
    ensure_eq!(ended(same.as_ref()).await?, 21, "the code by the second one");
    first.close().await?;
    ensure_eq!(run(bed, second.as_ref(), &Program::Exit(5)).await?.code, 5, "the code after that");
    end(second).await?;
    Ok(())
}

async fn closed_system(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let other = bed.service().open(system.id()).await?;
    system.close().await?;
    let parameters = bed.parameters(&Program::Exit(0));
    closed(system.start().await, "a start")?;
    closed(system.wait().await, "a wait")?;
    closed(system.pause(&Default::default()).await, "a pause")?;
    closed(system.resume().await, "a resume")?;
    closed(system.save(&Default::default()).await, "a save")?;
    closed(system.properties(&Default::default()).await, "asking for properties")?;
    closed(system.modify(&ModifySettingRequest::default()).await, "a change")?;
    let process = system.create_process(&parameters, StdioSource::Pipes).await;
    closed(process, "a process")?;
    closed(system.open_process(1).await, "opening a process")?;
    ensure_eq!(system.id(), &bed.id("a")?, "the id, which is still told");
    ensure_eq!(state(other.as_ref()).await?, "Running", "the state by another handle");
    end(other).await?;
    Ok(())
}

async fn closed_process(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Cat).await?;
    process.close().await?;
    closed(process.kill().await, "a kill")?;
    closed(process.signal(&Signal::Linux(15)).await, "a signal")?;
    closed(process.wait().await, "a wait")?;
    closed(process.exit_code().await, "asking for the exit code")?;
    closed(process.status().await, "asking for the status")?;
    closed(process.resize_console(ConsoleSize { width: 1, height: 1 }).await, "a resize")?;
    closed(process.stdio().await, "asking for the streams")?;
    closed(process.close_stdin().await, "closing stdin")?;
    closed(process.close_stdout().await, "closing stdout")?;
    closed(process.close_stderr().await, "closing stderr")?;
    ensure!(process.pid() > 0, "the pid is still told");
    end(system).await?;
    Ok(())
}

async fn close_twice(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Exit(0)).await?;
    ended(process.as_ref()).await?;
    process.close().await?;
    // Whether the second one is told of is the host's choice.
    for again in [process.close().await, process.close().await] {
        ensure!(
            again.as_ref().map_or_else(|error| compute::error::is_already_closed(error), |()| true),
            "another error: {again:?}"
        );
    }
    system.terminate().await?;
    within(system.wait()).await??;
    system.close().await?;
    let again = system.close().await;
    ensure!(
        again.as_ref().map_or_else(|error| compute::error::is_already_closed(error), |()| true),
        "another error: {again:?}"
    );
    Ok(())
}

async fn goes_on(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    system.close().await?;
    drop(system);
    let system = bed.service().open(&bed.id("a")?).await?;
    ensure_eq!(state(system.as_ref()).await?, "Running", "the state");
    ensure_eq!(run(bed, system.as_ref(), &Program::Exit(6)).await?.code, 6, "the code");
    end(system).await?;
    Ok(())
}

async fn dropped(bed: &Bed) -> Result<(), Failure> {
    drop(bed.started("a").await?);
    let system = bed.service().open(&bed.id("a")?).await?;
    ensure_eq!(state(system.as_ref()).await?, "Running", "the state");
    system.terminate().await?;
    within(system.wait()).await??;
    // The last handle of what has stopped lets it be forgotten.
    drop(system);
    until("it is forgotten", async || Ok(bed.systems().await?.is_empty())).await
}

async fn last_handle(bed: &Bed) -> Result<(), Failure> {
    let mut document = bed.document();
    document.should_terminate_on_last_handle_closed = true;
    let system = bed.create("a", document).await?;
    ends_with_its_last_handle(bed, system).await
}

async fn last_handle_of_schema1(bed: &Bed) -> Result<(), Failure> {
    let mut config = bed.schema1("a");
    config.terminate_on_last_handle_closed = true;
    let system = bed.create("a", config).await?;
    ends_with_its_last_handle(bed, system).await
}

async fn ends_with_its_last_handle(
    bed: &Bed,
    system: Box<dyn compute::ComputeSystem>,
) -> Result<(), Failure> {
    system.start().await?;
    let other = bed.service().open(system.id()).await?;
    system.close().await?;
    ensure_eq!(run(bed, other.as_ref(), &Program::Exit(2)).await?.code, 2, "the code");
    drop(other);
    until("it has ended", async || {
        let left = bed.systems().await?;
        Ok(left.iter().all(|(_, state)| state == "Stopped"))
    })
    .await
}

async fn stream_is_no_handle(bed: &Bed) -> Result<(), Failure> {
    let mut document = bed.document();
    document.should_terminate_on_last_handle_closed = true;
    let system = bed.create("a", document).await?;
    system.start().await?;
    let _stream = system.events();
    drop(system);
    until("it has ended", async || {
        let left = bed.systems().await?;
        Ok(left.iter().all(|(_, state)| state == "Stopped"))
    })
    .await
}

async fn process_goes_on(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Sleep).await?;
    let pid = process.pid();
    drop(process);
    let again = system.open_process(pid).await?;
    ensure!(!again.status().await?.exited, "it has ended with its handle");
    again.kill().await?;
    ended(again.as_ref()).await?;
    end(system).await?;
    Ok(())
}

async fn process_outlives_its_handle(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Cat).await?;
    system.close().await?;
    drop(system);
    process.close_stdin().await?;
    ensure_eq!(ended(process.as_ref()).await?, 0, "the code");
    drop(process);
    let service: &dyn ComputeService = bed.service().as_ref();
    end(service.open(&bed.id("a")?).await?).await?;
    Ok(())
}
