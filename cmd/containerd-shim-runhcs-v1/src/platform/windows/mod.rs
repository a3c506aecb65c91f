//! Windows.

mod endpoint;
mod process;

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use compute::ComputeService;
use host_windows::named_event::NamedEvent;
use host_windows::standard_output;
use host_windows::{WindowsHost, job_container};
use shim_protos::task::{ShutdownRequest, TaskClient};
use shim_protos::ttrpc::context;
use tokio::runtime::{Builder, Runtime};

use crate::address::Address;
use crate::bundle;
use crate::cli::Globals;

pub(crate) use endpoint::{ADDRESS_KIND, ADDRESS_PREFIX, address, begin_log, bind, dial};
pub(crate) use process::Shim;

/// Who may ask for a dump: administrators and the system.
const ACCESS: &str = "D:P(A;;GA;;;BA)(A;;GA;;;SY)";

/// How long a shim that containerd has given up may take to answer, in nanoseconds.
const LIMIT: i64 = 3_000_000_000;

/// A runtime of one thread.
pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_current_thread().enable_all().build().context("starting the runtime")
}

/// The service of this machine.
pub(crate) fn service(_globals: &Globals) -> Arc<dyn ComputeService> {
    Arc::new(WindowsHost::new())
}

/// Windows takes what a resting process does not need by itself.
pub(crate) fn give_back() {}

/// It has ended, and nobody else has it.
pub(crate) fn release_stdin() {}

/// Tells the starter that the shim listens: its standard output ends.
pub(crate) fn ready() -> io::Result<()> {
    standard_output::close()
}

/// Gives a dump whenever the event `Global\stackdump-<process id>` is set, as in the
/// reference.
pub(crate) fn begin_process(dump: impl Fn() + Send + 'static) -> anyhow::Result<()> {
    let name = format!(r"Global\stackdump-{}", std::process::id());
    let event = NamedEvent::create(&name, Some(ACCESS))?;
    tokio::spawn(async move {
        while event.wait().await.is_ok() {
            dump();
        }
    });
    Ok(())
}

/// Asks the shim of this id to end, where it lives: containerd has given it up.
pub(crate) async fn end_shim(globals: &Globals) {
    let Ok(client) = Address::of(globals, &globals.id).dial().await else { return };
    let request =
        ShutdownRequest { id: globals.id.clone(), now: true, ..ShutdownRequest::default() };
    // One that hangs can't be asked.
    let _ = TaskClient::v2(client).shutdown(context::with_timeout(LIMIT), &request).await;
}

/// Removes what a host process container leaves beside its job; gives what failed.
pub(crate) async fn clear(globals: &Globals, bundle: &Path) -> Vec<(String, anyhow::Error)> {
    // What is no container's bundle left nothing.
    let Ok(spec) = bundle::spec(bundle) else { return Vec::new() };
    let Ok(id) = globals.id.parse() else { return Vec::new() };
    if !spec.is_job_container() {
        return Vec::new();
    }
    match job_container::remove_remains(&id, &spec).await {
        Ok(()) => Vec::new(),
        Err(error) => vec![(format!("failed to clear up after '{id}'"), error.into())],
    }
}
