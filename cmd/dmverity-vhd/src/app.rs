//! The program: from arguments to an exit code.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;

use crate::cli::{Cli, Command};
use crate::{commands, files, historic};

/// The exit code where clap does not read the command line.
const USAGE: u8 = 2;

pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse_from(historic::with_two_dashes(std::env::args_os())) {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing can be done about streams that take nothing.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(USAGE) } else { ExitCode::SUCCESS };
        }
    };
    match run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => match error.downcast::<clap::Error>() {
            Ok(usage) => {
                let _ = usage.print();
                ExitCode::from(USAGE)
            }
            Err(error) => {
                let _ = writeln!(std::io::stderr(), "dmverity-vhd: {error:#}");
                ExitCode::FAILURE
            }
        },
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    files::remove_at_interrupt().context("preparing for Ctrl-C")?;
    match &cli.command {
        Command::Create(create) => commands::create(create, &cli.globals),
        Command::Roothash(roothash) => commands::roothash(roothash, &cli.globals),
        Command::Inspect(inspect) => commands::inspect(inspect),
        Command::Verify(verify) => commands::verify(verify),
        Command::Completions(completions) => commands::completions(completions),
    }
}
