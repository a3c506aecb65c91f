//! What systems tell without being asked.

use std::collections::BTreeMap;

use compute::SystemEvent;
use futures_util::StreamExt;

use crate::case::{Case, Need, case};
use crate::drive::{end, ended, events, spawn, within};
use crate::failure::{ensure, ensure_eq};
use crate::{Bed, Failure, Program};

pub(super) const CASES: &[Case] = &[
    case!(Events, "the exit is told once and ends the stream", exit_once),
    case!(Events, "the exit is told after the fact", after_the_fact),
    case!(Events, "the exit that is told is the one that wait tells", same_exit),
    case!(Events, "the end of a process is told with its code", process_exit),
    case!(Events, "processes end before their system", order),
    case!(Events, "the order of ends is the order of events", order_of_ends),
    case!(Events, "two streams are told the same", two_streams),
    case!(Events, "two handles are told the same", two_handles),
    case!(Events, "a stream can be dropped", dropped_stream),
    case!(Events, "a stream begins when it is asked for", begins_when_asked),
    case!(Events, "a system is told of its own events only", own_events, needs[Need::Systems(2)]),
    case!(Events, "no end of twenty processes is lost", twenty),
    case!(Events, "an orderly end is told as such", graceful),
    case!(Events, "a crash is reported before the end", crash, needs[Need::Injection]),
    case!(Events, "a lost service ends the stream", lost_service, needs[Need::Injection]),
];

fn exits(events: &[SystemEvent]) -> Vec<(u32, u32)> {
    let ends = events.iter().filter_map(|event| match event {
        SystemEvent::ProcessExited(status) => Some((status.process_id, status.exit_code)),
        _ => None,
    });
    ends.collect()
}

async fn exit_once(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let stream = system.events();
    system.terminate().await?;
    let seen = events(stream).await?;
    ensure!(
        matches!(&seen[..], [SystemEvent::Exited(exit)] if exit.exit_type == "ForcedExit"),
        "the events: {seen:?}"
    );
    system.close().await?;
    Ok(())
}

async fn after_the_fact(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    system.terminate().await?;
    within(system.wait()).await??;
    for _ in 0..2 {
        let seen = events(system.events()).await?;
        ensure!(matches!(&seen[..], [SystemEvent::Exited(_)]), "the events: {seen:?}");
    }
    system.close().await?;
    Ok(())
}

async fn same_exit(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let stream = system.events();
    let exit = {
        system.shutdown().await?;
        within(system.wait()).await??
    };
    ensure_eq!(events(stream).await?.last(), Some(&SystemEvent::Exited(exit)), "the last event");
    system.close().await?;
    Ok(())
}

async fn process_exit(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let mut stream = system.events();
    let process = spawn(bed, system.as_ref(), &Program::Exit(3)).await?;
    let Some(SystemEvent::ProcessExited(status)) = within(stream.next()).await? else {
        return Err(Failure::new("the first event is not the end of the process"));
    };
    let wanted = (process.pid(), true, 3);
    ensure_eq!((status.process_id, status.exited, status.exit_code), wanted, "pid, end and code");
    end(system).await?;
    Ok(())
}

async fn order(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let stream = system.events();
    let mut processes = Vec::new();
    for _ in 0..3 {
        processes.push(spawn(bed, system.as_ref(), &Program::Sleep).await?);
    }
    system.terminate().await?;
    let seen = events(stream).await?;
    ensure_eq!(exits(&seen).len(), 3, "the number of ended processes in {seen:?}");
    ensure!(matches!(seen.last(), Some(SystemEvent::Exited(_))), "the events: {seen:?}");
    system.close().await?;
    Ok(())
}

async fn order_of_ends(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let mut stream = system.events();
    let mut processes = Vec::new();
    for code in 0..5 {
        processes.push(spawn(bed, system.as_ref(), &Program::ReadLine(code)).await?);
    }
    for at in [3, 0, 4, 1, 2_usize] {
        let Some(process) = processes.get(at) else { continue };
        process.close_stdin().await?;
        ended(process.as_ref()).await?;
        let event = within(stream.next()).await?;
        let Some(SystemEvent::ProcessExited(status)) = event else {
            return Err(Failure::new(format!("another event: {event:?}")));
        };
        ensure_eq!(status.process_id, process.pid(), "the pid");
        ensure_eq!(usize::try_from(status.exit_code).ok(), Some(at), "the code");
    }
    end(system).await?;
    Ok(())
}

async fn two_streams(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let (one, two) = (system.events(), system.events());
    let process = spawn(bed, system.as_ref(), &Program::Exit(9)).await?;
    ended(process.as_ref()).await?;
    system.terminate().await?;
    let (one, two) = (events(one).await?, events(two).await?);
    ensure_eq!(one, two, "what the first one told");
    ensure_eq!(exits(&one), [(process.pid(), 9)], "the ended processes");
    system.close().await?;
    Ok(())
}

async fn two_handles(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let other = bed.service().open(system.id()).await?;
    let (one, two) = (system.events(), other.events());
    system.terminate().await?;
    ensure_eq!(events(one).await?, events(two).await?, "what the first one told");
    other.close().await?;
    system.close().await?;
    Ok(())
}

async fn dropped_stream(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let mut stream = system.events();
    let dropped = system.events();
    let process = spawn(bed, system.as_ref(), &Program::Exit(1)).await?;
    drop(dropped);
    ended(process.as_ref()).await?;
    ensure!(within(stream.next()).await?.is_some(), "the other stream has ended");
    drop(stream);
    end(system).await?;
    Ok(())
}

async fn begins_when_asked(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let early = spawn(bed, system.as_ref(), &Program::Exit(1)).await?;
    let mut before = system.events();
    ended(early.as_ref()).await?;
    if !early.status().await?.exited {
        return Err(Failure::new("the process has not ended"));
    }
    // Its event has been told, whether it came before or after the first stream began.
    let _ = tokio::time::timeout(std::time::Duration::from_millis(1), before.next()).await;
    let late = spawn(bed, system.as_ref(), &Program::Cat).await?;
    let stream = system.events();
    late.close_stdin().await?;
    ended(late.as_ref()).await?;
    system.terminate().await?;
    let seen = events(stream).await?;
    ensure!(exits(&seen).contains(&(late.pid(), 0)), "the later end is not told: {seen:?}");
    system.close().await?;
    Ok(())
}

async fn own_events(bed: &Bed) -> Result<(), Failure> {
    let (one, two) = (bed.started("one").await?, bed.started("two").await?);
    let (of_one, of_two) = (one.events(), two.events());
    let process = spawn(bed, two.as_ref(), &Program::Exit(6)).await?;
    ended(process.as_ref()).await?;
    one.terminate().await?;
    ensure_eq!(exits(&events(of_one).await?), [], "the ended processes of the first one");
    two.terminate().await?;
    ensure_eq!(exits(&events(of_two).await?).len(), 1, "the ended processes of the second one");
    one.close().await?;
    two.close().await?;
    Ok(())
}

async fn twenty(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let stream = system.events();
    let mut wanted = BTreeMap::new();
    let mut processes = Vec::new();
    for code in 0..20 {
        let process = spawn(bed, system.as_ref(), &Program::Exit(code)).await?;
        wanted.insert(process.pid(), code.cast_unsigned());
        processes.push(process);
    }
    for process in &processes {
        ended(process.as_ref()).await?;
    }
    system.terminate().await?;
    let seen = events(stream).await?;
    ensure_eq!(exits(&seen).len(), 20, "the number of ended processes");
    ensure_eq!(exits(&seen).into_iter().collect::<BTreeMap<_, _>>(), wanted, "their codes");
    system.close().await?;
    Ok(())
}

async fn graceful(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let stream = system.events();
    system.shutdown().await?;
    let seen = events(stream).await?;
    ensure!(
        matches!(seen.last(), Some(SystemEvent::Exited(exit)) if exit.exit_type == "GracefulExit"),
        "the events: {seen:?}"
    );
    system.close().await?;
    Ok(())
}

async fn crash(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let stream = system.events();
    let inside = bed.fake()?.inside(system.id().as_str());
    let inside = inside.ok_or_else(|| Failure::new("the fake does not know the system"))?;
    inside.emit(SystemEvent::CrashInitiated);
    inside.crash("kernel panic");
    let seen = events(stream).await?;
    let [SystemEvent::CrashInitiated, SystemEvent::CrashReport(report), SystemEvent::Exited(exit)] =
        &seen[..]
    else {
        return Err(Failure::new(format!("the events: {seen:?}")));
    };
    ensure!(report == "kernel panic" && exit.is_unexpected(), "the events: {seen:?}");
    ensure!(within(system.wait()).await??.is_unexpected(), "wait tells another end");
    system.close().await?;
    Ok(())
}

async fn lost_service(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let stream = system.events();
    let inside = bed.fake()?.inside(system.id().as_str());
    let inside = inside.ok_or_else(|| Failure::new("the fake does not know the system"))?;
    inside.emit(SystemEvent::ServiceDisconnect);
    ensure_eq!(events(stream).await?, [SystemEvent::ServiceDisconnect], "the events");
    end(system).await?;
    Ok(())
}
