//! containerd's shim as a Windows program: the example `task` starts it and calls it
//! over its pipe, as containerd does.

use std::fs::{self, File};

use e2e::bundle::Bundle;
use e2e::wine::windows_path;

use super::under_wine;

#[test]
fn a_task_lives_from_start_to_shutdown() {
    under_wine("a_task_lives_from_start_to_shutdown", |stage, wine| {
        let id = &stage.name("task");
        let bundle = Bundle::new(stage, "task").sh("echo begun; sleep 1000");
        let folder = bundle.write();
        let (shim, path) = (wine.program("containerd-shim-runhcs-v1.exe"), windows_path(folder));
        // To a file: under Wine a shim that goes on would keep a pipe open.
        let output = stage.path().join("task.out");
        let file = || File::options().create(true).append(true).open(&output).expect("a file");
        let mut task = wine.command("examples/task.exe");
        task.args(["--shim", &shim, "--bundle", &path, "--id", id]);
        let ended = task.stdout(file()).stderr(file()).status().expect("wine");
        let told = fs::read_to_string(&output).expect("what it wrote").replace("\r\n", "\n");
        println!("{told}");
        assert!(ended.success(), "{ended}: {told}");
        let pipe = format!(
            r"start: \\.\pipe\ProtectedPrefix\Administrators\containerd-shim-example-{id}-pipe"
        );
        let lines: Vec<_> = told.lines().collect();
        let expected = [
            pipe.as_str(),
            "Connect: it is ",
            "Create: process ",
            "Start: RUNNING",
            "Exec: CREATED",
            "Wait: beside ended with 3",
            "it wrote: beside",
            "Delete: beside ended with 3",
            "Wait: it ended with 137",
            "State: STOPPED",
            "it wrote: begun",
            "Delete: it ended with 137",
            "Shutdown: nobody answers any more",
        ];
        assert_eq!(lines.len(), expected.len(), "{told}");
        for (line, expected) in lines.iter().zip(expected) {
            assert!(line.starts_with(expected), "{expected:?} is not in {told}");
        }
        // What the shim's stderr was, and so what a panic would have said.
        let panic = fs::read_to_string(folder.join("panic.log")).expect("panic.log");
        assert_eq!(panic, "");
    });
}
