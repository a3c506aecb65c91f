//! What the other tests here stand on, shown with containerd's own shim.

use std::process::{Command, Stdio};

use e2e::containerd::{Containerd, Events, IMAGE, RUNC, Settings};
use e2e::{Stage, machine, on_stage, tools};
use shim_protos::task::{ConnectRequest, PidsRequest, StateRequest, Status, TaskClient};
use shim_protos::ttrpc::{asynchronous::Client, context};

/// Far more than a call needs, in nanoseconds.
const LIMIT: i64 = 60_000_000_000;

fn with_containerd(test: &str, body: impl AsyncFnOnce(&Stage, &mut Containerd)) {
    on_stage(test, async |stage| {
        if let Some(mut containerd) = Containerd::new(test, stage) {
            body(stage, &mut containerd).await;
        }
    });
}

/// Runs a container that stays.
fn detached(containerd: &Containerd, id: &str) {
    let mut run = containerd.ctr(&["run", "--detach", "--runtime", RUNC, "--fifo-dir"]);
    run.arg(containerd.fifos()).args([IMAGE, id, "/bin/sleep", "1000"]);
    let ran = tools::finish(run);
    assert_eq!(ran.code, 0, "{ran:?}\n{}", containerd.log());
}

#[test]
fn a_container_runs_to_its_end() {
    with_containerd("a_container_runs_to_its_end", async |_, containerd| {
        let script = "echo out; echo err >&2; exit 3";
        let run = ["run", "--rm", "--runtime", RUNC, IMAGE, "c", "/bin/sh", "-c", script];
        let ran = containerd.call(&run);
        assert_eq!((ran.code, ran.out.as_str()), (3, "out\n"), "{ran:?}");
        assert!(ran.err.contains("err\n"), "{ran:?}");
        assert_eq!(containerd.call(&["container", "list", "--quiet"]).ok(), "");
    });
}

#[test]
fn a_container_has_a_terminal() {
    with_containerd("a_container_has_a_terminal", async |stage, containerd| {
        if machine::program("script").is_none() {
            return machine::left_out("a_container_has_a_terminal", "it needs script");
        }
        let run = ["run", "--rm", "--tty", "--runtime", RUNC, IMAGE, "c", "/bin/tty"];
        let run = containerd.ctr(&run);
        let words = std::iter::once(run.get_program()).chain(run.get_args());
        let line: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line.join(" ")]);
        script.arg(stage.path().join("typescript")).stdin(Stdio::null());
        let ran = tools::finish(script);
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(ran.out.contains("/dev/pts/0"), "{ran:?}");
    });
}

#[test]
fn a_process_is_executed_in_a_task() {
    with_containerd("a_process_is_executed_in_a_task", async |_, containerd| {
        detached(containerd, "c");
        let exec = ["task", "exec", "--exec-id", "e", "c", "/bin/sh", "-c", "echo in; exit 4"];
        let ran = containerd.call(&exec);
        assert_eq!((ran.code, ran.out.as_str()), (4, "in\n"), "{ran:?}");
        let listed = containerd.call(&["task", "list"]).ok();
        assert!(listed.contains("RUNNING"), "{listed}");
    });
}

#[test]
fn a_containerd_that_was_killed_finds_its_tasks_again() {
    let test = "a_containerd_that_was_killed_finds_its_tasks_again";
    with_containerd(test, async |_, containerd| {
        detached(containerd, "c");
        let before = containerd.pid();
        containerd.restart();
        assert_ne!(containerd.pid(), before);
        let ran = containerd.call(&["task", "exec", "--exec-id", "e", "c", "/bin/echo", "in"]);
        assert_eq!((ran.code, ran.out.as_str()), (0, "in\n"), "{ran:?}");
    });
}

/// What other tests rely on: the harness clears away what containerd can't.
#[test]
fn nothing_is_left_of_a_containerd_that_was_killed() {
    let test = "nothing_is_left_of_a_containerd_that_was_killed";
    with_containerd(test, async |_, containerd| {
        detached(containerd, "c");
        containerd.kill();
    });
}

#[test]
fn events_come_in_order() {
    with_containerd("events_come_in_order", async |_, containerd| {
        let events = Events::of(containerd);
        detached(containerd, "c");
        containerd.call(&["task", "exec", "--exec-id", "e", "c", "/bin/true"]).ok();
        containerd.call(&["task", "delete", "--force", "c"]).ok();
        let heard = events
            .until(|event| event.topic == "/tasks/delete" && event.content.get("id").is_none());
        let topics: Vec<&str> = heard.iter().map(|event| event.topic.as_str()).collect();
        let expected = ["create", "start", "exec-added", "exec-started", "exit", "exit", "delete"];
        assert_eq!(topics, expected.map(|topic| format!("/tasks/{topic}")), "{heard:#?}");
    });
}

/// Our messages and client, against the shim of Go.
#[test]
fn the_shim_answers_our_client() {
    with_containerd("the_shim_answers_our_client", async |_, containerd| {
        detached(containerd, "c");
        let address = containerd.shim_address("c").expect("an address");
        let shim = TaskClient::v2(Client::connect(&address).await.expect("connect"));
        let within = || context::with_timeout(LIMIT);
        let id = || "c".to_owned();

        let connect = ConnectRequest { id: id(), ..ConnectRequest::default() };
        let pids = shim.connect(within(), &connect).await.expect("connect");
        let state = StateRequest { id: id(), ..StateRequest::default() };
        let state = shim.state(within(), &state).await.expect("state");
        assert_eq!(state.status.enum_value(), Ok(Status::RUNNING));
        assert_eq!((state.pid, state.bundle), (pids.task_pid, bundle(containerd, "c")));
        let all = PidsRequest { id: id(), ..PidsRequest::default() };
        let all = shim.pids(within(), &all).await.expect("pids");
        assert_eq!(all.processes.iter().map(|one| one.pid).collect::<Vec<_>>(), [state.pid]);
    });
}

fn bundle(containerd: &Containerd, id: &str) -> String {
    containerd.bundle(id).display().to_string()
}

#[test]
fn the_cri_plugin_comes_up() {
    on_stage("the_cri_plugin_comes_up", async |stage| {
        let settings = Settings { cri: true, ..Settings::default() };
        let Some(containerd) = Containerd::with("the_cri_plugin_comes_up", stage, &settings) else {
            return;
        };
        let listed = containerd.call(&["plugins", "list", "id==cri"]).ok();
        assert!(listed.lines().any(|line| line.trim_end().ends_with("ok")), "{listed}");
    });
}
