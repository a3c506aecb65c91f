//! Command lines as the reference's tools read them: flags with one dash or two,
//! `-name value` or `-name=value`, before the arguments or between them. What is
//! wrong is said in the words of Go's `flag` package, which scripts may look for.
//!
//! Does: [`main`], all of a program around its commands; [`parse`], the reading
//! alone; [`print()`] and [`completions`], which every tool has.
//!
//! Does not: know commands or flags. A program describes its own with clap, which
//! also checks the values.
#![forbid(unsafe_code)]

use std::error::Error as _;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::{ExitCode, Termination};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory, Parser};
use clap_complete::Shell;

/// Runs a program: reads its command line, and does what that asks for.
///
/// Its exit code is what `run` gives (`()` is 0), or 1 for a failure, which is told on standard error
/// without the program's name in front, or 3 where there is no such command.
pub fn main<C: Parser, T: Termination, E: Display>(
    run: impl FnOnce(C) -> Result<T, E>,
) -> ExitCode {
    let asked = match parse(std::env::args_os().skip(1)) {
        Ok(asked) => asked,
        Err(stop) => return stop.show(),
    };
    match run(asked) {
        Ok(done) => done.report(),
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Writes all of a text to standard output.
///
/// # Errors
/// Standard output takes no more.
pub fn print(text: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(text)?;
    stdout.flush()
}

/// Prints what completes a program's command line in a shell.
///
/// # Errors
/// Standard output takes no more.
pub fn completions<C: CommandFactory>(shell: Shell) -> io::Result<()> {
    let mut script = Vec::new();
    let mut root = C::command();
    let name = root.get_name().to_owned();
    clap_complete::generate(shell, &mut root, name, &mut script);
    print(&script)
}

/// What is said of a wrong number of arguments, in the reference's words.
const INVALID_USAGE: &str = "invalid command usage";

/// The exit code where there is no such command.
const NO_COMMAND: u8 = 3;

/// Why there is nothing to run.
#[derive(Debug, PartialEq, Eq)]
pub enum Stop {
    /// A text that was asked for: help, the version.
    Show(String),
    /// There is no such command.
    UnknownCommand(String),
    /// A flag of a command is wrong, or of the program (`command` is `None`).
    Flag {
        /// The command's name.
        command: Option<String>,
        /// What is wrong, in the words of Go's `flag` package.
        error: String,
        /// How the command or the program is used.
        help: String,
    },
    /// Something else is wrong.
    Wrong(String),
}

impl Stop {
    /// Says it, and gives the exit code.
    pub fn show(self) -> ExitCode {
        let (mut stdout, mut stderr) = (io::stdout(), io::stderr());
        // Nothing can be done about streams that take nothing.
        match self {
            Self::Show(text) => {
                return match stdout.write_all(text.as_bytes()) {
                    Ok(()) => ExitCode::SUCCESS,
                    Err(_) => ExitCode::FAILURE,
                };
            }
            Self::UnknownCommand(name) => {
                let _ = writeln!(stderr, "No help topic for '{name}'");
                return ExitCode::from(NO_COMMAND);
            }
            Self::Flag { command, error, help } => {
                let stop = if command.is_some() { ':' } else { '.' };
                let _ = write!(stdout, "Incorrect Usage{stop} {error}\n\n{help}");
                let _ = writeln!(stderr, "{error}");
            }
            Self::Wrong(error) => {
                let _ = writeln!(stderr, "{}", error.trim_end());
            }
        }
        ExitCode::FAILURE
    }
}

/// Reads a command line, without the program's name.
///
/// # Errors
/// There is nothing to run: something is wrong, or only a text was asked for.
pub fn parse<C: Parser>(words: impl IntoIterator<Item = OsString>) -> Result<C, Stop> {
    let mut root = C::command();
    // A text that is not Unicode could only name something else.
    let words: Result<Vec<String>, _> = words.into_iter().map(OsString::into_string).collect();
    let words = words.map_err(|word| Stop::Wrong(format!("{} is not Unicode", word.display())))?;
    let mut normal = Normal::default();
    let read = normal.read(&root, words.into_iter());
    let command = normal.command;
    read.map_err(|found| found.about(&mut root, command.as_deref()))?;

    let name = root.get_name().to_owned();
    let line = [name].into_iter().chain(command.clone()).chain(normal.words);
    C::try_parse_from(line).map_err(|error| {
        let found = match bad_value(&error) {
            Some(error) => Found::Flag(error),
            None if is_of_arguments(&error) => Found::Wrong(INVALID_USAGE.into()),
            None if error.use_stderr() => Found::Wrong(error.to_string()),
            None => return Stop::Show(error.to_string()),
        };
        found.about(&mut root, command.as_deref())
    })
}

/// What is found while a command line is read, of its command.
enum Found {
    Help(Option<String>),
    Version,
    UnknownCommand(String),
    Flag(String),
    Wrong(String),
}

impl Found {
    fn about(self, root: &mut Command, command: Option<&str>) -> Stop {
        match self {
            Self::Help(Some(name)) if root.find_subcommand(&name).is_none() => {
                Stop::UnknownCommand(name)
            }
            Self::Help(name) => Stop::Show(help(root, name.as_deref().or(command))),
            Self::Version => Stop::Show(root.render_version()),
            Self::UnknownCommand(name) => Stop::UnknownCommand(name),
            Self::Flag(error) => {
                Stop::Flag { command: command.map(str::to_owned), error, help: help(root, command) }
            }
            Self::Wrong(error) => Stop::Wrong(error),
        }
    }
}

fn help(root: &mut Command, command: Option<&str>) -> String {
    root.build();
    match command.and_then(|name| root.find_subcommand_mut(name)) {
        Some(command) => command.render_help().to_string(),
        None => root.render_help().to_string(),
    }
}

/// A command line that clap reads.
#[derive(Default)]
struct Normal {
    command: Option<String>,
    /// The command's flags and arguments.
    words: Vec<String>,
}

impl Normal {
    fn read(
        &mut self,
        root: &Command,
        mut words: impl Iterator<Item = String>,
    ) -> Result<(), Found> {
        let Some(name) = words.next() else {
            return Err(Found::Help(None));
        };
        if let Some(flag) = flag_in(&name) {
            return Err(match split(flag).0 {
                "version" | "V" | "v" => Found::Version,
                _ => undefined(&name, flag),
            });
        }
        if name == "help" || name == "h" {
            return Err(Found::Help(words.next()));
        }
        let Some(command) = root.find_subcommand(&name) else {
            return Err(Found::UnknownCommand(name));
        };
        self.command = Some(command.get_name().to_owned());

        // Where a command has another's flags among its arguments, its own come first.
        let is_rest = command.get_arguments().any(Arg::is_trailing_var_arg_set);
        let mut arguments = Vec::new();
        while let Some(word) = words.next() {
            if word == "--" {
                arguments.extend(words);
                break;
            }
            let flag = flag_in(&word).map(|flag| (flag, find(command, split(flag).0)));
            match flag {
                Some((flag, Some(known))) => self.take(flag, known, &mut words)?,
                Some((flag, None)) if arguments.is_empty() || is_help(flag) => {
                    return Err(undefined(&word, flag));
                }
                _ => {
                    arguments.push(word);
                    if is_rest {
                        arguments.extend(words);
                        break;
                    }
                }
            }
        }
        if !arguments.is_empty() {
            self.words.push("--".into());
            self.words.extend(arguments);
        }
        Ok(())
    }

    /// Takes a flag, and its value where that is the next word.
    fn take(
        &mut self,
        flag: &str,
        known: &Arg,
        words: &mut impl Iterator<Item = String>,
    ) -> Result<(), Found> {
        let (name, value) = split(flag);
        if known.get_action().takes_values() {
            let value = value.map(str::to_owned).or_else(|| words.next());
            let missing = || Found::Flag(format!("flag needs an argument: -{name}"));
            let value = value.ok_or_else(missing)?;
            self.words.push(format!("--{}={value}", long(known)));
            return Ok(());
        }
        match value.unwrap_or("true") {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => {
                self.words.push(format!("--{}", long(known)));
            }
            "0" | "f" | "F" | "false" | "FALSE" | "False" => {
                self.words.retain(|word| split(word.trim_start_matches('-')).0 != long(known));
            }
            value => {
                let error = format!("invalid boolean value {value:?} for -{name}: parse error");
                return Err(Found::Flag(error));
            }
        }
        Ok(())
    }
}

/// What is behind the one dash or two of a flag.
fn flag_in(word: &str) -> Option<&str> {
    let flag = word.strip_prefix('-').filter(|flag| !flag.is_empty())?;
    Some(flag.strip_prefix('-').unwrap_or(flag))
}

/// A flag's name, and the value that is written behind it.
fn split(flag: &str) -> (&str, Option<&str>) {
    match flag.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (flag, None),
    }
}

fn find<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    let is_short = |known: &Arg| known.get_short().is_some_and(|short| name == short.to_string());
    command.get_arguments().find(|known| known.get_long() == Some(name) || is_short(known))
}

/// The name that clap has of a flag.
fn long(known: &Arg) -> &str {
    known.get_long().unwrap_or_default()
}

fn is_help(flag: &str) -> bool {
    matches!(split(flag).0, "help" | "h")
}

/// What a flag means that is none of the command's.
fn undefined(word: &str, flag: &str) -> Found {
    if is_help(flag) {
        return Found::Help(None);
    }
    if flag.is_empty() || flag.starts_with(['-', '=']) {
        return Found::Flag(format!("bad flag syntax: {word}"));
    }
    Found::Flag(format!("flag provided but not defined: -{}", split(flag).0))
}

/// Whether there are too many arguments, or too few.
fn is_of_arguments(error: &clap::Error) -> bool {
    let kinds = [ErrorKind::MissingRequiredArgument, ErrorKind::UnknownArgument];
    kinds.contains(&error.kind())
}

/// What is wrong with the value of a flag. `None`: something else is wrong.
fn bad_value(error: &clap::Error) -> Option<String> {
    if error.kind() != ErrorKind::ValueValidation {
        return None;
    }
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let flag = text(ContextKind::InvalidArg)?.strip_prefix("--")?;
    let name = flag.split([' ', '=']).next().unwrap_or(flag);
    let value = text(ContextKind::InvalidValue).unwrap_or_default();
    let why = error.source().map(|why| format!(": {why}")).unwrap_or_default();
    Some(format!("invalid value {value:?} for flag -{name}{why}"))
}
