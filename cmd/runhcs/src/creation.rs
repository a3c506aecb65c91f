//! What the making of a container is on every host: its record first, its
//! compute system after it, and nothing of either after a failure.

use anyhow::bail;
use compute::{ComputeSystem, Process, SystemId};

use crate::cli::CreateArgs;
use crate::commands::{end, forgotten};
use crate::config::Bundle;
use crate::context::Context;
use crate::record::Record;

/// The record of a container that is about to be made.
pub(crate) fn new_record(id: &SystemId, bundle: &Bundle, context: &Context<'_>) -> Record {
    Record {
        id: id.to_string(),
        owner: context.owner.clone(),
        bundle: bundle.folder.clone(),
        created: crate::log::now(),
        rootfs: bundle.rootfs.clone(),
        spec: bundle.spec.clone(),
        unique_id: uuid::Uuid::new_v4(),
        host_unique_id: uuid::Uuid::nil(),
        shim_pid: None,
        init_pid: None,
    }
}

/// Options that mean something to other hosts only.
pub(crate) fn refuse(arguments: &CreateArgs) -> anyhow::Result<()> {
    let given = [
        (
            "--shim-log",
            arguments.shim_log.is_some() && cfg!(not(windows)),
            "containers have no shim: --log has the records",
        ),
        ("--vm-log", arguments.vm_log.is_some(), "it cannot run utility VMs yet"),
        ("--vm-console", arguments.vm_console.is_some(), "it cannot run utility VMs yet"),
        ("--host", arguments.host.is_some(), "it cannot run utility VMs yet"),
    ];
    match given.into_iter().find(|(_, given, _)| *given) {
        Some((option, _, why)) => bail!("{option} is not for this host: {why}"),
        None => Ok(()),
    }
}

/// Ends the system of a container that could not be made or started. The
/// failure that is told is the first one.
pub(crate) async fn undo(system: Box<dyn ComputeSystem>, id: &SystemId, context: &mut Context<'_>) {
    let ended = match end(system).await {
        Ok(()) => forgotten(context, id).await,
        Err(error) => Err(error),
    };
    if let Err(error) = ended {
        tracing::warn!(%id, %error, "what was made could not be undone");
    }
    forget(context, id);
}

/// Removes the record of a container that is gone.
pub(crate) fn forget(context: &Context<'_>, id: &SystemId) {
    if let Err(error) = context.store.remove(id) {
        tracing::warn!(%id, %error, "the record could not be removed");
    }
}

/// Removes a container whose run has ended. Its exit code is told all the same.
pub(crate) async fn remove(
    system: Box<dyn ComputeSystem>,
    id: &SystemId,
    context: &mut Context<'_>,
) -> anyhow::Result<()> {
    let removed = async {
        end(system).await?;
        forgotten(context, id).await?;
        anyhow::Ok(context.store.remove(id)?)
    };
    if let Err(error) = removed.await {
        tracing::error!(%id, %error, "the container could not be deleted");
        writeln!(context.stderr, "container {id} has ended and could not be deleted: {error}")?;
    }
    Ok(())
}

/// How a process ended, as an exit code of this program.
pub(crate) async fn exit_code(process: &dyn Process) -> anyhow::Result<u8> {
    let code = process.exit_code().await?;
    // A container of another system can have codes that a Linux program cannot.
    Ok(u8::try_from(code & 0xff).unwrap_or(u8::MAX))
}
