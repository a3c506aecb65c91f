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
    /// Layer images: tar2ext4 next to `cp` of the tar and `mke2fs -d` of its tree.
    Ext4(Ext4),
    /// Tasks of containerd: run, exec, stdout, memory, next to its own shim.
    Shim(Shim),
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

#[derive(clap::Args)]
struct Ext4 {
    /// How often each is measured, in turns.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Mebibytes of the tar of many files, made of /usr/lib and /usr/share.
    #[arg(long, default_value_t = 1500)]
    many: u32,
    /// Mebibytes of the tar of few files.
    #[arg(long, default_value_t = 2048)]
    few: u32,
    /// Writes the figures to this file as JSON too.
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(clap::Args)]
struct Shim {
    /// How often each of a pair is measured, in turns.
    #[arg(long, default_value_t = 15)]
    rounds: u32,
    /// Writes the figures to this file as JSON too.
    #[arg(long)]
    json: Option<PathBuf>,
}

/// Builds the programs in release and lets an example measure them.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.area {
        Area::Compute(compute) => run_compute(compute),
        Area::Ext4(ext4) => run_ext4(ext4),
        Area::Shim(shim) => run_shim(shim),
    }
}

fn run_ext4(ext4: &Ext4) -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("the peers are programs of Linux: run it there");
    }
    let build = ["build", "--release", "-p", "tar2ext4", "-p", "xtask"];
    let build = [&build[..], &["--bins", "--example", "bench_ext4"]].concat();
    let mut bench = Command::new(cargo::build_example("bench_ext4", &build)?);
    bench.args([ext4.rounds, ext4.many, ext4.few].map(|number| number.to_string()));
    if let Some(json) = &ext4.json {
        bench.arg(std::path::absolute(json)?);
    }
    command::become_program(&mut bench)
}

fn run_compute(compute: &Compute) -> Result<()> {
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

fn run_shim(shim: &Shim) -> Result<()> {
    if !cfg!(target_os = "linux") || !command::is_root() {
        bail!("the peer is containerd with runc: run it as root on Linux");
    }
    let tools = [install::CONTAINERD, install::RUNC, install::BUSYBOX];
    install::tools(&tools).map_err(anyhow::Error::msg)?;
    let build = ["build", "--release", "-p", "containerd-shim-runhcs-v1", "-p", "hcs-worker"];
    let build = [&build[..], &["-p", "xtask", "--bins", "--example", "bench_shim"]].concat();
    let mut bench = Command::new(cargo::build_example("bench_shim", &build)?);
    bench.arg(shim.rounds.to_string());
    if let Some(json) = &shim.json {
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
