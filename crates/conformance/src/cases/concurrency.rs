//! Many things at once.

use std::sync::Arc;

use compute::ComputeSystem;
use futures_util::future::try_join_all;

use crate::case::{Case, Need, case};
use crate::drive::{end, ended, run, spawn, within};
use crate::failure::{ensure, ensure_eq};
use crate::{Bed, Failure, Program};

pub(super) const CASES: &[Case] = &[
    case!(Concurrency, "systems live side by side", systems, needs[Need::Systems(8)]),
    case!(Concurrency, "processes run side by side", processes),
    case!(Concurrency, "many wait for a process that is killed", waiters),
    case!(Concurrency, "handles are opened and closed while a process runs", handles),
    case!(Concurrency, "a close comes while calls are in flight", close_in_flight),
    case!(Concurrency, "handles are closed in any order", any_order),
];

async fn systems(bed: &Bed) -> Result<(), Failure> {
    let one = async |number: i32| {
        let system = bed.started(&format!("s{number}")).await?;
        let code = run(bed, system.as_ref(), &Program::Exit(number)).await?.code;
        ensure_eq!(code, number, "the code of system {number}");
        end(system).await?;
        Ok::<_, Failure>(())
    };
    try_join_all((1..=8).map(one)).await?;
    Ok(())
}

async fn processes(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let one = async |number: i32| {
        let words = format!("word{number}");
        let program = Program::Print(words.clone(), String::new(), number);
        let ran = run(bed, system.as_ref(), &program).await?;
        ensure_eq!((ran.code, ran.out), (number, format!("{words}\n")), "process {number}");
        Ok::<_, Failure>(())
    };
    try_join_all((1..=50).map(one)).await?;
    end(system).await?;
    Ok(())
}

async fn waiters(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Sleep).await?;
    let waits = try_join_all((0..20).map(|_| ended(process.as_ref())));
    let kill = async {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        Ok::<_, Failure>(process.kill().await?)
    };
    let (codes, killed) = tokio::try_join!(waits, kill)?;
    ensure!(killed, "the kill was not delivered");
    ensure!(codes.windows(2).all(|pair| pair[0] == pair[1]), "the codes differ: {codes:?}");
    end(system).await?;
    Ok(())
}

async fn handles(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Sleep).await?;
    let one = async |_: i32| {
        for _ in 0..5 {
            let other = bed.service().open(system.id()).await?;
            let same = other.open_process(process.pid()).await?;
            ensure_eq!(same.pid(), process.pid(), "the pid");
            same.close().await?;
            other.close().await?;
        }
        Ok::<_, Failure>(())
    };
    try_join_all((0..10).map(one)).await?;
    ensure!(process.kill().await?, "the kill was not delivered");
    ended(process.as_ref()).await?;
    end(system).await?;
    Ok(())
}

async fn close_in_flight(bed: &Bed) -> Result<(), Failure> {
    let keeper = bed.started("a").await?;
    for _ in 0..10 {
        let system: Arc<dyn ComputeSystem> = bed.service().open(keeper.id()).await?.into();
        let calls: Vec<_> = (0..10)
            .map(|_| {
                let system = Arc::clone(&system);
                tokio::spawn(async move { system.properties(&Default::default()).await })
            })
            .collect();
        system.close().await?;
        for call in calls {
            // Made before the close or after it: done, or refused as closed.
            match within(call).await?? {
                Ok(properties) => ensure_eq!(properties.state, "Running", "the state"),
                Err(error) => {
                    ensure!(compute::error::is_already_closed(&error), "another error: {error:#}");
                }
            }
        }
    }
    end(keeper).await?;
    Ok(())
}

async fn any_order(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    for turn in 0..6 {
        let other = bed.service().open(system.id()).await?;
        let first = spawn(bed, other.as_ref(), &Program::Exit(1)).await?;
        let second = spawn(bed, other.as_ref(), &Program::Sleep).await?;
        let stdio = second.stdio().await?;
        let events = other.events();
        let mut parts: Vec<Box<dyn std::any::Any>> =
            vec![Box::new(other), Box::new(first), Box::new(stdio), Box::new(events)];
        let count = parts.len();
        parts.rotate_left(turn % count);
        drop(parts.pop());
        ensure!(second.kill().await?, "the kill was not delivered");
        drop(parts);
        ended(second.as_ref()).await?;
    }
    end(system).await?;
    Ok(())
}
