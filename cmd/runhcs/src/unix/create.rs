//! A new container, whose first process waits for its start.

use std::os::unix::net::UnixStream;

use compute::{ComputeSystem, Process, StdioSource, SystemId};
use hcs_schema::schema2::ProcessParameters;

use super::{check_console, console_socket, own_streams};
use crate::cli::CreateArgs;
use crate::config::Bundle;
use crate::context::{Context, system_id};
use crate::creation::{forget, new_record, refuse, undo};
use crate::pid_file::PidFile;
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
    let mut record = new_record(&id, &bundle, context);
    context.service()?;
    context.store.claim(&record)?;
    let created = make(arguments, &id, &bundle, socket, &mut record, context).await;
    if created.is_err() {
        forget(context, &id);
    }
    created
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
