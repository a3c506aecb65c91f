//! Command lines as Go's flag package reads them: one dash or two for every flag, and
//! `-flag=value` for a switch too.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::arguments::Arguments;

/// A command line that nothing is done for.
pub(crate) struct Refused(clap::Error);

/// Reads a command line with the program's name.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Arguments, Refused> {
    Arguments::try_parse_from(normalize(words)).map_err(Refused)
}

impl Refused {
    /// Shows why, and gives the exit code: 2 for a flag that is wrong, 1 for a file too
    /// many or too few, as in the reference.
    pub(crate) fn show(self) -> ExitCode {
        // Nothing is left to be done where it can't be shown.
        let _ = self.0.print();
        let positional = |error: &clap::Error| {
            use clap::error::{ContextKind, ContextValue};
            let word = error.get(ContextKind::InvalidArg);
            matches!(word, Some(ContextValue::String(word)) if !word.starts_with('-'))
        };
        match self.0.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
            ErrorKind::MissingRequiredArgument => ExitCode::FAILURE,
            ErrorKind::UnknownArgument if positional(&self.0) => ExitCode::FAILURE,
            _ => ExitCode::from(2),
        }
    }
}

/// A switch's value, as `strconv.ParseBool` reads it.
pub(crate) fn go_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err("neither true nor false".into()),
    }
}

/// Gives each flag the dashes that clap knows it by.
fn normalize(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let command = Arguments::command();
    let mut normal = Vec::new();
    let mut words = words.into_iter();
    normal.extend(words.next());
    while let Some(word) = words.next() {
        if word == "--" {
            normal.push(word);
            break;
        }
        let Some(text) = word.to_str().filter(|text| text.len() > 1 && text.starts_with('-'))
        else {
            normal.push(word);
            continue;
        };
        let (dashes, rest) = text.split_at(text.len() - text.trim_start_matches('-').len());
        let name = rest.split('=').next().unwrap_or_default();
        let mut letters = name.chars();
        let is_letter = letters.next().is_some() && letters.next().is_none();
        let dashes = match dashes {
            "-" | "--" if is_letter => "-",
            "-" | "--" => "--",
            more => more,
        };
        normal.push(format!("{dashes}{rest}").into());
        // What follows a flag is its value, whatever it looks like.
        let takes_value = command.get_arguments().any(|argument| {
            let named = argument.get_long() == Some(name)
                || (is_letter && argument.get_short() == name.chars().next());
            let values = argument.get_num_args().unwrap_or_default();
            named && argument.get_action().takes_values() && values.min_values() > 0
        });
        if takes_value && !rest.contains('=') {
            normal.extend(words.next());
        }
    }
    normal.extend(words);
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Arguments, u8> {
        let words = line.split(' ').map(OsString::from);
        parse(words).map_err(|refused| match refused.0.kind() {
            ErrorKind::MissingRequiredArgument => 1,
            ErrorKind::UnknownArgument => 3,
            _ => 2,
        })
    }

    #[test]
    fn one_dash_or_two() {
        for line in [
            "tar2ext4 -i a -o b -overlay -only-vhd=true -inline",
            "tar2ext4 --i a --o=b --overlay --only-vhd --inline=T",
            "tar2ext4 -i=a -o=b -overlay=1 -only-vhd -inline",
        ] {
            let arguments = parsed(line).expect(line);
            assert_eq!(arguments.input.as_deref(), Some("a".as_ref()), "{line}");
            assert_eq!(arguments.output.as_deref(), Some("b".as_ref()), "{line}");
            assert_eq!(arguments.overlay, Some(true), "{line}");
            assert!(arguments.only_vhd && arguments.inline && !arguments.vhd, "{line}");
        }
    }

    #[test]
    fn a_switch_can_be_off() {
        let arguments = parsed("tar2ext4 -o b -vhd=false -overlay=0").expect("line");
        assert!(!arguments.vhd);
        assert_eq!(arguments.overlay, Some(false));
        assert_eq!(parsed("tar2ext4 -o b -vhd=maybe").err(), Some(2));
    }

    #[test]
    fn a_value_may_look_like_a_flag() {
        let arguments = parsed("tar2ext4 -o -vhd").expect("line");
        assert_eq!(arguments.output.as_deref(), Some("-vhd".as_ref()));
    }

    #[test]
    fn what_is_wrong_is_refused() {
        assert_eq!(parsed("tar2ext4").err(), Some(1));
        assert_eq!(parsed("tar2ext4 -o b more").err(), Some(3));
        assert_eq!(parsed("tar2ext4 -o b -nonsense").err(), Some(3));
        assert_eq!(parsed("tar2ext4 -o b --label 12345678901234567").err(), Some(2));
    }

    #[test]
    fn clap_finds_no_fault_in_the_arguments() {
        Arguments::command().debug_assert();
    }
}
