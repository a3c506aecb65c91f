use super::*;

const REQUIRED: &str = "-namespace n -address a -publish-binary p -id i";

fn parsed(line: &str) -> Result<Parsed, Refused> {
    parse(line.split_whitespace().map(OsString::from))
}

fn run(line: &str) -> (Globals, Command) {
    match parsed(line) {
        Ok(Parsed::Run(globals, command)) => (*globals, command),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn one_dash_or_two() {
    for line in [
        format!("{REQUIRED} -debug start"),
        "--namespace=n --address a --publish-binary p --id i --debug=T start".into(),
        format!("-id other -debug=false {REQUIRED} --debug start -- more"),
    ] {
        let (globals, command) = run(&line);
        assert_eq!((globals.namespace.as_str(), globals.id.as_str()), ("n", "i"), "{line}");
        assert_eq!((globals.address.as_str(), globals.publish_binary.as_str()), ("a", "p"));
        assert!(globals.debug && globals.bundle.is_none(), "{line}");
        assert!(matches!(command, Command::Start), "{line}");
    }
}

#[test]
fn a_command_has_flags_of_its_own() {
    let (globals, command) = run(&format!("{REQUIRED} -bundle /b serve -socket s --is-sandbox x"));
    assert_eq!(globals.bundle.as_deref(), Some("/b".as_ref()));
    let Command::Serve(serve) = command else { panic!("{command:?}") };
    assert_eq!((serve.socket.as_str(), serve.is_sandbox), ("s", true));
    let refused = parsed(&format!("{REQUIRED} start -socket s"));
    let error = "flag provided but not defined: -socket";
    assert!(matches!(refused, Err(Refused::CommandFlag { error: e, .. }) if e == error));
}

#[test]
fn an_empty_value_is_none() {
    let line = "-namespace n -address= -publish-binary p -id i start";
    assert_eq!(parsed(line).err(), Some(Refused::Missing("address")));
    // A value may look like a flag.
    assert_eq!(run("-namespace -id -address a -publish-binary p -id i start").0.namespace, "-id");
}

#[test]
fn what_is_wrong_is_said_as_the_reference_does() {
    for (line, expected) in [
        ("---x", "bad flag syntax: ---x"),
        ("-=x", "bad flag syntax: -=x"),
        ("-id", "flag needs an argument: -id"),
        ("-debug=maybe", "invalid boolean value \"maybe\" for -debug: parse error"),
    ] {
        match parsed(line) {
            Err(Refused::Flag { error, help }) => {
                assert_eq!(error, expected, "{line}");
                assert!(help.contains("Usage:"), "{help}");
            }
            other => panic!("{line}: {other:?}"),
        }
    }
}

#[test]
fn help_has_examples_and_needs_no_flags() {
    for line in ["-h", "--help", "-help start"] {
        let Ok(Parsed::Show(text)) = parsed(line) else { panic!("{line}") };
        assert!(text.contains("ctr run") && text.contains("start") && !text.contains("serve"));
    }
    assert!(matches!(parsed(&format!("{REQUIRED} start -h")), Ok(Parsed::Show(_))));
}

#[test]
fn clap_finds_no_fault_in_the_arguments() {
    Cli::command().debug_assert();
}
