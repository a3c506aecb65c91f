//! Commands that run processes, on Windows.
//!
//! The service gives a process's streams as pipes to whoever created it, and
//! they end with him. So a process that nobody waits for gets a shim: this
//! program once more, which has the streams of its starter and stays until the
//! process has ended.

mod create;
mod exec;
mod foreground;
mod relay;
mod run;
mod shim;
mod starter;

pub(crate) use create::create;
pub(crate) use exec::exec;
pub(crate) use run::run;
pub(crate) use shim::shim;

use hcs_schema::schema2::ProcessParameters;

/// Asks for the pipes of a process that has no console; a console has its own.
fn with_streams(mut parameters: ProcessParameters, terminal: bool) -> ProcessParameters {
    parameters.create_std_in_pipe = true;
    parameters.create_std_out_pipe = true;
    parameters.create_std_err_pipe = !terminal;
    parameters.emulate_console = terminal;
    parameters
}

/// # Errors
/// A socket for a console is asked for, which Windows has not.
fn refuse_console_socket(is_given: bool) -> anyhow::Result<()> {
    anyhow::ensure!(
        !is_given,
        "--console-socket is not for this host: a process's console is on our own streams"
    );
    Ok(())
}
