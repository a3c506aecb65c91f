//! Lists devices of a Windows machine, and the kernel's object directories.
//!
//! Does: what the reference's `device-util` does. The reference runs it in utility
//! VMs (`children --property location`), to find the devices on a bus that was
//! given to the VM.
//!
//! Does not: run elsewhere than on Windows. The command line is read everywhere.
#![forbid(unsafe_code)]

mod cli;
mod commands;
mod system;

use std::process::ExitCode;

use cli::Cli;

fn main() -> ExitCode {
    appargs::main(|cli: Cli| commands::run(cli.command))
}
