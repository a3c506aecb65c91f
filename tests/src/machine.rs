//! What the machine can do, and what it is asked to do.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

/// Says that a test does not run here, and why.
pub fn left_out(test: &str, why: &str) {
    eprintln!("left out: {test}: {why}");
}

/// Says that a test does not run since no guest came up, and fails where a lane has given
/// the guest's kernel a place: it is there for the guest.
pub fn no_guest(test: &str, why: &str) {
    let why = format!("no guest came up: {}", why.trim());
    assert!(std::env::var_os("HCSSHIM_GUEST_CACHE").is_none(), "{test}: {why}");
    left_out(test, &why);
}

/// Whether this process may make containers.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A program of the machine, by its name.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let sbin = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(sbin)
        .map(|folder| folder.join(name))
        .find(|candidate| candidate.is_file())
}

/// Whether this is the guest that a suite runs itself in (`E2E_GUEST=1`).
pub fn in_guest() -> bool {
    std::env::var_os("E2E_GUEST").is_some_and(|value| value == "1")
}

/// Where tests may have their folders: an overlay does not lie on the overlay
/// that is the guest's root.
pub fn temporary_folder() -> PathBuf {
    if in_guest() { "/dev/shm".into() } else { std::env::temp_dir() }
}

/// Whether the machine has all its controllers in version 2 of control groups.
pub fn has_cgroup_v2() -> bool {
    Path::new("/sys/fs/cgroup/cgroup.controllers").exists()
}

/// Whether the suites run with their full numbers (`E2E_FULL=1`).
pub fn full() -> bool {
    std::env::var_os("E2E_FULL").is_some_and(|value| value == "1")
}

/// A number that an environment variable sets, else this one.
pub fn number(variable: &str, otherwise: u64) -> u64 {
    let text = std::env::var(variable).unwrap_or_default();
    text.parse().unwrap_or(otherwise)
}

/// What a process uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Threads.
    pub threads: u64,
    /// Open files.
    pub files: u64,
    /// Resident memory that no file backs, in KiB: what a leak shows in. Pages
    /// of programs come and go with others that run the same.
    pub memory_kib: u64,
}

impl Usage {
    /// What the kernel says of a process; zeros once it has gone.
    pub fn of(pid: u32) -> Self {
        let field = |file: &str, name: &str| {
            let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
            let fields = text.lines().filter_map(|line| line.strip_prefix(name));
            fields.filter_map(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).sum()
        };
        Self {
            threads: field("status", "Threads:"),
            files: fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, |files| files.count() as u64),
            memory_kib: field("status", "RssAnon:"),
        }
    }

    /// As JSON.
    pub fn to_json(self) -> Value {
        json!({"threads": self.threads, "files": self.files, "memory_kib": self.memory_kib})
    }

    /// From [`Usage::to_json`].
    pub fn from_json(value: &Value) -> Self {
        let field = |name: &str| value[name].as_u64().unwrap_or(0);
        Self { threads: field("threads"), files: field("files"), memory_kib: field("memory_kib") }
    }
}

/// The process that runs a system: whoever holds the lock of its folder.
pub fn worker_of(folder: &Path, id: &str) -> Option<u32> {
    let lock = folder.join("state/systems").join(id).join("lock");
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        if pid == std::process::id() {
            return None;
        }
        let mut files = fs::read_dir(entry.path().join("fd")).ok()?.flatten();
        files
            .any(|file| fs::read_link(file.path()).is_ok_and(|target| target == lock))
            .then_some(pid)
    })
}
