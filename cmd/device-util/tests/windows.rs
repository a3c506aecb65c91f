//! What this Windows answers.
#![cfg(windows)]

#[path = "support/run.rs"]
mod run;

use std::process::{Command, Output};

use host_windows::dll::Library;
use host_windows::job::{Job, JobName};

static NTDLL: Library = Library::new("ntdll.dll");

/// Says that a test is left out, where this is Wine; `why` is what Wine lacks.
fn left_out_by_wine(test: &str, why: &str) -> bool {
    let left_out = NTDLL.find(c"wine_get_version").is_ok();
    if left_out {
        println!("left out: {test}: {why}");
    }
    left_out
}

fn run(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_device-util");
    run::output(Command::new(program).args(arguments))
}

/// What it prints, without the end of the line.
fn line(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    text.strip_suffix('\n').expect("a line").to_owned()
}

#[test]
fn a_new_object_is_listed_in_its_directory() {
    let name = format!("hcsshim-test-{}-device-util", std::process::id());
    let listed = || {
        let names = line(&["obj-dir", "--dir", r"\BaseNamedObjects"]);
        names.split(',').any(|other| other == name)
    };
    assert!(!listed());
    let path = format!(r"\BaseNamedObjects\{name}");
    let job = Job::create(Some(&JobName::kernel(&path).unwrap())).unwrap();
    let made = listed();
    drop(job);
    assert!(made && !listed());
}

#[test]
fn the_global_directory_is_the_default() {
    let test = "the_global_directory_is_the_default";
    if left_out_by_wine(test, r"Wine has no \Global??, and the program has to say so") {
        let output = run(&["obj-dir"]);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.starts_with(r"failed to open the object directory \Global??: "), "{text}");
        return;
    }
    assert!(line(&["obj-dir"]).split(',').any(|name| name.eq_ignore_ascii_case("C:")));
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let output = run(&["obj-dir", "--dir", r"\no\such"]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.starts_with(r"failed to open the object directory \no\such: "), "{text}");
    assert!(output.stdout.is_empty());
}

#[test]
fn children_of_several_parents_are_one_line() {
    assert_eq!(line(&["children", "--parentID", r"ROOT\NONE\0,x", "--property", "location"]), "");
    let test = "children_of_several_parents_are_one_line";
    if left_out_by_wine(test, "Wine has no tree of devices, so nothing has children") {
        return;
    }
    let root = r"HTREE\ROOT\0";
    let once = line(&["children", "--parentID", root]);
    assert!(!once.is_empty());
    let twice = line(&["children", "--parentID", &format!("{root},{root}")]);
    assert_eq!(twice, format!("{once},{once}"));
}
