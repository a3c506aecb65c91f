//! `cargo xtask bench`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};
use clap::Subcommand;

use crate::{cargo, command, install};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    area: Area,
}

#[derive(Subcommand)]
enum Area {
    /// Containers: run, exec, stdout, memory, the 1st and the 500th.
    Compute(Compute),
}

#[derive(clap::Args)]
struct Compute {
    /// How often each of a pair is measured, in turns.
    #[arg(long, default_value_t = 30)]
    rounds: u32,
    /// How many containers are alive at the end.
    #[arg(long, default_value_t = 500)]
    containers: u32,
    /// Writes the figures to this file as JSON too.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// Builds the programs in release and lets `examples/bench` measure them.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let Area::Compute(compute) = &arguments.area;
    if !cfg!(target_os = "linux") || !command::is_root() {
        bail!("the figures are of containers with limits: run it as root on Linux");
    }
    if let Err(missing) = install::tools(&[install::RUNC, install::CRUN, install::BUSYBOX]) {
        println!("without a peer: {missing}");
    }
    let build = ["build", "--release", "-p", "hcs-worker", "-p", "runhcs", "-p", "xtask"];
    let build = [&build[..], &["--bins", "--example", "bench"]].concat();
    let program = cargo::build_example("bench", &build)?;
    let mut bench = place(&program);
    bench.args([compute.rounds, compute.containers].map(|number| number.to_string()));
    if let Some(json) = &compute.json {
        bench.arg(std::path::absolute(json)?);
    }
    command::become_program(&mut bench)
}

/// Where all peers can run. crun refuses a machine with version 1 control
/// groups that has a version 2 mount beside them: there the whole run, of all
/// peers alike, does not see that mount.
fn place(program: &Path) -> Command {
    let unified = Path::new("/sys/fs/cgroup/unified");
    if !unified.is_dir() {
        return Command::new(program);
    }
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", "umount \"$0\" && exec \"$@\""]).arg(unified).arg(program);
    command
}
