//! `serve`: the shim itself.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use shim::events::Publisher;
use shim::{Settings, Shim, Shutdown};
use shim_protos::runhcs::Options;
use shim_protos::runhcs::options::DebugType;
use shim_protos::ttrpc::asynchronous::Server;

use crate::address::Address;
use crate::cli::{Globals, Serve};
use crate::log::{self, Level, Queue};
use crate::options::Beginning;
use crate::telemetry::Telemetry;
use crate::{panic_record, platform};

/// Names containerd's address for events in our environment.
const EVENTS_ADDRESS: &str = "TTRPC_ADDRESS";

/// How long calls under way and events may take when the shim ends.
const GRACE: Duration = Duration::from_secs(3);

/// The same where it is to end at once: for the answer to who asked for it.
const AT_ONCE: Duration = Duration::from_millis(100);

/// How long a collector may take to hear the rest: what OTLP gives it by default.
const TELLING: Duration = Duration::from_secs(10);

/// How long no call comes before the shim takes itself for resting.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a shim stays without a task. containerd makes one at once; where it is
/// killed before, the next one connects to this shim and, before 1.7, keeps it for ever
/// (containerd's issue 6860).
const UNUSED: Duration = Duration::from_secs(30);

/// Serves until containerd asks for the shim's end, or makes no task.
pub(crate) fn run(globals: &Globals, serve: &Serve) -> anyhow::Result<()> {
    let beginning = Beginning::read().context("failed to read shim options from stdin")?;
    platform::release_stdin();
    let level = level(globals, &beginning)?;
    let has_log = match beginning.options.debug_type.enum_value_or_default() {
        DebugType::NPIPE => true,
        DebugType::ETW => false,
        DebugType::FILE => anyhow::bail!("file log output mode is not supported"),
    };
    let address = Address::parse(&serve.socket)?;
    panic_record::begin();
    let runtime = platform::runtime()?;
    let served = runtime.block_on(async {
        let queue = has_log.then(|| Arc::new(Queue::default()));
        let telemetry = Telemetry::from_env(globals);
        let told = telemetry.as_ref().ok().and_then(Option::as_ref);
        log::begin(level, queue.clone(), told);
        if let Err(error) = &telemetry {
            tracing::warn!(error = format!("{error:#}"), "no collector is told");
        }
        let served = serve_at(&address, globals, serve, beginning, queue.clone()).await;
        if let Err(error) = &served {
            tracing::error!(error = format!("{error:#}"), "the shim ends");
        }
        if let Ok(Some(telemetry)) = telemetry {
            telemetry.end(TELLING).await;
        }
        if let Some(queue) = queue {
            queue.drain(AT_ONCE).await;
        }
        served
    });
    // A thread that still blocks must not keep the process.
    runtime.shutdown_background();
    served
}

/// How much is logged.
fn level(globals: &Globals, beginning: &Beginning) -> anyhow::Result<Level> {
    let Options { debug, log_level, .. } = &beginning.options;
    Ok(match log_level.as_str() {
        "" if *debug || globals.debug => Level::DEBUG,
        "" => beginning.level.unwrap_or(Level::INFO),
        level => level.parse()?,
    })
}

async fn serve_at(
    address: &Address,
    globals: &Globals,
    serve: &Serve,
    beginning: Beginning,
    queue: Option<Arc<Queue>>,
) -> anyhow::Result<()> {
    if let Some(queue) = queue {
        platform::begin_log(globals, queue)?;
    }
    let events = std::env::var(EVENTS_ADDRESS).ok().filter(|address| !address.is_empty());
    let publisher = Publisher::new(events.or(beginning.events).as_deref(), &globals.namespace);
    let settings = Settings {
        id: globals.id.clone(),
        namespace: globals.namespace.clone(),
        is_sandbox: serve.is_sandbox,
        options: beginning.options,
        publisher: publisher.clone(),
    };
    let shim = Arc::new(Shim::new(settings, platform::service(globals)));
    platform::begin_process(dumper(&shim))?;
    tokio::spawn(rest(Arc::clone(&shim)));

    let (listener, name) = platform::bind(address).await?;
    let server = Server::new().add_listener(listener);
    let mut server = shim.services().into_iter().fold(server, Server::register_service);
    server.start().await.context("failed to serve")?;
    let bundle = std::env::current_dir().unwrap_or_default();
    tell_start(globals, address, &bundle);
    platform::ready().context("telling the starter that the shim is ready")?;

    let how = tokio::select! {
        how = shim.shutdown_requested() => how,
        () = shim.unused(UNUSED) => {
            tracing::warn!(id = globals.id, "no task is made; the shim ends");
            Shutdown::Graceful
        }
    };
    // From now on the next shim of this id can have it.
    name.release();
    let grace = if how == Shutdown::Now { AT_ONCE } else { GRACE };
    // Who has no answer by then gets none.
    let _ = tokio::time::timeout(grace, server.shutdown()).await;
    shim.end().await;
    publisher.flush(grace).await;
    tracing::info!(id = globals.id, "the shim has ended");
    Ok(())
}

fn tell_start(globals: &Globals, address: &Address, bundle: &Path) {
    tracing::info!(
        id = globals.id,
        namespace = globals.namespace,
        pid = std::process::id(),
        bundle = %bundle.display(),
        %address,
        "the shim serves"
    );
}

/// Gives back, whenever the shim rests, what it does not need for that.
async fn rest(shim: Arc<Shim>) {
    loop {
        shim.rested(PAUSE).await;
        platform::give_back();
    }
}

/// Logs what each task is at.
fn dumper(shim: &Arc<Shim>) -> impl Fn() + Send + 'static {
    let shim = Arc::clone(shim);
    move || {
        for line in shim.tasks_dump().lines() {
            tracing::info!("{line}");
        }
    }
}
