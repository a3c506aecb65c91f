//! A command in the utility VM that a shim hosts.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

use std::process::ExitCode;

use anyhow::{Result, bail};
use shim_protos::shimdiag::{ExecProcessRequest, ShimDiagClient};
use shim_protos::ttrpc::context::Context;

use crate::cli::Exec;
use crate::shims;

/// Runs it to its end, with our streams; gives its exit code.
pub(crate) async fn run(asked: Exec) -> Result<ExitCode> {
    let client = ShimDiagClient::new(shims::find(&asked.shim)?.dial().await?);
    let pipes = platform::Pipes::new(asked.tty)?;
    let [stdin, stdout, stderr] = pipes.names();
    let request = ExecProcessRequest {
        args: asked.command,
        terminal: asked.tty,
        stdin,
        stdout,
        stderr,
        ..ExecProcessRequest::default()
    };
    let answer = tokio::select! {
        // However long the command runs.
        answer = client.diag_exec_in_host(Context::default(), &request) => answer?,
        // The shim ends a command whose caller has gone.
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
    };
    pipes.finish().await;
    // What has no place in an exit code is a failure nevertheless.
    Ok(u8::try_from(answer.exit_code).map_or(ExitCode::FAILURE, ExitCode::from))
}
