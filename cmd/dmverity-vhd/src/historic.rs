//! Long flags with one dash, as the historical tool took them: `-hash-dev-vhd`, `-dir`.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::{Command, CommandFactory as _};

use crate::cli::Cli;

/// Gives long flags with one dash a second one.
pub(crate) fn with_two_dashes(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut names = BTreeSet::new();
    collect(&Cli::command(), &mut names);
    let mut ended = false;
    arguments
        .map(|argument| {
            ended |= argument == "--";
            let name = argument.to_str().and_then(|text| text.strip_prefix('-'));
            let name = name.map(|text| text.split_once('=').map_or(text, |(name, _)| name));
            match name {
                Some(name) if !ended && names.contains(name) => {
                    let mut long = OsString::from("-");
                    long.push(&argument);
                    long
                }
                _ => argument,
            }
        })
        .collect()
}

fn collect(command: &Command, names: &mut BTreeSet<String>) {
    for argument in command.get_arguments() {
        let aliases = argument.get_all_aliases().into_iter().flatten();
        names.extend(argument.get_long().into_iter().chain(aliases).map(String::from));
    }
    // Those that clap adds.
    names.extend(["help", "version"].map(String::from));
    command.get_subcommands().for_each(|command| collect(command, names));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_dash_is_enough_for_a_long_flag() {
        let given = ["x", "-v", "create", "-dir", "-image=a", "-i", "-", "-hdv", "--", "-dir"];
        let normal = with_two_dashes(given.iter().map(OsString::from));
        let wanted = ["x", "-v", "create", "--dir", "--image=a", "-i", "-", "--hdv", "--", "-dir"];
        assert_eq!(normal, wanted.map(OsString::from));
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
