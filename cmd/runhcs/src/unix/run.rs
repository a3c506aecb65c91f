//! A container from its creation to its end.

use compute::{ComputeSystem, Process, SystemId};

use super::create::{Created, new_container, undo};
use super::foreground::Foreground;
use crate::cli::Run;
use crate::commands::{end, forgotten};
use crate::context::Context;

/// Creates and starts a container; waits for its end unless it is detached.
pub(crate) async fn run(run: &Run, context: &mut Context<'_>) -> anyhow::Result<u8> {
    let Created { id, terminal, system, process, pid_file } =
        new_container(&run.create, run.detach, context).await?;
    let outcome = async {
        if run.detach {
            system.start().await?;
            return anyhow::Ok(0);
        }
        // Before the start, so that no signal is missed.
        let mut foreground = Foreground::enter(process.as_ref(), terminal).await?;
        system.start().await?;
        foreground.attend(process.as_ref()).await
    };
    let code = match outcome.await {
        Ok(code) => code,
        Err(error) => {
            drop(process);
            undo(system, &id, context).await;
            return Err(error);
        }
    };
    pid_file.keep();
    if !run.detach {
        drop(process);
        // The container's exit code is told all the same.
        if let Err(error) = remove(system, &id, context).await {
            tracing::error!(%id, %error, "the container could not be deleted");
            writeln!(context.stderr, "container {id} has ended and could not be deleted: {error}")?;
        }
    }
    Ok(code)
}

/// Removes a container that has ended.
async fn remove(
    system: Box<dyn ComputeSystem>,
    id: &SystemId,
    context: &mut Context<'_>,
) -> anyhow::Result<()> {
    end(system).await?;
    forgotten(context, id).await?;
    Ok(context.store.remove(id)?)
}

/// How a process ended, as an exit code of this program.
pub(super) async fn exit_code(process: &dyn Process) -> anyhow::Result<u8> {
    let code = process.exit_code().await?;
    // A container of another system can have codes that a Linux program cannot.
    Ok(u8::try_from(code & 0xff).unwrap_or(u8::MAX))
}
