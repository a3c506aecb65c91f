//! Looks inside running shims: which there are, what each runs, and what it is at.
//!
//! Does: what the reference's `shimdiag` does, and `inspect`. A shim is named as `list` names it,
//! `<namespace>-<id>`, or by the beginning of that name, if no other begins so.
//!
//! Does not: change what containerd manages. `exec` and `share` are of the utility VM
//! that a shim hosts.
#![forbid(unsafe_code)]

mod cli;
mod commands;
mod exec;
mod inspect;
mod shims;

use std::process::ExitCode;

use cli::Cli;

fn main() -> ExitCode {
    appargs::main(|cli: Cli| commands::run(cli.command))
}
