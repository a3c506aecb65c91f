use std::ffi::OsString;

use proptest::prelude::*;

use super::*;

fn words(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

fn cli(line: &str) -> Cli {
    match parse(words(line)) {
        Ok(Parsed::Run(cli)) => *cli,
        Ok(Parsed::Show(text)) => panic!("{line}: {text}"),
        Err(refused) => panic!("{line}: {refused:?}"),
    }
}

fn refused(line: &str) -> Refused {
    match parse(words(line)) {
        Ok(Parsed::Run(cli)) => panic!("{line}: {cli:?}"),
        Ok(Parsed::Show(text)) => panic!("{line}: {text}"),
        Err(refused) => refused,
    }
}

fn flag_error(line: &str) -> String {
    match refused(line) {
        Refused::Flag { error, .. } => error,
        Refused::CommandFlag { error, .. } => format!("command: {error}"),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn flags_have_one_dash_or_two() {
    for line in [
        "--root r --debug list",
        "-root r -debug list",
        "-root=r --debug=true list",
        "--root=x --root=r --debug=0 -debug=T list",
    ] {
        let globals = cli(line).globals;
        assert_eq!((globals.root.as_str(), globals.debug), ("r", true), "{line}");
    }
}

#[test]
fn flags_of_a_command_come_before_or_between_its_arguments() {
    for line in ["kill -a c1 9", "kill c1 --all 9", "kill c1 9 -all", "kill --all -- c1 9"] {
        let Command::Kill(kill) = cli(line).command else { panic!("{line}") };
        assert_eq!((kill.id.as_str(), kill.signal.as_str(), kill.all), ("c1", "9", true), "{line}");
    }
}

#[test]
fn what_follows_the_first_argument_of_exec_is_the_program_s() {
    let Command::Exec(exec) = cli("exec -e A=1 --env=B=2,3 -t c1 ls -t -- -x --help").command
    else {
        panic!("exec")
    };
    assert_eq!(exec.env, ["A=1", "B=2,3"]);
    assert!(exec.tty);
    assert_eq!(exec.command, ["ls", "-t", "--", "-x", "--help"]);
}

#[test]
fn a_wrong_flag_is_named() {
    for (line, error) in [
        ("--nope", "flag provided but not defined: -nope"),
        ("-nope=1 list", "flag provided but not defined: -nope"),
        ("--root", "flag needs an argument: -root"),
        ("--debug=x list", "invalid boolean value \"x\" for -debug: parse error"),
        ("---x list", "bad flag syntax: ---x"),
        ("list --nope", "command: flag provided but not defined: -nope"),
        ("list --version", "command: flag provided but not defined: -version"),
        ("resize-tty --pid x c1 1 2", "command: invalid value \"x\" for flag -pid"),
        ("events --interval 5 c1", "command: invalid value \"5\" for flag -interval"),
    ] {
        assert_eq!(flag_error(line), error, "{line}");
    }
}

#[test]
fn a_wrong_number_of_arguments_is_refused() {
    for line in
        ["state", "state a b", "list x", "kill", "kill a b c", "resize-tty c1 1", "tty c1 1 x"]
    {
        assert_eq!(refused(line), Refused::Usage, "{line}");
    }
    assert_eq!(refused("bogus"), Refused::UnknownCommand("bogus".into()));
    assert_eq!(refused("help bogus"), Refused::UnknownCommand("bogus".into()));
}

#[test]
fn help_is_shown_for_each_command() {
    let root = <Cli as clap::CommandFactory>::command();
    for command in root.get_subcommands() {
        for line in
            [format!("help {}", command.get_name()), format!("{} --help", command.get_name())]
        {
            match parse(words(&line)) {
                Ok(Parsed::Show(text)) => assert!(text.contains("Usage:"), "{line}: {text}"),
                _ => panic!("{line}"),
            }
        }
    }
    for line in ["", "-h", "--help", "help", "h"] {
        assert!(matches!(parse(words(line)), Ok(Parsed::Show(_))), "{line}");
    }
}

#[test]
fn the_command_tree_is_sound() {
    <Cli as clap::CommandFactory>::command().debug_assert();
}

#[test]
fn an_interval_is_a_time_of_go() {
    let interval = |text: &str| match cli(&format!("events --interval {text} c1")).command {
        Command::Events(events) => events.interval.as_millis(),
        other => panic!("{other:?}"),
    };
    assert_eq!(["1ms", "1m30s", "1.5s", "1h"].map(interval), [1, 90_000, 1_500, 3_600_000]);
    for text in ["0s", "-1s", "1d", "s", "1e400s"] {
        assert!(
            matches!(refused(&format!("events --interval={text} c1")), Refused::CommandFlag { .. }),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn any_command_line_is_read(words in prop::collection::vec("(-{0,3}[a-z=-]{0,6}|list|exec|kill|--root|c1|.{0,4})", 0..6)) {
        let _ = parse(words.into_iter().map(OsString::from));
    }
}
