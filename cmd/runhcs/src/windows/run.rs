//! A container from its creation to its end.

use compute::StdioSource;

use super::create::{Made, create, new_system};
use super::foreground::Foreground;
use super::with_streams;
use crate::cli::Run;
use crate::container::Container;
use crate::context::{Context, system_id};
use crate::creation::{remove, undo};
use crate::pid_file::PidFile;

/// Creates and starts a container; waits for its end unless it is detached.
pub(crate) async fn run(run: &Run, context: &mut Context<'_>) -> anyhow::Result<u8> {
    if run.detach {
        return detached(run, context).await;
    }
    let Made { id, bundle, mut record, system } = new_system(&run.create, context).await?;
    let outcome = async {
        let parameters = with_streams(Default::default(), bundle.terminal);
        let process = system.create_process(&parameters, StdioSource::Pipes).await?;
        record.shim_pid = Some(std::process::id().into());
        record.init_pid = Some(process.pid());
        context.store.save(&record)?;
        let pid_file = PidFile::write(run.create.pid_file.as_deref(), std::process::id())?;
        // Before the start, so that no signal and no output is missed.
        let foreground = Foreground::enter(process.as_ref(), system.os(), bundle.terminal).await?;
        system.start().await?;
        let code = foreground.attend(process.as_ref()).await?;
        pid_file.keep();
        anyhow::Ok(code)
    };
    match outcome.await {
        Ok(code) => {
            remove(system, &id, context).await?;
            Ok(code)
        }
        Err(error) => {
            undo(system, &id, context).await;
            Err(error)
        }
    }
}

/// Leaves the container to its shim.
async fn detached(run: &Run, context: &mut Context<'_>) -> anyhow::Result<u8> {
    create(&run.create, context).await?;
    let id = system_id(&run.create.id)?;
    let started = start(&id, context).await;
    if let Err(error) = started {
        if let Ok(Some(system)) = crate::container::open(context, &id).await {
            undo(system, &id, context).await;
        }
        return Err(error);
    }
    Ok(0)
}

async fn start(id: &compute::SystemId, context: &mut Context<'_>) -> anyhow::Result<()> {
    let container = Container::load(context, id).await?;
    Ok(container.system()?.start().await?)
}
