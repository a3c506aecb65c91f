//! A new container, whose first process waits for its start.

use std::os::unix::net::UnixStream;

use anyhow::bail;
use compute::{ComputeSystem, Process, StdioSource, SystemId};
use hcs_schema::schema2::ProcessParameters;

use super::pid_file::PidFile;
use super::{check_console, console_socket, own_streams};
use crate::cli::CreateArgs;
use crate::commands::{end, forgotten};
use crate::config::Bundle;
use crate::context::{Context, system_id};
use crate::record::Record;

/// A container that was created and has not been started.
pub(super) struct Created {
    pub(super) id: SystemId,
    pub(super) terminal: bool,
    pub(super) system: Box<dyn ComputeSystem>,
    pub(super) process: Box<dyn Process>,
    pub(super) pid_file: PidFile,
}

/// Creates a container for others to start.
pub(crate) async fn create(
    arguments: &CreateArgs,
    context: &mut Context<'_>,
) -> anyhow::Result<u8> {
    let created = new_container(arguments, true, context).await?;
    created.pid_file.keep();
    Ok(0)
}

/// Creates a container. A failure leaves nothing of it.
pub(super) async fn new_container(
    arguments: &CreateArgs,
    detach: bool,
    context: &mut Context<'_>,
) -> anyhow::Result<Created> {
    refuse(arguments)?;
    let id = system_id(&arguments.id)?;
    let bundle = Bundle::read(arguments.bundle.as_deref())?;
    check_console(bundle.terminal, detach, arguments.console_socket.is_some())?;
    let socket = console_socket::connect(arguments.console_socket.as_deref())?;
    let mut record = Record {
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
    };
    context.service()?;
    context.store.claim(&record)?;
    let created = make(arguments, &id, &bundle, socket, &mut record, context).await;
    if created.is_err() {
        forget(context, &id);
    }
    created
}

/// Options that mean something to other hosts only.
fn refuse(arguments: &CreateArgs) -> anyhow::Result<()> {
    let given = [
        (
            "--shim-log",
            arguments.shim_log.is_some(),
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

/// Makes the compute system of a container whose record is claimed.
async fn make(
    arguments: &CreateArgs,
    id: &SystemId,
    bundle: &Bundle,
    socket: Option<UnixStream>,
    record: &mut Record,
    context: &mut Context<'_>,
) -> anyhow::Result<Created> {
    tracing::debug!(%id, bundle = bundle.folder, "creating a container");
    let document = bundle.document(&record.owner)?;
    let system = context.service()?.create(id, &document).await?;
    let stdio = if bundle.terminal { Ok(StdioSource::Pipes) } else { own_streams() };
    let made = async {
        let process = system.create_process(&ProcessParameters::default(), stdio?).await?;
        record.shim_pid = Some(process.pid().into());
        record.init_pid = Some(process.pid());
        context.store.save(record)?;
        if let Some(socket) = socket {
            console_socket::send(&socket, process.as_ref()).await?;
        }
        let pid_file = PidFile::write(arguments.pid_file.as_deref(), process.pid())?;
        anyhow::Ok((process, pid_file))
    };
    match made.await {
        Ok((process, pid_file)) => {
            tracing::debug!(%id, pid = process.pid(), "created a container");
            Ok(Created { id: id.clone(), terminal: bundle.terminal, system, process, pid_file })
        }
        Err(error) => {
            undo(system, id, context).await;
            Err(error)
        }
    }
}

/// Ends the system of a container that could not be made or started. The
/// failure that is told is the first one.
pub(super) async fn undo(system: Box<dyn ComputeSystem>, id: &SystemId, context: &mut Context<'_>) {
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
fn forget(context: &Context<'_>, id: &SystemId) {
    if let Err(error) = context.store.remove(id) {
        tracing::warn!(%id, %error, "the record could not be removed");
    }
}
