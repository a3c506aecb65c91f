use std::ffi::OsString;

use clap::CommandFactory as _;

use super::*;
use appargs::{Stop, parse};

fn read(line: &str) -> Result<Cli, Stop> {
    parse(line.split(' ').filter(|word| !word.is_empty()).map(OsString::from))
}

fn get(line: &str) -> Get {
    match read(line).unwrap().command {
        Command::Get(get) => get,
        other => panic!("{line}: {other:?}"),
    }
}

fn set(line: &str) -> Set {
    match read(line).unwrap().command {
        Command::Set(set) => set,
        other => panic!("{line}: {other:?}"),
    }
}

fn flag_error(line: &str) -> String {
    match read(line) {
        Err(Stop::Flag { error, command: Some(_), .. }) => error,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn switches_can_be_off() {
    let asked = get("get -use-nt --cpu-limit=T --memory-limit=1 --memory-limit=false j more");
    assert!(asked.target.use_nt && asked.cpu_limit && !asked.memory_limit && !asked.cpu_affinity);
    assert_eq!(asked.target.name(), Some("j"));
    assert_eq!(get("get").target.name(), None);
    assert_eq!(
        flag_error("get --use-nt=maybe j"),
        "invalid boolean value \"maybe\" for -use-nt: parse error"
    );
}

#[test]
fn flags_may_follow_the_name() {
    for line in ["set -cpu-limit=5 --memory-limit 7 j", "set j --memory-limit 7 -cpu-limit 5"] {
        let asked = set(line);
        assert_eq!((asked.cpu_limit, asked.memory_limit), (Some(5), Some(7)), "{line}");
        assert_eq!((asked.cpu_weight, asked.target.name()), (None, Some("j")), "{line}");
    }
    assert_eq!(set("set --cpu-weight 1 --cpu-weight 2 j").cpu_weight, Some(2));
    assert_eq!(set(r"set -- -j").target.name(), Some("-j"));
}

#[test]
fn numbers_are_those_of_go() {
    for (text, value) in [
        ("0", Ok(0)),
        ("10", Ok(10)),
        ("0x1F", Ok(31)),
        ("0b11", Ok(3)),
        ("0o17", Ok(15)),
        ("017", Ok(15)),
        ("18446744073709551615", Ok(u64::MAX)),
        ("18446744073709551616", Err("value out of range")),
        ("-1", Err("parse error")),
        ("+1", Err("parse error")),
        ("0x", Err("parse error")),
        ("09", Err("parse error")),
        ("0ü", Err("parse error")),
        ("", Err("parse error")),
        ("x", Err("parse error")),
    ] {
        assert_eq!(number(text), value, "{text}");
    }
    assert_eq!(
        flag_error("set --memory-limit -1 j"),
        "invalid value \"-1\" for flag -memory-limit: parse error"
    );
}

#[test]
fn a_mask_is_binary() {
    assert_eq!(mask("1100").unwrap(), 12);
    assert_eq!(mask(&"1".repeat(64)).unwrap(), u64::MAX);
    for text in ["", "2", "+1", "-1", "zz"] {
        assert!(mask(text).unwrap_err().to_string().contains("is no binary number"), "{text}");
    }
    let error = mask(&"1".repeat(65)).unwrap_err().to_string();
    assert!(error.ends_with("has more than 64 processors"), "{error}");
}

#[test]
fn help_is_shown() {
    for line in ["", "-h", "help set", "set j --help"] {
        match read(line) {
            Err(Stop::Show(text)) => assert!(text.contains("Usage: jobobject-util"), "{text}"),
            other => panic!("{line}: {other:?}"),
        }
    }
}

#[test]
fn the_command_tree_is_sound() {
    Cli::command().debug_assert();
}
