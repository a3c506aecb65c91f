//! The program: from arguments to a server and its end.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::Arguments;
use crate::paths::Drives;
use crate::server::Server;

/// How long the handles of all clients may take to close.
const END_LIMIT: Duration = Duration::from_secs(10);

/// Runs until a signal ends it.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    log(arguments.debug);
    ensure!(
        arguments.listen.ip().is_loopback(),
        "{} is not a loopback address: only programs of this machine may connect",
        arguments.listen
    );
    let secret = match std::env::var(stand_in::protocol::SECRET) {
        Ok(secret) if !secret.is_empty() => secret,
        _ => bail!("{} is not set: it is what each client has to know", stand_in::protocol::SECRET),
    };
    let drives = Drives::parse(&arguments.drives)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(async {
        let listener = TcpListener::bind(arguments.listen)
            .await
            .with_context(|| format!("listening on {}", arguments.listen))?;
        let address = listener.local_addr()?.to_string();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        if let Some(path) = &arguments.address_file {
            write_address(path, &address)?;
        }
        println!("{address}");
        std::io::stdout().flush()?;
        let server = Server::new(secret, drives);
        tokio::select! {
            () = Arc::clone(&server).accept(listener) => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        // What a client left open ends with its handles.
        if tokio::time::timeout(END_LIMIT, server.end()).await.is_err() {
            tracing::warn!("a client's handles could not be closed in time");
        }
        anyhow::Ok(())
    });
    if let Some(path) = &arguments.address_file {
        let _ = std::fs::remove_file(path);
    }
    // A blocking call that hangs would hold the end up.
    runtime.shutdown_background();
    outcome
}

fn log(debug: bool) {
    let level = if debug { tracing::Level::DEBUG } else { tracing::Level::WARN };
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).init();
}

/// Whoever sees the file sees all of it.
fn write_address(path: &Path, address: &str) -> anyhow::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}", std::process::id()));
    let failed = || format!("writing the address to {}", path.display());
    std::fs::write(&temporary, format!("{address}\n")).with_context(failed)?;
    std::fs::rename(&temporary, path).with_context(failed)
}
