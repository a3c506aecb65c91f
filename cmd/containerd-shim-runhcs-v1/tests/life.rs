//! A shim's life on Linux: started, called, killed, cleaned up after, as containerd
//! does it.
#![cfg(target_os = "linux")]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;
use shim_protos::protobuf::Message;
use shim_protos::task::{ConnectRequest, ShutdownRequest, StateRequest};
use support::bundle::{Bundle, POD, pod_container};
use support::{address, response};

/// Far more than anything here needs.
const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_shim_starts_answers_and_ends() {
    let Some(bundle) = Bundle::new("a_shim_starts_answers_and_ends", "t1", "{}") else { return };
    let shim = bundle.start().await;
    assert_eq!(shim.address, address("/a.sock", &bundle.namespace, "t1"));
    assert_eq!(bundle.file("address"), shim.address);
    assert_eq!(bundle.file("shim.pid"), shim.pid.to_string());
    let socket = shim.address.strip_prefix("unix://").expect("a socket").to_owned();
    assert_eq!(fs::metadata(&socket).expect("a socket").permissions().mode() & 0o777, 0o600);

    let unknown = StateRequest { id: "t1".into(), ..StateRequest::default() };
    let error = shim.client.state(support::within(), &unknown).await.expect_err("no task");
    assert!(error.to_string().contains("task with id: 't1' not found: not found"), "{error}");
    let shutdown = |id: &str| ShutdownRequest { id: id.into(), ..ShutdownRequest::default() };
    shim.client.shutdown(support::within(), &shutdown("other")).await.expect("not for it");
    let request = ConnectRequest { id: "t1".into(), ..ConnectRequest::default() };
    shim.client.connect(support::within(), &request).await.expect("it goes on");

    shim.client.shutdown(support::within(), &shutdown("t1")).await.expect("shutdown");
    shim.ended();
    assert!(!Path::new(&socket).exists());
    assert_eq!(bundle.file("panic.log"), "");
}

#[tokio::test]
async fn the_containers_of_a_pod_have_one_shim() {
    let test = "the_containers_of_a_pod_have_one_shim";
    let Some(pod) = Bundle::new(test, "pod", POD) else { return };
    let Some(container) = pod.beside("c1", &pod_container("pod")) else { return };
    let early = container.call(&["start"], &[]);
    assert_eq!((early.status.code(), early.stdout.len()), (Some(1), 0));
    let said = String::from_utf8_lossy(&early.stderr).into_owned();
    assert!(said.starts_with("failed to connect to hosting shim: connect unix://"), "{said}");

    let shim = pod.start().await;
    let same = container.start().await;
    assert_eq!((&same.address, same.pid), (&shim.address, shim.pid));
    assert_eq!(container.file("address"), shim.address);
    assert_eq!(container.file("shim.pid"), shim.pid.to_string());
    // What is deleted is not the pod's.
    assert_eq!(response(&container.delete().stdout).exit_status, 255);
    let request = ConnectRequest { id: "pod".into(), ..ConnectRequest::default() };
    shim.client.connect(support::within(), &request).await.expect("the pod's shim lives");
}

#[tokio::test]
async fn a_pod_s_id_is_its_container_s() {
    let Some(bundle) = Bundle::new("a_pod_s_id_is_its_container_s", "other", POD) else { return };
    let refused = bundle.call(&["start"], &[]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    let expected = "'id' and 'io.kubernetes.cri.sandbox-id' must match for \
                    'io.kubernetes.cri.container-type=sandbox'\n";
    assert_eq!(said, expected);
}

#[tokio::test]
async fn a_killed_shim_leaves_nothing_after_delete() {
    let test = "a_killed_shim_leaves_nothing_after_delete";
    let Some(bundle) = Bundle::new(test, "t1", "{}") else { return };
    let shim = bundle.start().await;
    shim.signal(Signal::KILL);
    shim.ended();
    let rootfs = bundle.path().join("rootfs");
    fs::create_dir(&rootfs).expect("a folder");
    for _ in 0..2 {
        let flags = rustix::mount::MountFlags::empty();
        rustix::mount::mount("none", &rootfs, "tmpfs", flags, None).expect("mount");
    }
    fs::write(bundle.path().join("panic.log"), "panic: \"so\"\n").expect("a record");

    let deleted = bundle.delete();
    assert_eq!(deleted.status.code(), Some(0));
    let answer = response(&deleted.stdout);
    assert_eq!(answer.exit_status, 255);
    assert!(answer.exited_at.seconds > 1_700_000_000, "{answer}");
    let said = String::from_utf8_lossy(&deleted.stderr).into_owned();
    assert!(said.contains("level=warning") && said.contains(r#"log="panic: \"so\"\n""#), "{said}");
    assert!(!Path::new(shim.address.trim_start_matches("unix://")).exists());
    let mounts = fs::read_to_string("/proc/self/mountinfo").expect("mounts");
    assert!(!mounts.contains(&*rootfs.to_string_lossy()), "{mounts}");
    // And once more, with nothing there.
    assert_eq!(bundle.delete().status.code(), Some(0));
}

#[tokio::test]
async fn a_shim_starts_over_a_dead_one_s_socket() {
    let test = "a_shim_starts_over_a_dead_one_s_socket";
    let Some(bundle) = Bundle::new(test, "t1", "{}") else { return };
    let dead = bundle.start().await;
    dead.signal(Signal::KILL);
    dead.ended();
    let next = bundle.start().await;
    assert_eq!(next.address, dead.address);
    assert_ne!(next.pid, dead.pid);
}

#[tokio::test]
async fn delete_ends_a_shim_that_was_given_up() {
    let test = "delete_ends_a_shim_that_was_given_up";
    let Some(bundle) = Bundle::new(test, "t1", "{}") else { return };
    let shim = bundle.start().await;
    assert_eq!(bundle.delete().status.code(), Some(0));
    shim.ended();
    assert!(!Path::new(shim.address.trim_start_matches("unix://")).exists());
}

#[tokio::test]
async fn a_shim_whose_containerd_was_killed_before_it_made_a_task_ends() {
    let test = "a_shim_whose_containerd_was_killed_before_it_made_a_task_ends";
    let Some(bundle) = Bundle::new(test, "t1", "{}") else { return };
    // Its next containerd is connected to it, and knows of no task to delete.
    let shim = bundle.start().await;
    shim.ended();
    assert!(!Path::new(shim.address.trim_start_matches("unix://")).exists());
    assert_eq!(bundle.file("panic.log"), "");
}

#[tokio::test]
async fn a_shim_that_can_t_serve_says_why_and_is_gone() {
    let test = "a_shim_that_can_t_serve_says_why_and_is_gone";
    let Some(bundle) = Bundle::new(test, "t1", "{}") else { return };
    let refused = bundle.call(&["start"], b"\xff\xff");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!((refused.status.code(), refused.stdout.len()), (Some(1), 0), "{said}");
    let expected = "failed to serve shim: failed to read shim options from stdin: ";
    assert!(said.starts_with(expected), "{said}");
    assert!(!bundle.path().join("address").exists());
}

#[tokio::test]
async fn the_log_goes_to_containerd_and_signals_end_nothing() {
    let test = "the_log_goes_to_containerd_and_signals_end_nothing";
    let Some(bundle) = Bundle::new(test, "t1", "{}") else { return };
    let log = bundle.path().join("log");
    mknodat(CWD, &log, FileType::Fifo, Mode::RWXU, 0).expect("a FIFO");
    let lines = read(&log);
    let options = shim_protos::runhcs::Options { debug: true, ..Default::default() };
    let options = shim_protos::any::pack(&options).and_then(|any| any.write_to_bytes());
    let shim = bundle.start_with(&options.expect("options")).await;
    let until = |text: &str| loop {
        let line = lines.recv_timeout(LIMIT).expect("a line");
        if line.contains(text) {
            assert!(line.starts_with("time=\"") && line.contains(" level=info msg="), "{line}");
            return;
        }
    };
    until("the shim serves");
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        shim.signal(signal);
        until(&format!("signal={}", signal.as_raw()));
    }
    shim.signal(Signal::USR1);
    let request = ConnectRequest { id: "t1".into(), ..ConnectRequest::default() };
    shim.client.connect(support::within(), &request).await.expect("it lives");
    let end = ShutdownRequest { id: "t1".into(), ..ShutdownRequest::default() };
    shim.client.shutdown(support::within(), &end).await.expect("shutdown");
    until("the shim has ended");
    shim.ended();
}

/// The lines of a FIFO, as they come.
fn read(fifo: &Path) -> mpsc::Receiver<String> {
    let (tell, lines) = mpsc::channel();
    let fifo = fifo.to_owned();
    // It ends with the shim, which has the FIFO open until then.
    std::thread::spawn(move || {
        let file = fs::File::open(fifo).expect("a FIFO");
        for line in BufReader::new(file).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
