//! Ctrl-C, and what else ends the program before its image is whole.

use std::fs;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use e2e::programs;
use e2e::tools::{self, Place};
use rustix::fs::{CWD, Mode};
use rustix::process::{Pid, Signal};

use crate::{corpus, names};

/// Stops the program once `is_ready`. Gives its exit code.
fn stop(mut child: Child, signal: Signal, is_ready: impl Fn() -> bool) -> Option<i32> {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_ready() {
        assert!(Instant::now() < deadline, "the program does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(100));
    let pid = Pid::from_raw(child.id().cast_signed()).expect("a pid");
    rustix::process::kill_process(pid, signal).expect("a signal");
    tools::code(&mut child)
}

/// Whether the process of this status has a handler for a signal.
fn catches(status: &str, signal: Signal) -> bool {
    let text = fs::read_to_string(status).expect("a process's status");
    let mask = text.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("SigCgt");
    let mask = u64::from_str_radix(mask.trim(), 16).expect("a mask");
    mask >> (signal.as_raw() - 1) & 1 == 1
}

/// While it waits for the rest of a tar.
#[test]
fn ctrl_c_leaves_no_file() {
    let Some(place) = Place::new("ctrl_c_leaves_no_file", &["zstd"]) else { return };
    let tar = fs::read(corpus::unpack(&place, "bigger")).expect("the tar");
    for signal in [Signal::INT, Signal::TERM] {
        let out = place.folder("out");
        fs::write(out.join("image"), "old").expect("a file");
        let mut child = Command::new(programs::tar2ext4())
            .args(["--verity", "-o"])
            .arg(out.join("image"))
            .stdin(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut pipe = child.stdin.take().expect("a pipe");
        pipe.write_all(&tar[..tar.len() / 2]).expect("half a tar");
        let code = stop(child, signal, || names(&out).len() == 2);
        assert_eq!(code, Some(130), "{signal:?}");
        assert_eq!(names(&out), ["image"], "{signal:?}");
        assert_eq!(fs::read(out.join("image")).expect("a file"), b"old");
    }
}

/// While it waits for whoever writes to a FIFO.
#[test]
fn ctrl_c_ends_the_wait_for_a_fifo() {
    let Some(place) = Place::new("ctrl_c_ends_the_wait_for_a_fifo", &[]) else { return };
    let (fifo, out) = (place.join("fifo"), place.folder("out"));
    let mode = Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).expect("a FIFO");
    let child = Command::new(programs::tar2ext4())
        .arg("-i")
        .arg(&fifo)
        .arg("-o")
        .arg(out.join("image"))
        .stdin(Stdio::null())
        .spawn()
        .expect("the program");
    let status = format!("/proc/{}/status", child.id());
    let code = stop(child, Signal::INT, || catches(&status, Signal::INT));
    assert_eq!(code, Some(130));
    assert!(names(&out).is_empty());
}

/// The one who writes the tar dies: half a tar is none.
#[test]
fn a_broken_pipe_leaves_no_file() {
    let Some(place) = Place::new("a_broken_pipe_leaves_no_file", &["zstd"]) else { return };
    let tar = fs::read(corpus::unpack(&place, "bigger")).expect("the tar");
    let out = place.folder("out");
    let mut command = Command::new(programs::tar2ext4());
    command.arg("-o").arg(out.join("image")).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(&tar[..tar.len() / 2]).expect("half a tar");
    drop(pipe);
    let output = child.wait_with_output().expect("its end");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("unexpected EOF"), "{output:?}");
    assert!(names(&out).is_empty());
}
