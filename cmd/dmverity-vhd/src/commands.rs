//! What each command does.

mod create;
mod facts;
mod features;
mod inspect;
mod report;
mod roothash;
mod source;
mod verify;

use std::io::Write as _;

use anyhow::Context as _;
use clap::CommandFactory as _;

pub(crate) use create::create;
pub(crate) use inspect::inspect;
pub(crate) use roothash::roothash;
pub(crate) use verify::verify;

use crate::cli::{Cli, Completions};

/// Prints the completions of a shell.
pub(crate) fn completions(completions: &Completions) -> anyhow::Result<()> {
    let mut script = Vec::new();
    let root = &mut Cli::command();
    clap_complete::generate(completions.shell, root, "dmverity-vhd", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Prints to stdout.
fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).context("writing to stdout")
}

/// Prints an object as JSON.
fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value).context("writing JSON")?;
    print(&(text + "\n"))
}
