//! `cargo xtask demo`.

use std::process::Command;

use anyhow::{Result, bail};

use crate::{cargo, command};

/// What to show.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Builds optimised programs, which takes some minutes more.
    #[arg(long)]
    release: bool,
}

/// Builds the programs and lets `examples/demo` drive them.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("the demo runs containers on Linux; here `cargo test` shows what there is");
    }
    if !command::is_root() {
        bail!(
            "the demo mounts layers and sets limits: run it as root (`sudo env PATH=$PATH cargo xtask demo`)"
        );
    }
    println!(
        "Building hcs-worker, runhcs, the facade's example and the demo ({}).",
        if arguments.release { "optimised" } else { "not optimised, to be quick; --release does" }
    );
    let mut build = vec!["build", "-p", "hcs-worker", "-p", "runhcs", "-p", "hcsshim"];
    build.extend(["-p", "xtask", "--bins", "--example", "demo", "--example", "lifecycle"]);
    build.extend(arguments.release.then_some("--release"));
    let program = cargo::build_example("demo", &build)?;
    command::become_program(&mut Command::new(program))
}
