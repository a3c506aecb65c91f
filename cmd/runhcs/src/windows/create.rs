//! A new container, whose first process waits for its start.

use compute::{ComputeSystem, SystemId};

use super::starter::{Request, Shim};
use super::{refuse_console_socket, with_streams};
use crate::cli::CreateArgs;
use crate::config::Bundle;
use crate::context::{Context, system_id};
use crate::creation::{forget, new_record, refuse, undo};
use crate::pid_file::PidFile;
use crate::record::Record;

/// A compute system whose record is claimed, without a process.
pub(super) struct Made {
    pub(super) id: SystemId,
    pub(super) bundle: Bundle,
    pub(super) record: Record,
    pub(super) system: Box<dyn ComputeSystem>,
}

/// Creates a container for others to start. A failure leaves nothing of it.
pub(crate) async fn create(
    arguments: &CreateArgs,
    context: &mut Context<'_>,
) -> anyhow::Result<u8> {
    let Made { id, bundle, mut record, system } = new_system(arguments, context).await?;
    let begun = begin(arguments, &bundle, &mut record, context).await;
    if let Err(error) = begun {
        undo(system, &id, context).await;
        return Err(error);
    }
    Ok(0)
}

/// Makes the compute system of a new container.
pub(super) async fn new_system(
    arguments: &CreateArgs,
    context: &mut Context<'_>,
) -> anyhow::Result<Made> {
    refuse(arguments)?;
    refuse_console_socket(arguments.console_socket.is_some())?;
    let id = system_id(&arguments.id)?;
    let bundle = Bundle::read(arguments.bundle.as_deref())?;
    let record = new_record(&id, &bundle, context);
    let document = bundle.document(&record.owner)?;
    context.service()?;
    context.store.claim(&record)?;
    tracing::debug!(%id, bundle = bundle.folder, "creating a container");
    match context.service()?.create(&id, &document).await {
        Ok(system) => Ok(Made { id, bundle, record, system }),
        Err(error) => {
            forget(context, &id);
            Err(error.into())
        }
    }
}

/// Has a shim make the first process, and remembers both. What is not kept
/// ends with the compute system.
async fn begin(
    arguments: &CreateArgs,
    bundle: &Bundle,
    record: &mut Record,
    context: &Context<'_>,
) -> anyhow::Result<()> {
    let parameters = with_streams(Default::default(), bundle.terminal);
    let request = Request { parameters, terminal: bundle.terminal, is_first: true };
    let shim = Shim::start(context, &record.id, &request, arguments.shim_log.as_deref()).await?;
    record.shim_pid = Some(shim.shim_pid.into());
    record.init_pid = Some(shim.pid);
    context.store.save(record)?;
    PidFile::write(arguments.pid_file.as_deref(), shim.shim_pid)?.keep();
    Ok(())
}
