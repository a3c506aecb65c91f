//! Limits that act: groups of this machine, whichever versions it mounts.
#![cfg(target_os = "linux")]

mod life;
mod limits;

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cgroup::{Error, Group, Hierarchies};

static NEXT: AtomicU32 = AtomicU32::new(0);

fn unique() -> String {
    format!("cgroup-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A group of a test, killed and removed at its end.
struct TestGroup(Group);

impl std::ops::Deref for TestGroup {
    type Target = Group;
    fn deref(&self) -> &Group {
        &self.0
    }
}

impl Drop for TestGroup {
    fn drop(&mut self) {
        let _ = self.0.kill();
        if let Err(error) = self.0.remove()
            && !std::thread::panicking()
        {
            panic!("{error}");
        }
    }
}

/// A new group, or why the test is left out.
fn group(test: &str) -> Option<TestGroup> {
    let made = Hierarchies::detect().and_then(|found| Group::create(&found, &unique()));
    match made {
        Ok(group) => Some(TestGroup(group)),
        Err(error @ (Error::Permission { .. } | Error::NoHierarchy)) => {
            eprintln!("left out: {test}: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Applies a document; false if this machine lacks a controller for it.
fn limit(group: &Group, test: &str, json: &str) -> bool {
    match group.apply(&serde_json::from_str(json).expect("the document is good")) {
        Ok(()) => true,
        Err(error @ Error::Unsupported { .. }) => {
            eprintln!("left out: {test}: {error}");
            false
        }
        Err(error) => panic!("{error}"),
    }
}

/// A shell script that runs in the group from its first command on.
struct Script(Child);

impl Script {
    fn start(group: &Group, script: &str) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", &format!("read go; {script}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh starts");
        group.add(child.id()).expect("the process joins");
        child.stdin.take().expect("there is a pipe").write_all(b"go\n").expect("it reads");
        Self(child)
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Output, error output and status of its end.
    fn end(mut self) -> (String, String, std::process::ExitStatus) {
        let mut out = String::new();
        let mut err = String::new();
        let _ = self.0.stdout.take().map(|mut pipe| pipe.read_to_string(&mut out));
        let _ = self.0.stderr.take().map(|mut pipe| pipe.read_to_string(&mut err));
        (out, err, self.0.wait().expect("it ends"))
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for something that comes soon.
fn eventually(what: &str, mut happens: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !happens() {
        assert!(Instant::now() < deadline, "{what} does not come");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// On a hybrid machine, everything once more without its version 2 hierarchy.
#[test]
fn version_1_alone_does_it_all() {
    const INNER: &str = "CGROUP_TEST_VERSION_1";
    let test = "version 1 alone";
    if std::env::var_os(INNER).is_some() || group(test).is_none() {
        return;
    }
    if !Hierarchies::detect().expect("it was there").is_hybrid() {
        eprintln!("left out: {test}: this machine is not hybrid");
        return;
    }
    let program = std::env::current_exe().expect("it has a name");
    let status = Command::new("unshare")
        .args(["-m", "sh", "-c", "umount -a -t cgroup2 && exec \"$0\" --nocapture"])
        .arg(program)
        .env(INNER, "1")
        .status();
    match status {
        Ok(status) => assert!(status.success(), "version 1 alone fails"),
        Err(error) => eprintln!("left out: {test}: unshare: {error}"),
    }
}
