//! containerd's shim for containers of the compute service.
//!
//! `start` answers containerd with the address of a shim, which it starts unless a
//! pod's shim is to have the container; `serve` is the shim; `delete` removes what a
//! container and a shim that is gone have left. What a shim does is in the crate
//! `shim`; here is how it comes and goes.
#![forbid(unsafe_code)]

mod address;
mod bundle;
mod cli;
mod delete;
mod log;
mod options;
mod panic_record;
mod platform;
mod serve;
mod start;
mod telemetry;

use std::io::{self, Write};
use std::process::ExitCode;

use cli::{Command, Parsed, Refused};

/// The exit code where there is no such command.
const NO_COMMAND: u8 = 3;

fn main() -> ExitCode {
    let (globals, command) = match cli::parse(std::env::args_os().skip(1)) {
        Ok(Parsed::Run(globals, command)) => (globals, command),
        Ok(Parsed::Show(text)) => return show(text.as_bytes()),
        Err(refused) => return refuse(refused),
    };
    match command {
        Command::Start => end(start::run(&globals)),
        Command::Delete => match delete::run(&globals) {
            Ok(answer) => show(&answer),
            Err(error) => end(Err(error)),
        },
        Command::Serve(serve) => match serve::run(&globals, &serve) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                // What it says on stderr is for the record of panics.
                let _ = writeln!(io::stdout(), "{error:#}");
                ExitCode::FAILURE
            }
        },
    }
}

/// Ends a command that containerd called. It reads both streams: nothing else goes there.
fn end(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn show(answer: &[u8]) -> ExitCode {
    let mut stdout = io::stdout();
    match stdout.write_all(answer).and_then(|()| stdout.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn refuse(refused: Refused) -> ExitCode {
    let (mut stdout, mut stderr) = (io::stdout(), io::stderr());
    // Nothing can be done about streams that take nothing.
    let _ = match refused {
        Refused::UnknownCommand(name) => {
            let _ = writeln!(stderr, "No help topic for '{name}'");
            return ExitCode::from(NO_COMMAND);
        }
        Refused::Missing(flag) => writeln!(stderr, "{flag} is required"),
        Refused::Flag { error, help } => {
            let _ = write!(stdout, "Incorrect Usage. {error}\n\n{help}");
            writeln!(stderr, "{error}")
        }
        Refused::CommandFlag { error, help } => {
            let _ = write!(stdout, "Incorrect Usage: {error}\n\n{help}");
            writeln!(stderr, "{error}")
        }
    };
    ExitCode::FAILURE
}
