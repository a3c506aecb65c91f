//! A task's whole life on Windows, as containerd has a shim live it: `start`, and then
//! calls by ttrpc over the shim's pipe, from Connect to Shutdown.
//!
//! ```text
//! task --shim containerd-shim-runhcs-v1.exe --bundle Z:\srv\bundle --id hello -- /bin/true
//! ```
//!
//! Writes what each call gave to stdout, a line each. The process of the bundle is
//! killed at the end, when the one that runs beside it has ended.

use std::process::ExitCode;

use clap::Parser;

#[cfg(windows)]
#[path = "task/life.rs"]
mod life;

/// A task's whole life, by calls to a shim that it starts.
#[derive(Debug, Parser)]
struct Arguments {
    /// The shim's program.
    #[arg(long)]
    shim: String,
    /// The folder of the OCI bundle.
    #[arg(long)]
    bundle: String,
    /// The task's id.
    #[arg(long)]
    id: String,
    /// What runs beside the task's process.
    #[arg(last = true, required = true)]
    exec: Vec<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    #[cfg(windows)]
    let outcome = life::run(&arguments);
    #[cfg(not(windows))]
    let outcome: anyhow::Result<()> =
        Err(anyhow::anyhow!("{arguments:?}: shims have pipes on Windows only; build it for that"));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("task: {error:#}");
            ExitCode::FAILURE
        }
    }
}
