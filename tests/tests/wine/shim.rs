//! containerd's shim as a Windows program: the example `task` starts it and calls it
//! over its pipe, as containerd does.

use std::fs::{self, File};
use std::path::Path;

use e2e::Stage;
use e2e::bundle::Bundle;
use e2e::wine::{Wine, windows_path};
use serde_json::json;

use super::under_wine;

/// Ends when the file is there that it is called with.
const BESIDE: &str = "\
@echo off
:again
if exist %1 goto begun
ping -n 2 127.0.0.1 >nul
goto again
:begun
echo beside
exit 3
";

#[test]
fn a_task_lives_from_start_to_shutdown() {
    under_wine("a_task_lives_from_start_to_shutdown", |stage, wine| {
        let bundle = Bundle::new(stage, "task").sh("echo begun; sleep 1000");
        let beside = ["/bin/sh", "-c", "echo beside; exit 3"];
        lives(stage, wine, "task", bundle.write(), &beside, 137);
    });
}

#[test]
fn a_host_process_container_lives_from_start_to_shutdown() {
    under_wine("a_host_process_container_lives_from_start_to_shutdown", |stage, wine| {
        let bundle = stage.folder("job");
        let root = stage.folder("job/files");
        // That the first has begun is told to the second, which ends only then: the first
        // is killed when the second has ended.
        let sign = windows_path(&root.join("begun"));
        let spec = json!({
            "ociVersion": "1.1.0",
            "root": {"path": windows_path(&root)},
            "process": {
                "args": ["cmd", "/c", format!(
                    "echo begun&& echo >{sign}&& ping -n 1000 127.0.0.1 >nul"
                )],
                "cwd": r"C:\work",
            },
            "annotations": {
                "microsoft.com/hostprocess-container": "true",
                "microsoft.com/hostprocess-inherit-user": "true",
            },
            // They are mounted already: at the root.
            "windows": {"layerFolders": [r"C:\layer", r"C:\scratch"]},
        });
        fs::write(bundle.join("config.json"), spec.to_string()).expect("a bundle");
        let script = root.join("beside.cmd");
        fs::write(&script, BESIDE.replace('\n', "\r\n")).expect("a script");
        let beside = ["cmd", "/c", &windows_path(&script), &sign];
        lives(stage, wine, "job", &bundle, &beside, 1);
        assert!(root.join("work").is_dir(), "the folder that it starts in is below its root");
    });
}

/// A task of a bundle lives, and ends so when it is killed.
fn lives(stage: &Stage, wine: &Wine, name: &str, folder: &Path, beside: &[&str], killed: u32) {
    let id = &stage.name(name);
    let (shim, path) = (wine.program("containerd-shim-runhcs-v1.exe"), windows_path(folder));
    // To a file: under Wine a shim that goes on would keep a pipe open.
    let output = stage.path().join("task.out");
    let file = || File::options().create(true).append(true).open(&output).expect("a file");
    let mut task = wine.command("examples/task.exe");
    task.args(["--shim", &shim, "--bundle", &path, "--id", id, "--"]).args(beside);
    let ended = task.stdout(file()).stderr(file()).status().expect("wine");
    let told = fs::read_to_string(&output).expect("what it wrote").replace("\r\n", "\n");
    println!("{told}");
    assert!(ended.success(), "{ended}: {told}");
    let pipe = format!(
        r"start: \\.\pipe\ProtectedPrefix\Administrators\containerd-shim-example-{id}-pipe"
    );
    let lines: Vec<_> = told.lines().collect();
    let (waited, deleted) =
        (format!("Wait: it ended with {killed}"), format!("Delete: it ended with {killed}"));
    let expected = [
        pipe.as_str(),
        "Connect: it is ",
        "Create: process ",
        "Start: RUNNING",
        "Exec: CREATED",
        "Wait: beside ended with 3",
        "it wrote: beside",
        "Delete: beside ended with 3",
        &waited,
        "State: STOPPED",
        "it wrote: begun",
        &deleted,
        "Shutdown: nobody answers any more",
    ];
    assert_eq!(lines.len(), expected.len(), "{told}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{expected:?} is not in {told}");
    }
    // What the shim's stderr was, and so what a panic would have said.
    let panic = fs::read_to_string(folder.join("panic.log")).expect("panic.log");
    assert_eq!(panic, "");
}
