//! A look inside the shims of a containerd.

use std::process::Command;

use e2e::containerd::{Containerd, IMAGE, RUNHCS, Settings};
use e2e::drive::Ran;
use e2e::{on_stage, programs, tools};
use serde_json::{Value, json};

fn shimdiag(arguments: &[&str]) -> Ran {
    let mut program = Command::new(programs::shims().join("shimdiag"));
    program.args(arguments);
    tools::finish(program)
}

#[test]
fn shimdiag_sees_a_shim_and_its_tasks() {
    let test = "shimdiag_sees_a_shim_and_its_tasks";
    on_stage(test, async |stage| {
        let settings = Settings { shims: Some(programs::shims()), ..Settings::default() };
        let Some(containerd) = Containerd::with(test, stage, &settings) else { return };
        let name = format!("{}-seen", containerd.namespace());
        assert_eq!(shimdiag(&["tasks", &name]).err, format!("no such shim {name}\n"));

        let mut run = containerd.ctr(&["run", "--detach", "--runtime", RUNHCS, "--fifo-dir"]);
        run.arg(containerd.fifos()).args([IMAGE, "seen", "/bin/sleep", "1000"]);
        let ran = tools::finish(run);
        assert_eq!(ran.code, 0, "{ran:?}\n{}", containerd.log());
        let bundle = containerd.bundle("seen");
        let pid = std::fs::read_to_string(bundle.join("shim.pid")).expect("the shim's id");

        assert!(shimdiag(&["list"]).ok().lines().any(|line| line == name));
        let listed = shimdiag(&["list", "--pids"]).ok();
        let line = listed.lines().find(|line| line.starts_with(&name)).expect("the shim");
        assert!(line.ends_with(&format!("\t {pid}")), "{line:?}");
        let listed: Value = serde_json::from_str(&shimdiag(&["list", "--json"]).ok()).unwrap();
        assert!(listed.as_array().expect("a list").contains(&json!({"shim": name})), "{listed}");

        assert_eq!(shimdiag(&["tasks", &name]).ok(), "seen");
        let tasks = shimdiag(&["tasks", "-execs", &name]).ok();
        assert_eq!(tasks, "seen\n|\n|----> \trunning: seen");
        let stacks = shimdiag(&["stacks", &name]).ok();
        assert!(stacks.starts_with("Stacks:\n task seen: running, pid "), "{stacks}");
        for refused in [&["exec", &name, "true"][..], &["share", &name, "/", "/x"]] {
            let ran = shimdiag(refused);
            assert_eq!(ran.code, 1, "{ran:?}");
            assert!(ran.err.contains("task is not isolated"), "{ran:?}");
        }
        assert_eq!(containerd.call(&["task", "kill", "--signal", "9", "seen"]).code, 0);
        tools::finish(containerd.ctr(&["task", "delete", "seen"]));
        assert_eq!(containerd.call(&["container", "delete", "seen"]).code, 0);
    });
}
