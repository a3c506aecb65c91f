//! A DLL or a function that this Windows lacks: the program starts, and the call
//! that needs it fails with its name.

use std::fs;

use e2e::bundle::Bundle;
use e2e::wine::windows_path;

use super::under_wine;

const RUNHCS: &str = "runhcs.exe";

#[test]
fn a_missing_dll_is_named() {
    under_wine("a_missing_dll_is_named", |stage, wine| {
        fs::remove_file(wine.system("vmcompute.dll")).expect("the DLL");
        assert!(wine.run(RUNHCS, &["--help"]).ok().contains("runhcs"));
        let bundle = Bundle::new(stage, "dll").sh("exit 0");
        let bundle = windows_path(bundle.write());
        let ran = wine.run(RUNHCS, &["run", "--bundle", &bundle, &stage.name("dll")]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains("vmcompute.dll"), "{ran:?}");
    });
}

#[test]
fn a_missing_function_is_named_and_the_others_work() {
    under_wine("a_missing_function_is_named_and_the_others_work", |stage, wine| {
        rename(&wine.system("vmcompute.dll"), "HcsPauseComputeSystem", "HcsPausfComputeSystem");
        let bundle = Bundle::new(stage, "function").sh("sleep 1000");
        let bundle = windows_path(bundle.write());
        let id = &stage.name("function");
        let mut create = wine.command(RUNHCS);
        create.args(["run", "--detach", "--bundle", &bundle, id]);
        create.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        assert!(create.status().expect("runhcs").success());
        let paused = wine.run(RUNHCS, &["pause", id]);
        assert_eq!(paused.code, Some(1), "{paused:?}");
        let text = &paused.stderr;
        assert!(text.contains("HcsPauseComputeSystem") && text.contains("vmcompute.dll"), "{text}");
        assert_eq!(wine.run(RUNHCS, &["exec", id, "sh", "-c", "echo on"]).ok(), "on\n");
        wine.run(RUNHCS, &["delete", "--force", id]).ok();
    });
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
