//! The demo's frame: a folder of its own, the steps, and clearing up whatever
//! happens.

use std::error::Error;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use compute::ComputeService;
use host_linux::LinuxHost;
use tokio::signal::unix::{SignalKind, signal};

use crate::narrator::{say, step};
use crate::{container, layer, leftovers, programs};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Where the demo keeps all it makes.
pub(crate) struct Stage {
    pub(crate) folder: PathBuf,
    pub(crate) host: LinuxHost,
}

impl Stage {
    pub(crate) fn base_layer(&self) -> PathBuf {
        self.folder.join("layers/base")
    }

    pub(crate) fn top_layer(&self) -> PathBuf {
        self.folder.join("layers/top")
    }
}

pub(crate) fn main() -> ExitCode {
    let outcome = match std::env::args_os().nth(1) {
        Some(folder) => play(PathBuf::from(folder)),
        None => enter(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nThe demo failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Makes the folder and runs again with it, so that the host, its workers and
/// `runhcs` all find the state in there.
fn enter() -> Result<()> {
    let folder = tempfile::Builder::new().prefix("hcsshim-demo.").tempdir()?.keep();
    let folder = folder.canonicalize()?;
    let error = Command::new(std::env::current_exe()?)
        .arg(&folder)
        .env("HCSSHIM_STATE_DIR", folder.join("state"))
        .env("HCSSHIM_SCRATCH_DIR", folder.join("scratch"))
        .exec();
    Err(error.into())
}

fn play(folder: PathBuf) -> Result<()> {
    let start = Instant::now();
    let stage = Stage { folder, host: LinuxHost::new() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let played = runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            played = steps(&stage) => played,
            _ = interrupt.recv() => Err("interrupted".into()),
            _ = terminate.recv() => Err("asked to end".into()),
        }
    });
    let cleared = runtime.block_on(clear(&stage, played.is_ok()));
    if let (Err(error), Err(_)) = (&cleared, &played) {
        eprintln!("\nClearing up: {error:#}");
    }
    played?;
    cleared?;
    println!("\nThat was all, in {:.1} s.", start.elapsed().as_secs_f64());
    Ok(())
}

async fn steps(stage: &Stage) -> Result<()> {
    println!("\nEverything below happens in {} and is gone at the end.", stage.folder.display());
    layers(stage)?;
    container::show(stage).await?;
    programs::show_bundle(stage)?;
    programs::show_facade(stage)
}

fn layers(stage: &Stage) -> Result<()> {
    step("Layers");
    let origin = layer::make(&stage.base_layer())?;
    say(format_args!("The base layer is a folder with {origin}; nothing is downloaded."));
    fs::create_dir_all(stage.top_layer().join("etc"))?;
    fs::write(stage.top_layer().join("etc/motd"), "hello from the upper layer\n")?;
    say("A second layer on top of it has one file, /etc/motd.");
    Ok(())
}

/// Ends what runs, looks for leftovers, and removes the folder.
async fn clear(stage: &Stage, show: bool) -> Result<()> {
    if show {
        step("Nothing is left");
    }
    let before = stage.host.enumerate(&Default::default()).await?;
    for system in &before {
        let system = stage.host.open(&system.id.parse()?).await?;
        system.terminate().await?;
        system.wait().await?;
        system.close().await?;
    }
    host_linux::gc(stage.host.roots())?;
    let found = leftovers::find(&stage.folder)?;
    remove(&stage.folder)?;
    if !found.is_empty() {
        return Err(format!("left behind:\n{}", found.join("\n")).into());
    }
    if show {
        say("No compute system, worker process, mount or control group of the demo exists.");
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    fs::remove_dir_all(folder)
        .map_err(|error| format!("removing {}: {error}", folder.display()).into())
}
