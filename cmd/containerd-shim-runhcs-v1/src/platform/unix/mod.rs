//! Linux, and to be compiled other systems like it.

mod children;
mod cleanup;
mod endpoint;
mod process;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::sync::Arc;

use anyhow::Context as _;
use compute::ComputeService;
use tokio::net::unix::pipe;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Globals;
use crate::log::Queue;

pub(crate) use cleanup::{clear, end_shim};
pub(crate) use endpoint::{ADDRESS_KIND, ADDRESS_PREFIX, address, bind, dial};
pub(crate) use process::Shim;

/// containerd reads it, and writes it to its own log.
const LOG: &str = "log";

/// A runtime of one thread.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_current_thread().enable_all().build().context("starting the runtime")
}

/// The service of this machine. Each namespace of containerd has systems of its own:
/// two may have tasks of one name.
#[cfg(target_os = "linux")]
pub(crate) fn service(globals: &Globals) -> Arc<dyn ComputeService> {
    let mut roots = host_linux::Roots::from_env();
    roots.state = roots.state.join("containerd").join(&globals.namespace);
    Arc::new(host_linux::LinuxHost::with_roots(roots))
}

/// Gives memory back that is not needed now.
pub(crate) fn give_back() {
    #[cfg(target_os = "linux")]
    host_linux::memory::give_back();
}

/// Gives up the standard input, which has been read.
pub(crate) fn release_stdin() {
    if let Ok(nothing) = File::open("/dev/null") {
        // As before where it can't be.
        let _ = rustix::stdio::dup2_stdin(nothing);
    }
}

/// Tells the starter that the shim listens: its standard output ends.
pub(crate) fn ready() -> io::Result<()> {
    let nothing = File::options().write(true).open("/dev/null")?;
    Ok(rustix::stdio::dup2_stdout(nothing)?)
}

/// Writes the log to the FIFO that containerd has made in the bundle. Without one
/// there is nobody to be told.
pub(crate) fn begin_log(_globals: &Globals, queue: Arc<Queue>) -> anyhow::Result<()> {
    let is_fifo = std::fs::metadata(LOG).is_ok_and(|file| file.file_type().is_fifo());
    if !is_fifo {
        return Ok(());
    }
    // Open for reading too: so it stays while containerd is restarted, and what is
    // written meanwhile waits for the next one.
    let fifo = pipe::OpenOptions::new().read_write(true).open_sender(LOG);
    let fifo = fifo.context("opening the FIFO log of the bundle")?;
    tokio::spawn(async move { queue.write_to(fifo).await });
    Ok(())
}

/// What a process that stays needs: it adopts what its children leave, and can be
/// asked for a dump (SIGUSR1). Signals that end a program don't end it, as containerd
/// alone says when: it is asked to by a call.
pub(crate) fn begin_process(dump: impl Fn() + Send + 'static) -> anyhow::Result<()> {
    children::adopt()?;
    let mut asked = signal(SignalKind::user_defined1()).context("catching SIGUSR1")?;
    tokio::spawn(async move {
        while asked.recv().await.is_some() {
            dump();
        }
    });
    let ignored = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
    for kind in ignored {
        let mut sent = signal(kind).with_context(|| format!("catching {kind:?}"))?;
        tokio::spawn(async move {
            while sent.recv().await.is_some() {
                tracing::info!(signal = kind.as_raw_value(), "a signal is ignored");
            }
        });
    }
    Ok(())
}
