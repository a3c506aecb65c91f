//! A DLL or a function that this Windows lacks: the program starts, and the call
//! that needs it fails with its name.

use std::fs;
use std::process::Command;

use e2e::Stage;
use e2e::bundle::Bundle;
use e2e::wine::{Ran, Wine, windows_path};

use super::under_wine;

const RUNHCS: &str = "runhcs.exe";

/// The DLL of each generation of the service, which none of the others needs.
const GENERATIONS: [&str; 2] = ["vmcompute", "computecore"];

#[test]
fn a_missing_dll_is_named() {
    under_wine("a_missing_dll_is_named", |stage, wine| {
        for dll in GENERATIONS {
            fs::remove_file(wine.system(&format!("{dll}.dll"))).expect("the DLL");
            a_dll_is_missing(stage, wine, dll);
        }
    });
}

fn a_dll_is_missing(stage: &Stage, wine: &Wine, dll: &str) {
    assert!(wine.run(RUNHCS, &["--help"]).ok().contains("runhcs"));
    let bundle = Bundle::new(stage, dll).sh("exit 0");
    let bundle = windows_path(bundle.write());
    let ran = runhcs(wine, dll, &["run", "--bundle", &bundle, &stage.name(dll)]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains(&format!("{dll}.dll")), "{ran:?}");
}

#[test]
fn a_missing_function_is_named_and_the_others_work() {
    under_wine("a_missing_function_is_named_and_the_others_work", |stage, wine| {
        for dll in GENERATIONS {
            let file = wine.system(&format!("{dll}.dll"));
            rename(&file, "HcsPauseComputeSystem", "HcsPausfComputeSystem");
            a_function_is_missing(stage, wine, dll);
        }
    });
}

fn a_function_is_missing(stage: &Stage, wine: &Wine, dll: &str) {
    let bundle = Bundle::new(stage, dll).sh("sleep 1000");
    let bundle = windows_path(bundle.write());
    let id = &stage.name(dll);
    let mut create = command(wine, dll);
    create.args(["run", "--detach", "--bundle", &bundle, id]);
    create.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    assert!(create.status().expect("runhcs").success());
    let paused = runhcs(wine, dll, &["pause", id]);
    assert_eq!(paused.code, Some(1), "{paused:?}");
    let text = &paused.stderr;
    let names = ["HcsPauseComputeSystem".to_owned(), format!("{dll}.dll")];
    assert!(names.iter().all(|name| text.contains(name)), "{text}");
    assert_eq!(runhcs(wine, dll, &["exec", id, "sh", "-c", "echo on"]).ok(), "on\n");
    runhcs(wine, dll, &["delete", "--force", id]).ok();
}

fn runhcs(wine: &Wine, generation: &str, arguments: &[&str]) -> Ran {
    Ran::new(command(wine, generation).args(arguments).output().expect("wine"))
}

fn command(wine: &Wine, generation: &str) -> Command {
    let mut command = wine.command(RUNHCS);
    command.env("HCSSHIM_HCS_GENERATION", generation);
    command
}

/// Gives an export another name, of the same length and place in their order.
fn rename(dll: &std::path::Path, from: &str, to: &str) {
    let mut bytes = fs::read(dll).expect("the DLL");
    let name = format!("\0{from}\0");
    let places = bytes.windows(name.len()).filter(|window| *window == name.as_bytes()).count();
    assert!(places > 0, "no {from} in {}", dll.display());
    while let Some(at) = bytes.windows(name.len()).position(|window| window == name.as_bytes()) {
        bytes[at + 1..=to.len() + at].copy_from_slice(to.as_bytes());
    }
    fs::write(dll, bytes).expect("the DLL");
}
