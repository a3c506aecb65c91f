//! The command line.

mod arguments;
mod flags;
mod help;

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches};

pub(crate) use arguments::{
    Cli, Command, CreateScratch, Delete, Events, Globals, Id, Kill, List, PrepareDisk, ProcessList,
    ResizeTty, Shim, Spec,
};
pub(crate) use arguments::{CreateArgs, Exec, Run};

/// What to do.
pub(crate) enum Parsed {
    /// A command, with the flags before it.
    Run(Box<Cli>),
    /// Show this text.
    Show(String),
}

/// Why a command line is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is no such command.
    UnknownCommand(String),
    /// The number or form of the arguments is not the command's.
    Usage,
    /// A flag of the program is wrong: what is, and the help.
    Flag { error: String, help: String },
    /// A flag of a command is wrong: what is, and the help.
    CommandFlag { error: String, help: String },
}

/// Reads a command line, without the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Parsed, Refused> {
    let mut root = Cli::command();
    let normal = match flags::normalize(&root, arguments) {
        Ok(normal) => normal,
        Err(flags::Stop::Help(command)) => return help::show(&mut root, command.as_deref()),
        Err(flags::Stop::Version) => return Ok(Parsed::Show(help::VERSION.into())),
        Err(flags::Stop::UnknownCommand(name)) => return Err(Refused::UnknownCommand(name)),
        Err(flags::Stop::Usage) => return Err(Refused::Usage),
        Err(flags::Stop::Flag { command, error }) => {
            return Err(refuse_flag(&mut root, command.as_deref(), error));
        }
    };
    let parsed = root.try_get_matches_from_mut(&normal.words);
    let parsed = parsed.and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => Ok(Parsed::Run(Box::new(cli))),
        Err(error) => match bad_flag_value(&error) {
            Some(message) => {
                let command = normal.command_refused(&error);
                Err(refuse_flag(&mut root, command.as_deref(), message))
            }
            None => Err(Refused::Usage),
        },
    }
}

fn refuse_flag(root: &mut clap::Command, command: Option<&str>, error: String) -> Refused {
    let help = help::text(root, command);
    match command {
        Some(_) => Refused::CommandFlag { error, help },
        None => Refused::Flag { error, help },
    }
}

/// What is wrong with the value of a flag. `None`: something else is wrong.
fn bad_flag_value(error: &clap::Error) -> Option<String> {
    if error.kind() != ErrorKind::ValueValidation && error.kind() != ErrorKind::InvalidValue {
        return None;
    }
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let flag = text(ContextKind::InvalidArg)?.strip_prefix("--")?;
    let name = flag.split([' ', '=']).next().unwrap_or(flag);
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    Some(format!("invalid value {value:?} for flag -{name}"))
}

#[cfg(test)]
mod tests;
