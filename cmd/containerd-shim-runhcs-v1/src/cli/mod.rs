//! The command line, read as the reference's: flags with one dash or two, checked in
//! its order and refused in its words.

mod arguments;

use std::ffi::OsString;
use std::iter::Peekable;

use clap::{CommandFactory, FromArgMatches};

pub(crate) use arguments::{Cli, Command, Globals, Serve};

/// The name of the program.
pub(crate) const NAME: &str = "containerd-shim-runhcs-v1";

/// The version, as the reference writes it: its build names none of its own.
const VERSION: &str = "containerd-shim-runhcs-v1 version spec: 1.3.0\n";

/// The flags that each call has to have, in the order in which they are missed.
const REQUIRED: [&str; 4] = ["namespace", "address", "publish-binary", "id"];

/// What to do.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// A command.
    Run(Box<Globals>, Command),
    /// Show this text.
    Show(String),
}

/// Why a command line is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is no such command.
    UnknownCommand(String),
    /// A flag has to be given.
    Missing(&'static str),
    /// A flag of the program is wrong: what is, and the help.
    Flag {
        /// What is wrong.
        error: String,
        /// The help.
        help: String,
    },
    /// A flag of a command is wrong: what is, and the help.
    CommandFlag {
        /// What is wrong.
        error: String,
        /// The help.
        help: String,
    },
}

/// Why flags are not read to their end.
enum Stop {
    Help,
    Version,
    Wrong(String),
}

/// Reads a command line, without the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Parsed, Refused> {
    let mut root = Cli::command();
    root.build();
    // Ids and paths travel in JSON and protobuf, as Unicode.
    let words = arguments.into_iter().map(|word| word.to_string_lossy().into_owned());
    let mut words = words.collect::<Vec<_>>().into_iter().peekable();

    let globals = match take_flags(&root, &mut words) {
        Ok(flags) => flags,
        Err(Stop::Help) => return Ok(Parsed::Show(root.render_help().to_string())),
        Err(Stop::Version) => return Ok(Parsed::Show(VERSION.into())),
        Err(Stop::Wrong(error)) => {
            return Err(Refused::Flag { error, help: root.render_help().to_string() });
        }
    };
    for name in REQUIRED {
        let empty = format!("--{name}=");
        if !globals.iter().any(|(known, word)| known == name && *word != empty) {
            return Err(Refused::Missing(name));
        }
    }
    let name = match words.next() {
        Some(name) if name != "help" && name != "h" => name,
        _ => return Ok(Parsed::Show(root.render_help().to_string())),
    };
    let Some(command) = root.find_subcommand_mut(&name) else {
        return Err(Refused::UnknownCommand(name));
    };
    // What comes behind the flags of a command is nobody's, and is passed over.
    let flags = match take_flags(command, &mut words) {
        Ok(flags) => flags,
        Err(Stop::Help) => return Ok(Parsed::Show(command.render_help().to_string())),
        Err(stop) => {
            let error = match stop {
                Stop::Wrong(error) => error,
                _ => "flag provided but not defined: -version".into(),
            };
            return Err(Refused::CommandFlag { error, help: command.render_help().to_string() });
        }
    };
    let normal = std::iter::once(NAME.to_owned())
        .chain(globals.into_iter().map(|(_, word)| word))
        .chain([name])
        .chain(flags.into_iter().map(|(_, word)| word));
    let parsed = root.try_get_matches_from_mut(normal);
    match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(Cli { globals, command: Some(command) }) => Ok(Parsed::Run(Box::new(globals), command)),
        Ok(_) => Ok(Parsed::Show(root.render_help().to_string())),
        Err(error) => {
            let help = root.render_help().to_string();
            Err(Refused::Flag { error: error.to_string(), help })
        }
    }
}

/// The flags at the front, by their names and as clap reads them. The last one of a
/// name counts.
fn take_flags(
    command: &clap::Command,
    words: &mut Peekable<impl Iterator<Item = String>>,
) -> Result<Vec<(String, String)>, Stop> {
    let mut flags: Vec<(String, String)> = Vec::new();
    while let Some(word) = words.next_if(|word| word.len() > 1 && word.starts_with('-')) {
        if word == "--" {
            break;
        }
        let (name, value) = split(&word);
        if name.is_empty() || name.starts_with(['-', '=']) {
            return Err(Stop::Wrong(format!("bad flag syntax: {word}")));
        }
        match name {
            "help" | "h" => return Err(Stop::Help),
            "version" | "v" => return Err(Stop::Version),
            _ => {}
        }
        let known = command.get_arguments().find(|known| known.get_long() == Some(name));
        let Some(known) = known else {
            return Err(Stop::Wrong(format!("flag provided but not defined: -{name}")));
        };
        let (name, value) = (name.to_owned(), value.map(str::to_owned));
        flags.retain(|(other, _)| *other != name);
        if known.get_action().takes_values() {
            let Some(value) = value.or_else(|| words.next()) else {
                return Err(Stop::Wrong(format!("flag needs an argument: -{name}")));
            };
            flags.push((name.clone(), format!("--{name}={value}")));
            continue;
        }
        let value = value.unwrap_or_else(|| "true".into());
        match boolean(&value) {
            Some(true) => flags.push((name.clone(), format!("--{name}"))),
            Some(false) => {}
            None => {
                let wrong = format!("invalid boolean value {value:?} for -{name}: parse error");
                return Err(Stop::Wrong(wrong));
            }
        }
    }
    Ok(flags)
}

/// A flag's name and the value that is written behind it.
fn split(word: &str) -> (&str, Option<&str>) {
    let body = word.strip_prefix("--").or_else(|| word.strip_prefix('-')).unwrap_or(word);
    match body.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (body, None),
    }
}

/// The values that Go takes for a boolean.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
