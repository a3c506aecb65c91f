//! Shows and sets the limits of job objects.
//!
//! Does: what the reference's `jobobject-util` does, on a job that others have
//! made and named: such as `\Container_<id>`, the job of a container's processes.
//!
//! Does not: make jobs, or run elsewhere than on Windows. The command line is read
//! everywhere.
#![forbid(unsafe_code)]

mod cli;
mod commands;
mod job;

use std::process::ExitCode;

use cli::Cli;

fn main() -> ExitCode {
    appargs::main(|cli: Cli| commands::run(cli.command))
}
