//! The frame: a folder of its own, the measurements, clearing up.

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use host_linux::LinuxHost;
use serde_json::{Value, json};

use crate::figures::{self, Figure};
use crate::{api, layer, programs};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Where the benchmarks keep what they make, and how much they measure.
pub(crate) struct Stage {
    pub(crate) folder: PathBuf,
    pub(crate) rounds: u32,
    pub(crate) containers: u32,
}

impl Stage {
    pub(crate) fn layer(&self) -> PathBuf {
        self.folder.join("layer")
    }

    /// Makes an OCI bundle whose process is this command.
    pub(crate) fn bundle(&self, name: &str, command: &[&str]) -> Result<PathBuf> {
        let bundle = self.folder.join(name);
        fs::create_dir_all(&bundle)?;
        let mut spec = Command::new(programs::runhcs());
        spec.args(["spec", "--bundle"]).arg(&bundle);
        if !spec.status()?.success() {
            return Err("runhcs spec failed".into());
        }
        let config = bundle.join("config.json");
        let mut spec: Value = serde_json::from_slice(&fs::read(&config)?)?;
        spec["root"] = json!({ "path": self.layer(), "readonly": true });
        spec["process"]["args"] = json!(command);
        spec["process"]["terminal"] = json!(false);
        fs::write(config, serde_json::to_vec(&spec)?)?;
        Ok(bundle)
    }
}

pub(crate) fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let outcome = match std::env::var_os("HCSSHIM_BENCH_FOLDER") {
        Some(folder) => in_folder(Path::new(&folder), &arguments),
        None => enter(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the benchmarks failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Makes the folder and runs again with it, so that the host, its workers and
/// `runhcs` all find the state in there.
fn enter(arguments: &[OsString]) -> Result<()> {
    let folder =
        tempfile::Builder::new().prefix("hcsshim-bench.").tempdir()?.keep().canonicalize()?;
    let error = Command::new(std::env::current_exe()?)
        .args(arguments)
        .env("HCSSHIM_BENCH_FOLDER", &folder)
        .env("HCSSHIM_STATE_DIR", folder.join("state"))
        .env("HCSSHIM_SCRATCH_DIR", folder.join("scratch"))
        .exec();
    Err(error.into())
}

fn in_folder(folder: &Path, arguments: &[OsString]) -> Result<()> {
    let [rounds, containers, json @ ..] = arguments else {
        return Err(
            "usage: bench ROUNDS CONTAINERS [JSON]; `cargo xtask bench compute` does it".into()
        );
    };
    let number = |text: &OsString| text.to_string_lossy().parse::<u32>();
    let stage = Stage {
        folder: folder.to_owned(),
        rounds: number(rounds)?.max(1),
        containers: number(containers)?.max(1),
    };
    let measured = measure(&stage);
    let cleared = clear(&stage);
    let figures = measured?;
    cleared?;
    figures::print(&figures);
    if let Some(json) = json.first() {
        fs::write(json, serde_json::to_vec_pretty(&figures::to_json(&figures))?)?;
    }
    Ok(())
}

fn measure(stage: &Stage) -> Result<Vec<Figure>> {
    let origin = layer::make(&stage.layer())?;
    println!("Root file system: {origin}. Two that are compared take turns.");
    let mut figures = programs::measure(stage)?;
    figures.extend(api::measure(stage)?);
    Ok(figures)
}

fn clear(stage: &Stage) -> Result<()> {
    api::end_all(&LinuxHost::new())?;
    fs::remove_dir_all(&stage.folder)?;
    Ok(())
}
