//! Which shims are listed on Linux.
#![cfg(target_os = "linux")]

use std::io::BufRead;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// What `list` says.
fn listed(flags: &[&str]) -> String {
    let mut list = Command::new(env!("CARGO_BIN_EXE_shimdiag"));
    let output = list.arg("list").args(flags).output().expect("run");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_shim_that_is_about_to_end_fails_no_list() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("s");
    let id = format!("list-{}", std::process::id());
    // It has the command line of a shim, and lives until its input ends.
    let mut process = Command::new("/bin/sh")
        .arg0("containerd-shim-runhcs-v1")
        .args(["-c", "echo; read line", "--namespace", "test", "--id", &id, "serve", "--socket"])
        .arg(format!("unix://{}", socket.display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let begun = process.stdout.take().expect("its output");
    std::io::BufReader::new(begun).read_line(&mut String::new()).expect("it has begun");
    let name = format!("test-{id}");
    assert!(!listed(&["--pids"]).contains(&name));
    assert!(!listed(&[]).contains(&name));
    let listener = UnixListener::bind(&socket).expect("a socket");
    assert!(listed(&[]).contains(&name));
    drop(listener);
    drop(process.stdin.take());
    process.wait().expect("it ends");
    assert!(!listed(&[]).contains(&name), "the socket of one that was killed is none");
}
