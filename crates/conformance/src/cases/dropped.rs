//! Futures that are dropped half way.

use std::time::Duration;

use crate::case::{Case, case};
use crate::drive::{end, ended, run, spawn, until};
use crate::failure::{ensure, ensure_eq};
use crate::{Bed, Failure, Program};

pub(super) const CASES: &[Case] = &[
    case!(LifeCycle, "a creation that is given up leaves a whole system or none", creation),
    case!(LifeCycle, "a wait that is given up is harmless", wait),
    case!(Processes, "a wait for a process that is given up is harmless", process_wait),
    case!(LifeCycle, "a start that is given up has happened or not", start),
];

async fn creation(bed: &Bed) -> Result<(), Failure> {
    for (turn, micros) in [0, 50, 500, 2_000, 8_000].into_iter().enumerate() {
        let id = bed.id(&format!("c{turn}"))?;
        let document = bed.document().into();
        let create = bed.service().create(&id, &document);
        let made = tokio::time::timeout(Duration::from_micros(micros), create).await;
        if let Ok(made) = made {
            end(made?).await?;
            continue;
        }
        // It is there as a whole, or it goes, and the id can be used again.
        let remade = async || match bed.service().create(&id, &document).await {
            Ok(system) => {
                end(system).await?;
                Ok(true)
            }
            Err(_) => {
                if let Ok(system) = bed.service().open(&id).await {
                    end(system).await?;
                }
                Ok(false)
            }
        };
        until("the id can be used again", remade).await?;
    }
    Ok(())
}

async fn wait(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    for _ in 0..20 {
        let late = tokio::time::timeout(Duration::from_millis(1), system.wait()).await;
        ensure!(late.is_err(), "a running system has ended: {late:?}");
    }
    ensure_eq!(run(bed, system.as_ref(), &Program::Exit(2)).await?.code, 2, "the code");
    end(system).await?;
    Ok(())
}

async fn process_wait(bed: &Bed) -> Result<(), Failure> {
    let system = bed.started("a").await?;
    let process = spawn(bed, system.as_ref(), &Program::Sleep).await?;
    for _ in 0..20 {
        let late = tokio::time::timeout(Duration::from_millis(1), process.wait()).await;
        ensure!(late.is_err(), "a running process has ended: {late:?}");
    }
    ensure!(process.kill().await?, "the kill was not delivered");
    ended(process.as_ref()).await?;
    end(system).await?;
    Ok(())
}

async fn start(bed: &Bed) -> Result<(), Failure> {
    let system = bed.created("a").await?;
    drop(tokio::time::timeout(Duration::from_micros(100), system.start()).await);
    let running = async || {
        let state = crate::drive::state(system.as_ref()).await?;
        if state == "Created" {
            // The one that was given up may come in between.
            drop(system.start().await);
        }
        Ok(state == "Running")
    };
    until("it runs", running).await?;
    end(system).await?;
    Ok(())
}
