//! Systems that are opened and closed while events arrive.

use std::sync::Arc;

use anyhow::{Result, ensure};
use compute::{ComputeService, ComputeSystem, EventStream, Process, SystemEvent};
use futures_util::StreamExt;
use tokio::task::JoinHandle;

use crate::bed::{Bed, spawn, unless_closed, within};
use crate::random::Random;

/// What ends somehow, in any order.
enum Part {
    Close,
    Events(EventStream),
    Process(Box<dyn Process>),
    /// A call that is under way meanwhile.
    Call,
}

/// Opens a system and closes it.
pub(crate) async fn turn(bed: &Bed, mut random: Random) -> Result<()> {
    if random.one_in(16) {
        return ends_meanwhile(bed, &mut random).await;
    }
    let live = bed.any(&mut random);
    let system: Arc<dyn ComputeSystem> = bed.host.open(live.system.id()).await?.into();
    let soon = format!("sleep 0.0{}; exit 1", random.below(10));
    let at_once = spawn(system.as_ref(), "exit 0").await?;
    let mut parts = vec![
        Part::Close,
        Part::Events(system.events()),
        Part::Events(system.events()),
        Part::Process(at_once),
        Part::Process(spawn(system.as_ref(), &soon).await?),
        Part::Call,
        Part::Call,
    ];
    random.shuffle(&mut parts);
    let mut calls = Vec::new();
    let mut system = Some(system);
    for part in parts {
        match part {
            // Without the last handle the drop closes it.
            Part::Close if random.one_in(4) => system = None,
            Part::Close => {
                if let Some(system) = &system {
                    system.close().await?;
                }
            }
            Part::Events(events) if random.one_in(2) => drop(events),
            Part::Events(events) => calls.push(to_the_end(events)),
            Part::Process(process) => match random.below(3) {
                0 => drop(process),
                1 => process.close().await?,
                _ => {
                    within("the end of a process", process.wait()).await??;
                }
            },
            Part::Call => calls.extend(system.as_ref().map(properties)),
        }
    }
    drop(system);
    for call in calls {
        within("the end of a call in flight", call).await???;
    }
    Ok(())
}

/// Reads events until they end, which they do with the close.
fn to_the_end(mut events: EventStream) -> JoinHandle<Result<()>> {
    tokio::spawn(async move {
        while let Some(event) = events.next().await {
            ensure!(matches!(event, SystemEvent::ProcessExited(_)), "an event is {event:?}");
        }
        Ok(())
    })
}

fn properties(system: &Arc<dyn ComputeSystem>) -> JoinHandle<Result<()>> {
    let system = Arc::clone(system);
    tokio::spawn(async move {
        let properties = unless_closed(system.properties(&Default::default()).await)?;
        if let Some(properties) = properties {
            ensure!(properties.state == "Running", "the state is {}", properties.state);
        }
        Ok(())
    })
}

/// Opens a system that ends while the handle is closed.
async fn ends_meanwhile(bed: &Bed, random: &mut Random) -> Result<()> {
    let own = bed.started().await?;
    let mut events = own.events();
    let other = bed.host.open(own.id()).await?;
    let process = spawn(other.as_ref(), "exec sleep 86400").await?;
    let rest = to_any_end(other.events());
    let close = async {
        if random.one_in(2) {
            drop(other);
            Ok(())
        } else {
            unless_closed(other.close().await).map(drop)
        }
    };
    tokio::try_join!(own.terminate(), close)?;
    drop(process);
    within("the end of a system", own.wait()).await??;
    let last = within("the last event of a system", events.next()).await?;
    ensure!(matches!(last, Some(SystemEvent::Exited(_))), "the last event is {last:?}");
    within("the end of the other's events", rest).await??;
    Ok(own.close().await?)
}

fn to_any_end(mut events: EventStream) -> JoinHandle<()> {
    tokio::spawn(async move { while events.next().await.is_some() {} })
}
