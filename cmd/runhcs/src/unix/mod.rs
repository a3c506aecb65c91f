//! Commands that run processes on this machine's files and terminals.

mod console_socket;
mod create;
mod exec;
mod foreground;
mod relay;
mod run;
mod terminal;

pub(crate) use create::create;
pub(crate) use exec::exec;
pub(crate) use run::run;

use std::os::fd::AsFd;

use compute::StdioSource;

/// This program's own streams, for a process to have.
fn own_streams() -> std::io::Result<StdioSource> {
    let (stdin, stdout, stderr) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    let streams = [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
    let [stdin, stdout, stderr] = streams.map(|stream| stream.try_clone_to_owned());
    Ok(StdioSource::Files(Box::new([Some(stdin?), Some(stdout?), Some(stderr?)])))
}

/// What becomes of a process's console.
///
/// # Errors
/// What is asked for leaves a console to nobody, or names a socket for none.
fn check_console(terminal: bool, detach: bool, socket: bool) -> anyhow::Result<()> {
    match (terminal, detach, socket) {
        (true, true, false) => anyhow::bail!(
            "nobody would hold the process's console: name a socket for it with --console-socket"
        ),
        (false, _, true) => anyhow::bail!(
            "--console-socket is for a process with a console: set process.terminal or --tty"
        ),
        (true, false, true) => {
            anyhow::bail!("--console-socket is for a process that nobody waits for: add --detach")
        }
        _ => Ok(()),
    }
}
