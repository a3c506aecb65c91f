//! Thousands of calls, callbacks and closes through the Windows host: no crash, no
//! call that fails and should not, and at the end as many handles and as much memory
//! as soon after the start.
//!
//! It needs Windows or Wine, a compute service that runs Linux containers (the
//! stand-ins of this project are one), and a folder with busybox for their layer:
//!
//! ```text
//! stress --operations 10000 --systems 1000 --generation computecore --layer Z:\srv\rootfs
//! ```
//!
//! Three phases, one after the other: `operations` makes calls on a few systems that
//! live, `systems` opens and closes systems while events arrive, `closes` closes
//! systems, processes and streams in random order. Each writes a line of JSON to
//! stdout at each tenth of its way. Turns are drawn from the seed, and run several at
//! a time.

#[cfg(windows)]
mod bed;
#[cfg(windows)]
mod closes;
#[cfg(windows)]
mod operations;
#[cfg(windows)]
mod random;
#[cfg(windows)]
mod run;
#[cfg(windows)]
mod systems;
#[cfg(windows)]
mod usage;

use std::process::ExitCode;

use clap::Parser;

/// Thousands of calls, callbacks and closes through the Windows host.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many operations are made.
    #[arg(long, default_value_t = 10_000)]
    operations: u64,
    /// How many systems are opened and closed, and as many again in random order.
    #[arg(long, default_value_t = 1_000)]
    systems: u64,
    /// What the turns are drawn from; not 0.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// vmcompute or computecore; by default the one that serves this Windows.
    #[arg(long)]
    generation: Option<String>,
    /// A read-only layer for Linux containers, with busybox.
    #[arg(long, value_name = "PATH")]
    layer: String,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    #[cfg(windows)]
    let outcome = run::run(&arguments);
    #[cfg(not(windows))]
    let outcome = needs_windows(&arguments);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stress: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(windows))]
fn needs_windows(arguments: &Arguments) -> anyhow::Result<()> {
    anyhow::bail!("{arguments:?}: this needs Windows; build it for that and run it under Wine")
}
