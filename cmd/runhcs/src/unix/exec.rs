//! A further process in a running container.

use anyhow::bail;
use compute::{Process, StdioSource};

use super::foreground::Foreground;
use super::{check_console, console_socket, own_streams};
use crate::cli::Exec;
use crate::container::Container;
use crate::context::{Context, system_id};
use crate::pid_file::PidFile;
use crate::process::{parameters, wants_console};

/// Runs a process in a container; waits for its end unless it is detached.
pub(crate) async fn exec(exec: Exec, context: &mut Context<'_>) -> anyhow::Result<u8> {
    let container = Container::load(context, &system_id(&exec.id)?).await?;
    let system = container.system()?;
    if exec.shim_log.is_some() {
        bail!("--shim-log is not for this host: processes have no shim: --log has the records");
    }
    let parameters = parameters(&exec, &container.record)?;
    let terminal = wants_console(&parameters);
    check_console(terminal, exec.detach, exec.console_socket.is_some())?;
    let socket = console_socket::connect(exec.console_socket.as_deref())?;
    let stdio = if terminal { StdioSource::Pipes } else { own_streams()? };
    let process = system.create_process(&parameters, stdio).await?;
    match attend(&exec, terminal, socket, process.as_ref()).await {
        Ok(code) => Ok(code),
        Err(error) => {
            // Nobody would know of it.
            let _ = process.kill().await;
            Err(error)
        }
    }
}

async fn attend(
    exec: &Exec,
    terminal: bool,
    socket: Option<std::os::unix::net::UnixStream>,
    process: &dyn Process,
) -> anyhow::Result<u8> {
    if let Some(socket) = socket {
        console_socket::send(&socket, process).await?;
    }
    let pid_file = PidFile::write(exec.pid_file.as_deref(), process.pid())?;
    if exec.detach {
        pid_file.keep();
        return Ok(0);
    }
    let mut foreground = Foreground::enter(process, terminal).await?;
    let code = foreground.attend(process).await?;
    pid_file.keep();
    Ok(code)
}
