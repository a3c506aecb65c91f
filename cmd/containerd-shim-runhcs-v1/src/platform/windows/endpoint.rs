//! The pipes that a shim is called through and that its log goes to.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use futures_util::stream::unfold;
use host_windows::named_pipe::{
    self, DEFAULT_TIMEOUT, ListenOptions, Listener as PipeListener, PipeError, local,
};
use shim_protos::ttrpc::asynchronous::transport::{Listener, Socket};
use tokio::io::AsyncReadExt;

use crate::address::Address;
use crate::bundle::os_text;
use crate::cli::Globals;
use crate::log::Queue;

/// What an address begins with.
pub(crate) const ADDRESS_PREFIX: &str = r"\\.\pipe";

/// What an address is.
pub(crate) const ADDRESS_KIND: &str = "pipe";

/// The shim's pipes are for administrators and the system alone.
const ACCESS: &str = "D:P(A;;FA;;;BA)(A;;FA;;;SY)";

/// How long another shim at the same address may take to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two looks at it, and before the next client is accepted after one that
/// could not be.
const PAUSE: Duration = Duration::from_millis(100);

/// The address for an id. Only administrators can make pipes of this prefix, whichever
/// containerd they make them for.
pub(crate) fn address(_containerd: &str, namespace: &str, id: &str) -> String {
    format!(r"\\.\pipe\ProtectedPrefix\Administrators\containerd-shim-{namespace}-{id}-pipe")
}

/// Calls the shim at an address.
pub(crate) async fn dial(address: &Address) -> anyhow::Result<Socket> {
    match named_pipe::dial(address.path(), DEFAULT_TIMEOUT).await {
        Ok(pipe) => Ok(Socket::new(pipe)),
        Err(PipeError::Dial { source, .. }) => Err(anyhow!("open {address}: {}", os_text(&source))),
        Err(error) => Err(error.into()),
    }
}

/// The name of a pipe, which goes with its listener.
#[derive(Debug)]
pub(crate) struct Name;

impl Name {
    /// Frees the name for another.
    pub(crate) fn release(self) {}
}

/// Listens at an address.
pub(crate) async fn bind(address: &Address) -> anyhow::Result<(Listener, Name)> {
    let listener = listen(address.path().into()).await?;
    let clients = unfold(listener, |mut listener| async {
        let accepted = listener.accept().await;
        if accepted.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
        Some((accepted.map_err(io::Error::other), listener))
    });
    Ok((Listener::new(clients), Name))
}

async fn listen(path: PathBuf) -> anyhow::Result<PipeListener> {
    let options =
        ListenOptions { security_descriptor: Some(ACCESS.into()), ..ListenOptions::default() };
    let deadline = Instant::now() + PATIENCE;
    loop {
        match named_pipe::listen(&path, &options) {
            Ok(listener) => return Ok(listener),
            // One that is about to end gives its name up first.
            Err(PipeError::Listen { .. }) if Instant::now() < deadline => {
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Writes the log to whoever has opened the log's pipe last: there is one containerd,
/// and a new client is that one, started anew.
pub(crate) fn begin_log(globals: &Globals, queue: Arc<Queue>) -> anyhow::Result<()> {
    let path = local(&format!("containerd-shim-{}-{}-log", globals.namespace, globals.id));
    tokio::spawn(async move {
        match listen(path).await {
            Ok(listener) => write_to_clients(listener, &queue).await,
            Err(error) => tracing::error!(error = format!("{error:#}"), "nobody gets this log"),
        }
    });
    Ok(())
}

async fn write_to_clients(mut listener: PipeListener, queue: &Queue) {
    let mut client = None;
    loop {
        let write = async {
            match &mut client {
                None => std::future::pending().await,
                Some(client) => {
                    let (mut from, to) = tokio::io::split(client);
                    let mut nothing = [0];
                    tokio::select! {
                        _ = queue.write_to(to) => {}
                        // It is not to say anything: it has gone.
                        _ = from.read(&mut nothing) => {}
                    }
                }
            }
        };
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(next) => client = Some(next),
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            () = write => client = None,
        }
    }
}
