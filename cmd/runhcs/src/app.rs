//! The program: from arguments to an exit code.

use std::ffi::OsString;
use std::io::Write;

use compute::ComputeService;

use crate::cli::{self, Command, Parsed, Refused};
use crate::commands;
use crate::context::Context;
use crate::log::{Format, Level, Log};
use crate::store::Records;

/// What the program runs in.
pub struct Environment<'a> {
    /// Gives the compute service; called only by what needs it.
    pub service: &'a dyn Fn() -> anyhow::Result<Box<dyn ComputeService>>,
    /// Where the records of containers are.
    pub records: Records,
    /// Where reports go.
    pub stdout: &'a mut dyn Write,
    /// Where errors go.
    pub stderr: &'a mut dyn Write,
}

/// The exit code of a failure.
const FAILED: u8 = 1;
/// The exit code where there is no such command.
const NO_COMMAND: u8 = 3;

/// Runs the program. `arguments` are those behind its name. Gives the exit
/// code: the container's or process's own where one was waited for, else 0, or
/// 1 where the command failed and 3 where there is no such command.
pub fn run(arguments: impl IntoIterator<Item = OsString>, environment: &mut Environment<'_>) -> u8 {
    let cli = match cli::parse(arguments) {
        Ok(Parsed::Run(cli)) => *cli,
        Ok(Parsed::Show(text)) => return show(environment, &text),
        Err(refused) => return refuse(environment, refused),
    };
    let globals = cli.globals;
    let log = match Log::open(globals.log.as_deref(), &globals.log_format, globals.debug) {
        Ok(log) => log,
        Err(error) => return fail(environment, None, &error),
    };
    // The reference's shim tells its parent over its stdout, and logs to stderr.
    let shim = matches!(cli.command, Command::Shim(_) | Command::Vmshim(_));
    let mut context = Context::new(environment, globals);
    match commands::run(cli.command, &mut context) {
        Ok(code) => code,
        Err(error) if shim => {
            let text = message(&error);
            let _ = writeln!(environment.stdout, "{text}");
            Format::Text.write(environment.stderr, Level::Error, &format!("{text}\n"));
            FAILED
        }
        Err(error) => fail(environment, log.as_ref(), &error),
    }
}

fn show(environment: &mut Environment<'_>, text: &str) -> u8 {
    match environment.stdout.write_all(text.as_bytes()) {
        Ok(()) => 0,
        Err(_) => FAILED,
    }
}

fn refuse(environment: &mut Environment<'_>, refused: Refused) -> u8 {
    let Environment { stdout, stderr, .. } = environment;
    // Nothing can be done about streams that take nothing.
    match refused {
        Refused::UnknownCommand(name) => {
            let _ = writeln!(stderr, "No help topic for '{name}'");
            return NO_COMMAND;
        }
        Refused::Usage => {
            let _ = writeln!(stderr, "invalid command usage");
        }
        Refused::Flag { error, help } => {
            let _ = write!(stdout, "Incorrect Usage. {error}\n\n{help}");
            // There is no log yet.
            Format::Text.write(stderr, Level::Error, &format!("{error}\n"));
            let _ = writeln!(stderr, "{error}");
        }
        Refused::CommandFlag { error, help } => {
            let _ = write!(stdout, "Incorrect Usage: {error}\n\n{help}");
            let _ = writeln!(stderr, "{error}");
        }
    }
    FAILED
}

fn fail(environment: &mut Environment<'_>, log: Option<&Log>, error: &anyhow::Error) -> u8 {
    let text = message(error);
    if let Some(log) = log {
        log.record(Level::Error, &text);
    }
    let _ = writeln!(environment.stderr, "{text}");
    FAILED
}

/// An error for people: with the hint that an error of the service has.
pub(crate) fn message(error: &anyhow::Error) -> String {
    match error.downcast_ref::<compute::Error>() {
        Some(error) => format!("{error:#}"),
        None => error.to_string(),
    }
}
