//! A container from its creation to its end.

use super::create::{Created, new_container};
use super::foreground::Foreground;
use crate::cli::Run;
use crate::context::Context;
use crate::creation::{remove, undo};

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
        remove(system, &id, context).await?;
    }
    Ok(code)
}
