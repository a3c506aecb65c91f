//! The OCI runtime as a Windows program.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use e2e::Stage;
use e2e::bundle::Bundle;
use e2e::wine::{Ran, Wine, windows_path};
use serde_json::Value;

use super::under_wine;

const RUNHCS: &str = "runhcs.exe";

/// How long what happens by itself may take.
const SOON: Duration = Duration::from_secs(20);

fn status(wine: &Wine, id: &str) -> String {
    let state: Value = serde_json::from_str(&wine.run(RUNHCS, &["state", id]).ok()).expect("JSON");
    state["status"].as_str().expect("a status").to_owned()
}

/// Creates a container whose output goes to a file.
fn create(stage: &Stage, wine: &Wine, id: &str, script: &str) -> std::path::PathBuf {
    let bundle = Bundle::new(stage, id).sh(script);
    let bundle = windows_path(bundle.write());
    let output = stage.path().join(format!("{id}.out"));
    let file = fs::File::create(&output).expect("a file");
    let mut command = wine.command(RUNHCS);
    command.args(["create", "--bundle", &bundle, id]).stdout(file).stderr(Stdio::null());
    assert!(command.status().expect("runhcs").success());
    output
}

#[test]
fn run_gives_streams_and_exit_code() {
    under_wine("run_gives_streams_and_exit_code", |stage, wine| {
        let bundle = Bundle::new(stage, "run").sh("cat; echo err >&2; exit 7");
        let bundle = windows_path(bundle.write());
        let input = stage.path().join("input");
        fs::write(&input, "to stdin\n").expect("a file");
        let id = stage.name("run");
        let mut command = wine.command(RUNHCS);
        command.args(["run", "--bundle", &bundle, &id]);
        command.stdin(fs::File::open(&input).expect("the file"));
        let output = command.output().expect("runhcs");
        assert_eq!(output.status.code(), Some(7), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "to stdin\n");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "err\n");
        let gone = wine.run(RUNHCS, &["state", &id]);
        assert_eq!(gone.code, Some(1), "{gone:?}");
    });
}

#[test]
fn a_container_lives_from_create_to_delete() {
    under_wine("a_container_lives_from_create_to_delete", |stage, wine| {
        let id = &stage.name("life");
        let output = create(stage, wine, id, "echo begun; sleep 1000");
        assert_eq!(status(wine, id), "created");
        wine.run(RUNHCS, &["start", id]).ok();
        assert_eq!(status(wine, id), "running");

        let Ran { code, stdout, stderr } =
            wine.run(RUNHCS, &["exec", id, "sh", "-c", "echo out; echo err >&2; exit 3"]);
        assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(3), "out\n", "err\n"));
        assert!(wine.run(RUNHCS, &["list"]).ok().contains(id));
        assert!(wine.run(RUNHCS, &["ps", id]).ok().contains("ImageName"));

        wine.run(RUNHCS, &["pause", id]).ok();
        assert_eq!(status(wine, id), "paused");
        wine.run(RUNHCS, &["resume", id]).ok();
        assert_eq!(status(wine, id), "running");

        let refused = wine.run(RUNHCS, &["delete", id]);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        wine.run(RUNHCS, &["kill", id, "KILL"]).ok();
        let deadline = Instant::now() + SOON;
        while status(wine, id) != "stopped" {
            assert!(Instant::now() < deadline, "it does not stop");
        }
        wine.run(RUNHCS, &["delete", id]).ok();
        assert_eq!(wine.run(RUNHCS, &["list", "--quiet"]).ok(), "");
        assert_eq!(fs::read_to_string(output).expect("output"), "begun\n");
    });
}

#[test]
fn a_detached_exec_has_a_shim() {
    under_wine("a_detached_exec_has_a_shim", |stage, wine| {
        let id = &stage.name("shim");
        create(stage, wine, id, "sleep 1000");
        wine.run(RUNHCS, &["start", id]).ok();
        let mut exec = wine.command(RUNHCS);
        let detached = ["exec", "--detach", id, "sh", "-c", "echo written > /note; sleep 1000"];
        exec.args(detached).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(exec.status().expect("runhcs").success());
        let deadline = Instant::now() + SOON;
        loop {
            let note = wine.run(RUNHCS, &["exec", id, "sh", "-c", "cat /note"]);
            if note.stdout == "written\n" {
                break;
            }
            assert!(Instant::now() < deadline, "{note:?}");
        }
        wine.run(RUNHCS, &["delete", "--force", id]).ok();
    });
}

#[test]
fn a_program_that_is_not_there_is_named() {
    under_wine("a_program_that_is_not_there_is_named", |stage, wine| {
        let id = &stage.name("none");
        create(stage, wine, id, "sleep 1000");
        wine.run(RUNHCS, &["start", id]).ok();
        let ran = wine.run(RUNHCS, &["exec", id, "/no/such/program"]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains("/no/such/program"), "{ran:?}");
        wine.run(RUNHCS, &["delete", "--force", id]).ok();
    });
}
