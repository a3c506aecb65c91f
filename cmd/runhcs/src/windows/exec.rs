//! A further process in a running container.

use compute::StdioSource;

use super::foreground::Foreground;
use super::starter::{Request, Shim};
use super::{refuse_console_socket, with_streams};
use crate::cli::Exec;
use crate::container::Container;
use crate::context::{Context, system_id};
use crate::pid_file::PidFile;
use crate::process::{parameters, wants_console};

/// Runs a process in a container; waits for its end unless it is detached.
pub(crate) async fn exec(exec: Exec, context: &mut Context<'_>) -> anyhow::Result<u8> {
    let container = Container::load(context, &system_id(&exec.id)?).await?;
    let system = container.system()?;
    refuse_console_socket(exec.console_socket.is_some())?;
    let parameters = parameters(&exec, &container.record)?;
    let terminal = wants_console(&parameters);
    let parameters = with_streams(parameters, terminal);
    if exec.detach {
        let request = Request { parameters, terminal, is_first: false };
        let shim = Shim::start(context, &exec.id, &request, exec.shim_log.as_deref()).await?;
        PidFile::write(exec.pid_file.as_deref(), shim.pid)?.keep();
        return Ok(0);
    }
    let process = system.create_process(&parameters, StdioSource::Pipes).await?;
    let attended = async {
        let pid_file = PidFile::write(exec.pid_file.as_deref(), process.pid())?;
        let foreground = Foreground::enter(process.as_ref(), system.os(), terminal).await?;
        let code = foreground.attend(process.as_ref()).await?;
        pid_file.keep();
        anyhow::Ok(code)
    };
    let outcome = attended.await;
    if outcome.is_err() {
        // Nobody would know of it.
        let _ = process.kill().await;
    }
    outcome
}
