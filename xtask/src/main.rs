//! The project's one door: demo, test, bench, fuzz, dist.

mod bench;
mod cargo;
mod command;
mod demo;
mod dist;
mod failures;
mod fuzz;
mod install;
mod test;
mod wine;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

const EXAMPLES: &str = "\
Examples:
  cargo xtask demo                           a container's life, explained (as root)
  cargo xtask test                           all tests; installs what they need (as root)
  cargo xtask test --lane unit --lane doc    only these
  cargo xtask test --full                    the long soak and the fuzz targets too
  cargo xtask bench compute --json out.json  figures next to runc's and crun's
  cargo xtask bench ext4 --rounds 9          layer images next to cp and mke2fs -d
  cargo xtask fuzz seccomp --seconds 600
  cargo xtask dist                           an archive of the programs in dist/";

/// The project's one door.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Shows the main job: containers from documents and OCI bundles, step by step.
    Demo(demo::Arguments),
    /// Runs the tests, in lanes, and closes with a table.
    Test(test::Arguments),
    /// Measures; it reports and never judges.
    Bench(bench::Arguments),
    /// Runs the fuzz targets on the nightly toolchain.
    Fuzz(fuzz::Arguments),
    /// Packs the release programs, the licence and shell completions.
    Dist,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Demo(arguments) => demo::run(&arguments),
        Task::Test(arguments) => test::run(&arguments),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        Task::Dist => dist::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
