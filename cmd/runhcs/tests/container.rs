//! Real containers on this machine. Left out without root and busybox.
#![cfg(target_os = "linux")]

#[path = "support/bundle.rs"]
mod bundle;

use std::io::{IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};

use bundle::Machine;

/// How long anything may take that a container does.
const LIMIT: Duration = Duration::from_secs(20);

/// A shell that says that it is ready, and ends with code 3 when it is asked to.
const SERVICE: &str = "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.05; done";

/// Waits until something is true.
fn wait_for(what: &str, mut ready: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !ready() {
        assert!(Instant::now() < deadline, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_container_lives_from_create_to_delete() {
    let Some(machine) = Machine::new("a_container_lives_from_create_to_delete") else { return };
    let id = machine.bundle(&["sh", "-c", SERVICE], |_| {});
    let (output, pid_file) = (machine.path("output"), machine.path("pid"));
    let file = std::fs::File::create(&output).expect("output");
    let create = machine
        .command(&["create", "--bundle", machine.bundle_path(), "--pid-file"])
        .arg(&pid_file)
        .arg(&id)
        .stdin(Stdio::null())
        .stdout(file.try_clone().expect("file"))
        .stderr(file)
        .status();
    assert!(create.expect("create").success());

    let state = machine.state(&id);
    assert_eq!(state["status"], "created");
    let pid = std::fs::read_to_string(&pid_file).expect("pid");
    assert_eq!(state["pid"].to_string(), pid);
    assert_eq!(machine.fails(&["exec", &id, "true"]), 1);

    machine.succeeds(&["start", &id]);
    assert_eq!(machine.state(&id)["status"], "running");
    assert_eq!(machine.fails(&["start", &id]), 1);
    wait_for("its start", || std::fs::read_to_string(&output).expect("output") == "up\n");

    // Further processes.
    assert_eq!(machine.succeeds(&["exec", &id, "echo", "-n", "a b"]), "a b");
    assert_eq!(machine.fails(&["exec", &id, "sh", "-c", "exit 9"]), 9);
    assert_eq!(machine.fails(&["exec", &id, "sh", "-c", "kill -9 $$"]), 137);
    assert_eq!(machine.fails(&["exec", &id, "/no/such/program"]), 1);
    let seen = machine.succeeds(&[
        "exec",
        "--user",
        "5:6",
        "--cwd",
        "/tmp",
        "-e",
        "A=1",
        &id,
        "sh",
        "-c",
        "id -u; id -g; pwd; echo $A",
    ]);
    assert_eq!(seen, "5\n6\n/tmp\n1\n");

    // What it tells of itself.
    let list: serde_json::Value =
        serde_json::from_str(&machine.succeeds(&["ps", &id])).expect("json");
    assert!(
        list.as_array().is_some_and(|list| list.iter().any(|p| p["ProcessId"] == state["pid"]))
    );
    assert!(machine.succeeds(&["ps", "-f", "table", &id]).starts_with("PID "));
    assert!(machine.succeeds(&["list"]).contains(&id));
    let stats: serde_json::Value =
        serde_json::from_str(&machine.succeeds(&["stats", &id])).expect("json");
    assert_eq!((&stats["type"], stats["id"].as_str()), (&"stats".into(), Some(id.as_str())));

    machine.succeeds(&["pause", &id]);
    assert_eq!(machine.state(&id)["status"], "paused");
    machine.succeeds(&["resume", &id]);
    assert_eq!(machine.state(&id)["status"], "running");

    assert_eq!(machine.fails(&["delete", &id]), 1);
    machine.succeeds(&["kill", &id]);
    wait_for("its end", || machine.state(&id)["status"] == "stopped");
    assert_eq!(std::fs::read_to_string(&output).expect("output"), "up\nbye\n");
    assert_eq!(machine.state(&id)["pid"], 0);
    assert_eq!(machine.fails(&["kill", &id]), 1);
    machine.succeeds(&["delete", &id]);
    assert_eq!(machine.fails(&["state", &id]), 1);
}

#[test]
fn run_gives_the_streams_and_the_exit_code() {
    let Some(machine) = Machine::new("run_gives_the_streams_and_the_exit_code") else { return };
    let id = machine.bundle(&["sh", "-c", "cat; echo err >&2; exit 7"], |_| {});
    let mut child = machine
        .command(&["run", "--bundle", machine.bundle_path(), &id])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("run");
    child.stdin.take().expect("stdin").write_all(b"in\n").expect("write");
    let output = child.wait_with_output().expect("wait");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "in\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "err\n");
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(machine.fails(&["state", &id]), 1, "it is deleted");
}

#[test]
fn an_id_can_be_used_again_at_once() {
    let Some(machine) = Machine::new("an_id_can_be_used_again_at_once") else { return };
    let id = machine.bundle(&["true"], |_| {});
    for _ in 0..10 {
        machine.succeeds(&["run", "--bundle", machine.bundle_path(), &id]);
    }
    machine.bundle(&["/no/such/program"], |_| {});
    for _ in 0..3 {
        assert_eq!(machine.fails(&["run", "--bundle", machine.bundle_path(), &id]), 1);
    }
    machine.bundle(&["true"], |_| {});
    machine.succeeds(&["run", "--bundle", machine.bundle_path(), &id]);
}

#[test]
fn a_signal_reaches_the_container_and_its_end_comes_back() {
    let Some(machine) = Machine::new("a_signal_reaches_the_container_and_its_end_comes_back")
    else {
        return;
    };
    let id = machine.bundle(&["sh", "-c", SERVICE], |_| {});
    let mut child = machine
        .command(&["run", "--bundle", machine.bundle_path(), &id])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("run");
    let mut stdout = child.stdout.take().expect("stdout");
    let mut up = [0; 3];
    stdout.read_exact(&mut up).expect("up");
    rustix::process::kill_process(Pid::from_child(&child), Signal::TERM).expect("kill");
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("rest");
    assert_eq!(rest, "bye\n");
    assert_eq!(child.wait().expect("wait").code(), Some(3));
}

#[test]
fn a_detached_container_outlives_its_creator() {
    let Some(machine) = Machine::new("a_detached_container_outlives_its_creator") else { return };
    let id = machine.bundle(&["sleep", "1000"], |_| {});
    machine.detach(&["run", "--detach", "--bundle", machine.bundle_path(), &id]);
    assert_eq!(machine.state(&id)["status"], "running");

    let pid_file = machine.path("pid");
    let path = pid_file.to_str().expect("text");
    machine.detach(&["exec", "--detach", "--pid-file", path, &id, "sleep", "1000"]);
    let pid = std::fs::read_to_string(&pid_file).expect("pid");
    assert!(machine.succeeds(&["ps", &id]).contains(&format!("\"ProcessId\":{pid},")));

    machine.succeeds(&["kill", "--all", &id, "KILL"]);
    wait_for("its end", || machine.state(&id)["status"] == "stopped");
    machine.succeeds(&["delete", &id]);
}

#[test]
fn a_container_whose_worker_was_killed_can_be_deleted() {
    let Some(machine) = Machine::new("a_container_whose_worker_was_killed_can_be_deleted") else {
        return;
    };
    let id = machine.bundle(&["sleep", "1000"], |_| {});
    machine.detach(&["run", "--detach", "--bundle", machine.bundle_path(), &id]);
    let init =
        machine.state(&id)["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok()).expect("pid");
    // The worker is the parent of the first process.
    let status = std::fs::read_to_string(format!("/proc/{init}/status")).expect("status");
    let worker = status.lines().find_map(|line| line.strip_prefix("PPid:")).expect("parent");
    let worker = Pid::from_raw(worker.trim().parse().expect("number")).expect("pid");
    rustix::process::kill_process(worker, Signal::KILL).expect("kill");
    wait_for("the end of the system", || machine.state(&id)["status"] == "stopped");
    machine.succeeds(&["delete", &id]);
    assert_eq!(machine.fails(&["state", &id]), 1);
}

#[test]
fn a_terminal_is_connected_resized_and_restored() {
    let Some(machine) = Machine::new("a_terminal_is_connected_resized_and_restored") else {
        return;
    };
    let script =
        "stty size; trap 'stty size; exit 5' WINCH; echo ready; while :; do sleep 0.05; done";
    let id =
        machine.bundle(&["sh", "-c", script], |spec| spec["process"]["terminal"] = true.into());
    let (master, slave) = pty();
    let size = |ws_row, ws_col| Winsize { ws_row, ws_col, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&master, size(33, 99)).expect("size");
    let before = format!("{:?}", tcgetattr(&slave).expect("mode"));
    let stream = || Stdio::from(slave.try_clone().expect("clone"));
    let mut child = machine
        .command(&["run", "--bundle", machine.bundle_path(), &id])
        .stdin(stream())
        .stdout(stream())
        .stderr(stream())
        .spawn()
        .expect("run");
    let mut seen = String::new();
    let mut read_until = |words: &str| {
        wait_for(words, || {
            let mut buffer = [0; 1024];
            let count = rustix::io::read(&master, &mut buffer).unwrap_or(0);
            seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
            seen.contains(words)
        });
    };
    read_until("ready");
    tcsetwinsize(&master, size(44, 111)).expect("size");
    rustix::process::kill_process(Pid::from_child(&child), Signal::WINCH).expect("kill");
    read_until("44 111");
    assert_eq!(child.wait().expect("wait").code(), Some(5));
    assert!(seen.contains("33 99"), "{seen}");
    assert_eq!(format!("{:?}", tcgetattr(&slave).expect("mode")), before);
}

/// A new terminal: its controlling end, which does not wait, and the program's.
fn pty() -> (OwnedFd, OwnedFd) {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let master =
        openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("pty");
    grantpt(&master).expect("grant");
    unlockpt(&master).expect("unlock");
    let name = ptsname(&master, Vec::new()).expect("name");
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC;
    let slave = rustix::fs::open(name, flags, rustix::fs::Mode::empty()).expect("open");
    rustix::io::ioctl_fionbio(&master, true).expect("nonblocking");
    (master, slave)
}

#[test]
fn a_console_is_sent_to_who_listens() {
    let Some(machine) = Machine::new("a_console_is_sent_to_who_listens") else { return };
    let script = "read word; stty size; echo got $word";
    let id =
        machine.bundle(&["sh", "-c", script], |spec| spec["process"]["terminal"] = true.into());
    assert_eq!(machine.fails(&["create", "--bundle", machine.bundle_path(), &id]), 1);

    let path = machine.path("socket");
    let listener = UnixListener::bind(&path).expect("bind");
    let socket = path.to_str().expect("text");
    machine.succeeds(&[
        "create",
        "--bundle",
        machine.bundle_path(),
        "--console-socket",
        socket,
        &id,
    ]);
    let console = receive_console(&listener);
    machine.succeeds(&["start", &id]);
    machine.succeeds(&["resize-tty", &id, "70", "20"]);
    rustix::io::write(&console, b"abc\n").expect("write");
    rustix::io::ioctl_fionbio(&console, true).expect("nonblocking");
    let mut seen = String::new();
    let mut buffer = [0; 1024];
    // The console ends with its last process.
    wait_for("the end of the console", || match rustix::io::read(&console, &mut buffer) {
        Ok(count @ 1..) => {
            seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
            false
        }
        Err(rustix::io::Errno::AGAIN) => false,
        _ => true,
    });
    assert!(seen.contains("20 70") && seen.contains("got abc"), "{seen}");
    wait_for("its end", || machine.state(&id)["status"] == "stopped");
    machine.succeeds(&["delete", &id]);
}

fn receive_console(listener: &UnixListener) -> OwnedFd {
    use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
    let (stream, _) = listener.accept().expect("accept");
    let mut name = [0; 64];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let message = recvmsg(
        stream.as_fd(),
        &mut [IoSliceMut::new(&mut name)],
        &mut control,
        RecvFlags::CMSG_CLOEXEC,
    );
    assert_eq!(&name[..message.expect("message").bytes], b"/dev/ptmx");
    let files = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    });
    files.expect("a console")
}

#[test]
fn events_come_until_the_container_ends() {
    let Some(machine) = Machine::new("events_come_until_the_container_ends") else { return };
    let id = machine.bundle(&["sleep", "1000"], |_| {});
    machine.detach(&["run", "--detach", "--bundle", machine.bundle_path(), &id]);
    let mut child = machine
        .command(&["events", "--interval", "20ms", &id])
        .stdout(Stdio::piped())
        .spawn()
        .expect("events");
    let mut first = [0; 1];
    let mut stdout = child.stdout.take().expect("stdout");
    stdout.read_exact(&mut first).expect("an event");
    machine.succeeds(&["kill", &id, "KILL"]);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("events");
    assert!(child.wait().expect("wait").success());
    let event = format!("{}{}", char::from(first[0]), rest.lines().next().unwrap_or_default());
    let event: serde_json::Value = serde_json::from_str(&event).expect("json");
    assert!(event["data"]["memory"]["usage"]["usage"].is_u64(), "{event}");
    machine.succeeds(&["delete", &id]);
}
