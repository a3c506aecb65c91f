//! Flags in the syntax of Go's `flag` package, as `urfave/cli` has them:
//! one dash or two, `-name value` or `-name=value`, and every flag of a command
//! before or between its arguments. What comes out is what clap reads.

use std::ffi::OsString;
use std::iter::Peekable;
use std::vec::IntoIter;

use clap::{ArgAction, Command};

/// Why there is nothing to run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Help is asked for, about one command or about all.
    Help(Option<String>),
    /// The version is asked for.
    Version,
    UnknownCommand(String),
    Usage,
    /// A flag of the program (`command` is `None`) or of a command is wrong.
    Flag {
        command: Option<String>,
        error: String,
    },
}

/// A command line that clap reads.
#[derive(Debug)]
pub(super) struct Normal {
    pub(super) words: Vec<String>,
    /// The command's place in them.
    command: usize,
}

impl Normal {
    /// The command whose flag clap refused; `None` where it is the program's.
    pub(super) fn command_refused(&self, error: &clap::Error) -> Option<String> {
        let flag = match error.get(clap::error::ContextKind::InvalidArg) {
            Some(clap::error::ContextValue::String(flag)) => flag.split([' ', '=']).next()?,
            _ => return None,
        };
        let prefix = format!("{flag}=");
        let own = self.words.iter().skip(self.command).any(|word| word.starts_with(&prefix));
        own.then(|| self.words.get(self.command).cloned()).flatten()
    }
}

/// The flags of one command, by their long names.
#[derive(Default)]
struct Flags(Vec<(String, String)>);

/// Rewrites a command line, without the program's name.
pub(super) fn normalize(
    root: &Command,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Normal, Stop> {
    // A path or an id that is no Unicode could not be written to a record.
    let words: Result<Vec<String>, _> = arguments.into_iter().map(OsString::into_string).collect();
    let mut words = words.map_err(|_| Stop::Usage)?.into_iter().peekable();

    let mut flags = Flags::default();
    while let Some(word) = words.next_if(|word| is_flag(word)) {
        if word == "--" {
            break;
        }
        flags.take(root, &word, &mut words).map_err(|stop| stop.about(None))?;
    }
    let mut normal = vec![root.get_name().to_owned()];
    normal.extend(flags.into_words());

    let Some(name) = words.next() else {
        return Err(Stop::Help(None));
    };
    if name == "help" || name == "h" {
        return Err(Stop::Help(words.next()));
    }
    let Some(command) = root.find_subcommand(&name) else {
        return Err(Stop::UnknownCommand(name));
    };
    let place = normal.len();
    normal.push(command.get_name().to_owned());
    normal.extend(command_words(command, words)?);
    Ok(Normal { words: normal, command: place })
}

/// The flags and arguments of one command.
fn command_words(
    command: &Command,
    mut words: Peekable<IntoIter<String>>,
) -> Result<Vec<String>, Stop> {
    // After the first argument, the words belong to the command to execute.
    let trailing = command.get_positionals().any(clap::Arg::is_trailing_var_arg_set);
    let mut flags = Flags::default();
    let mut positionals = Vec::new();
    while let Some(word) = words.next() {
        if word == "--" {
            positionals.extend(words);
            break;
        }
        let between = !positionals.is_empty() && find(command, split(&word).0).is_none();
        if !is_flag(&word) || between {
            positionals.push(word);
            if trailing {
                positionals.extend(words);
                break;
            }
            continue;
        }
        flags
            .take(command, &word, &mut words)
            .map_err(|stop| stop.about(Some(command.get_name())))?;
    }
    let mut normal = flags.into_words();
    if !positionals.is_empty() {
        normal.push("--".into());
        normal.extend(positionals);
    }
    Ok(normal)
}

impl Flags {
    /// Takes one flag, and its value where that is the next word.
    fn take(
        &mut self,
        command: &Command,
        word: &str,
        words: &mut Peekable<IntoIter<String>>,
    ) -> Result<(), Stop> {
        let wrong = |error: String| Stop::Flag { command: None, error };
        let (name, value) = split(word);
        if name.is_empty() || name.starts_with(['-', '=']) {
            return Err(wrong(format!("bad flag syntax: {word}")));
        }
        if matches!(name, "help" | "h") {
            return Err(Stop::Help(None));
        }
        let Some(flag) = find(command, name) else {
            if matches!(name, "version" | "v" | "V") {
                return Err(Stop::Version);
            }
            return Err(wrong(format!("flag provided but not defined: -{name}")));
        };
        let long = flag.get_long().unwrap_or(name).to_owned();
        if !matches!(flag.get_action(), ArgAction::Append) {
            // The last one counts.
            self.0.retain(|(known, _)| *known != long);
        }
        if flag.get_action().takes_values() {
            let value = value.map(str::to_owned).or_else(|| words.next());
            let value = value.ok_or_else(|| wrong(format!("flag needs an argument: -{name}")))?;
            let written = format!("--{long}={value}");
            self.0.push((long, written));
        } else {
            let value = value.unwrap_or("true");
            let on = boolean(value).ok_or_else(|| {
                wrong(format!("invalid boolean value {value:?} for -{name}: parse error"))
            })?;
            if on {
                let written = format!("--{long}");
                self.0.push((long, written));
            }
        }
        Ok(())
    }

    fn into_words(self) -> Vec<String> {
        self.0.into_iter().map(|(_, written)| written).collect()
    }
}

impl Stop {
    /// The same about a command.
    fn about(self, name: Option<&str>) -> Self {
        let name = name.map(str::to_owned);
        match self {
            Self::Help(_) => Self::Help(name),
            // Only the program has a version.
            Self::Version if name.is_some() => Self::Flag {
                command: name,
                error: "flag provided but not defined: -version".into(),
            },
            Self::Flag { error, .. } => Self::Flag { command: name, error },
            other => other,
        }
    }
}

fn is_flag(word: &str) -> bool {
    word.len() > 1 && word.starts_with('-')
}

/// A flag's name and the value that is written behind it.
fn split(word: &str) -> (&str, Option<&str>) {
    let body = word.strip_prefix("--").or_else(|| word.strip_prefix('-')).unwrap_or(word);
    match body.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (body, None),
    }
}

/// The flag of a long or short name.
fn find<'a>(command: &'a Command, name: &str) -> Option<&'a clap::Arg> {
    command.get_opts().chain(command.get_arguments().filter(|arg| !arg.is_positional())).find(
        |arg| {
            arg.get_long() == Some(name)
                || arg
                    .get_short()
                    .is_some_and(|short| name.strip_prefix(short).is_some_and(str::is_empty))
        },
    )
}

/// The values that Go takes for a boolean.
fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
