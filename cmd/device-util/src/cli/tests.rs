use std::ffi::OsString;

use clap::CommandFactory as _;
use proptest::prelude::*;

use super::*;
use appargs::{Stop, parse};

fn read(line: &str) -> Result<Cli, Stop> {
    parse(line.split(' ').filter(|word| !word.is_empty()).map(OsString::from))
}

fn flag_error(line: &str) -> String {
    match read(line) {
        Err(Stop::Flag { error, command: Some(_), .. }) => error,
        Err(Stop::Flag { error, command: None, .. }) => format!("program: {error}"),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn flags_have_one_dash_or_two_and_the_last_one_counts() {
    for line in [
        "children --parentID a,b --property location",
        "children -parentID=a,b -property=location",
        "children -parentID x word -parentID a,b --property id --property location",
    ] {
        let Command::Children(children) = read(line).unwrap().command else { panic!("{line}") };
        assert_eq!(children.parents.as_deref(), Some("a,b"), "{line}");
        assert_eq!(children.property, "location", "{line}");
    }
    let Command::ObjDir(directory) = read("obj-dir").unwrap().command else { panic!() };
    assert_eq!(directory.directory, r"\Global??");
    // What follows a flag is its value, whatever it looks like.
    let Command::ObjDir(directory) = read("obj-dir -dir --dir -- -x").unwrap().command else {
        panic!()
    };
    assert_eq!(directory.directory, "--dir");
}

#[test]
fn what_is_wrong_is_named() {
    for (line, error) in [
        ("--nope", "program: flag provided but not defined: -nope"),
        ("obj-dir -nope=1", "flag provided but not defined: -nope"),
        ("obj-dir --dir", "flag needs an argument: -dir"),
        ("obj-dir ---x", "bad flag syntax: ---x"),
        ("children --version", "flag provided but not defined: -version"),
    ] {
        assert_eq!(flag_error(line), error, "{line}");
    }
    for line in ["bogus", "help bogus"] {
        assert_eq!(read(line).unwrap_err(), Stop::UnknownCommand("bogus".into()), "{line}");
    }
    assert!(matches!(read("completions"), Err(Stop::Wrong(_))));
    assert!(matches!(read("completions none"), Err(Stop::Wrong(_))));
}

#[test]
fn help_is_shown() {
    for (line, holds) in [
        ("", "Usage: device-util <COMMAND>"),
        ("-h", "Usage: device-util <COMMAND>"),
        ("help", "Usage: device-util <COMMAND>"),
        ("h children", "--parentID <ID,...>"),
        ("children x --help", "--parentID <ID,...>"),
        ("--version", "device-util "),
    ] {
        match read(line) {
            Err(Stop::Show(text)) => assert!(text.contains(holds), "{line}: {text}"),
            other => panic!("{line}: {other:?}"),
        }
    }
}

#[test]
fn the_command_tree_is_sound() {
    Cli::command().debug_assert();
}

proptest! {
    #[test]
    fn any_command_line_is_read(
        words in prop::collection::vec("(-{0,3}[a-z=-]{0,6}|children|obj-dir|--dir|help|.{0,4})", 0..6)
    ) {
        let _ = parse::<Cli>(words.into_iter().map(OsString::from));
    }
}
