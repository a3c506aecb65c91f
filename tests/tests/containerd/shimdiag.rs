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
        let none = format!("no such shim {name}; `shimdiag list` shows those that run\n");
        assert_eq!(shimdiag(&["tasks", &name]).err, none);

        let mut run = containerd.ctr(&["run", "--detach", "--runtime", RUNHCS, "--fifo-dir"]);
        run.arg(containerd.fifos()).args(["--memory-limit", "67108864"]);
        run.args([IMAGE, "seen", "/bin/sleep", "1000"]);
        let ran = tools::finish(run);
        assert_eq!(ran.code, 0, "{ran:?}\n{}", containerd.log());
        let bundle = containerd.bundle("seen");
        let pid = std::fs::read_to_string(bundle.join("shim.pid")).expect("the shim's id");

        assert!(shimdiag(&["list"]).ok().lines().any(|line| line == name));
        let listed = shimdiag(&["list", "--pids"]).ok();
        let line = listed.lines().find(|line| line.starts_with(&name)).expect("the shim");
        // No tab is between where the name ends at one.
        let told = line.strip_prefix(&name).map(str::trim_start);
        assert_eq!(told, Some(pid.trim()), "{line:?}");
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
        inspect(&containerd, &name, pid.trim());
        assert_eq!(containerd.call(&["task", "kill", "--signal", "9", "seen"]).code, 0);
        tools::finish(containerd.ctr(&["task", "delete", "seen"]));
        assert_eq!(containerd.call(&["container", "delete", "seen"]).code, 0);
    });
}

/// The task as a tree, and as JSON: what it is told to be, may use and uses.
fn inspect(containerd: &Containerd, name: &str, shim: &str) {
    let ran = containerd.call(&[
        "task",
        "exec",
        "--exec-id",
        "e",
        "--detach",
        "seen",
        "/bin/sleep",
        "1000",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let told = shimdiag(&["inspect", "--json", name]).ok();
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["pid"].to_string(), shim);
    let task = &told["tasks"][0];
    assert_eq!(task["limits"]["memoryBytes"], 64 << 20);
    assert!(task["usage"]["memoryBytes"].as_u64().is_some_and(|bytes| bytes > 0), "{task}");
    let (init, exec) = (&task["init"], &task["execs"][0]);
    assert_eq!(init["args"], json!(["/bin/sleep", "1000"]));
    assert_eq!((&init["state"], &exec["state"]), (&json!("running"), &json!("running")));
    assert_eq!((&exec["id"], &exec["args"]), (&json!("e"), &json!(["/bin/sleep", "1000"])));
    let listed = containerd.call(&["task", "list"]).ok();
    let line = listed.lines().find(|line| line.starts_with("seen ")).expect("the task");
    assert_eq!(line.split_whitespace().nth(1), Some(&*init["pid"].to_string()), "{listed}");

    let tree = shimdiag(&["inspect", name]).ok();
    let lines: Vec<&str> = tree.lines().collect();
    assert!(lines[0].starts_with(&format!("{name}: task, shim pid {shim}, up ")), "{tree}");
    assert!(lines[1].starts_with("└── container seen: running, pid "), "{tree}");
    assert!(lines[1].contains(" of 64.0 MiB, "), "{tree}");
    assert!(lines[2].starts_with("    └── exec e: running, pid "), "{tree}");
    assert_eq!(containerd.call(&["task", "kill", "--exec-id", "e", "-s", "9", "seen"]).code, 0);
}
