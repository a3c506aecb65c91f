//! Systems, processes and streams that are closed in random order.

use anyhow::Result;
use compute::error::{is_already_stopped, is_not_exist};
use compute::{ComputeService, ComputeSystem, EventStream, Process, ReadPipe, Stdio, WritePipe};
use tokio::io::AsyncWriteExt;

use crate::bed::{Bed, spawn, unless_closed};
use crate::random::Random;

/// A handle, or what has some.
enum Part {
    System(Box<dyn ComputeSystem>),
    Events(EventStream),
    Process(Box<dyn Process>),
    Stdin(WritePipe),
    Output(ReadPipe),
}

/// Opens much, and closes it in any order.
pub(crate) async fn turn(bed: &Bed, mut random: Random) -> Result<()> {
    let live = bed.any(&mut random);
    let system = bed.host.open(live.system.id()).await?;
    // Each ends by itself: with its input, at once, or while the rest is closed.
    let scripts = ["exec cat", "exit 0", "sleep 0.03"];
    let process = spawn(system.as_ref(), scripts[random.below(scripts.len())]).await?;
    let Stdio { stdin, stdout, stderr } = process.stdio().await?;
    let mut parts: Vec<Part> = [stdout, stderr].into_iter().flatten().map(Part::Output).collect();
    if let Some(mut stdin) = stdin {
        // It is delivered in the background. Nobody may be there to read it.
        let _ = stdin.write_all(b"on its way").await;
        parts.push(Part::Stdin(stdin));
    }
    match system.open_process(process.pid()).await {
        Ok(same) => parts.push(Part::Process(same)),
        Err(error) if is_already_stopped(&error) || is_not_exist(&error) => {}
        Err(error) => return Err(error.into()),
    }
    parts.extend([Part::Events(system.events()), Part::Process(process), Part::System(system)]);
    random.shuffle(&mut parts);
    for part in parts {
        let is_dropped = random.one_in(2);
        match part {
            _ if is_dropped => drop(part),
            Part::System(system) => system.close().await?,
            Part::Process(process) => {
                closed_somehow(process.as_ref(), &mut random).await?;
                process.close().await?;
            }
            Part::Stdin(mut stdin) => {
                let _ = stdin.shutdown().await;
            }
            Part::Events(events) => drop(events),
            Part::Output(output) => drop(output),
        }
    }
    Ok(())
}

/// Closes some of a process's streams, for all who have them.
async fn closed_somehow(process: &dyn Process, random: &mut Random) -> Result<()> {
    if random.one_in(2) {
        unless_closed(process.close_stdout().await)?;
    }
    if random.one_in(2) {
        unless_closed(process.close_stdin().await)?;
    }
    if random.one_in(2) {
        unless_closed(process.close_stderr().await)?;
    }
    Ok(())
}
