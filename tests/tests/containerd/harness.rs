//! What the other tests here stand on, shown with containerd's own shim.

use e2e::containerd::{Containerd, IMAGE, RUNC, Settings};
use e2e::{Stage, on_stage, tools};
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

/// What other tests rely on: the harness clears away what containerd can't.
#[test]
fn nothing_is_left_of_a_containerd_that_was_killed() {
    let test = "nothing_is_left_of_a_containerd_that_was_killed";
    with_containerd(test, async |_, containerd| {
        detached(containerd, "c");
        containerd.kill();
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
