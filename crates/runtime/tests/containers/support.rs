//! Bundles made of a static busybox, and short ways to run them.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use oci_spec::runtime::{Process, Spec};
use runtime::{Container, CreateOptions, Error, ExitStatus, Init, ProcessIo, Spawned};
use serde_json::{Value, json};

/// A case's name and code.
pub(crate) type Case = (&'static str, fn());

const TOOLS: [&str; 33] = [
    "sh", "true", "false", "cat", "ls", "id", "env", "sleep", "echo", "ps", "mkdir", "readlink",
    "hostname", "tty", "stty", "test", "touch", "kill", "mount", "umount", "stat", "grep", "pwd",
    "head", "ln", "rm", "mknod", "setsid", "wc", "sort", "chmod", "date", "uname",
];

/// Why no case can run here.
pub(crate) fn missing() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("it needs root".into());
    }
    busybox().is_none().then(|| "it needs the package busybox-static".into())
}

fn busybox() -> Option<PathBuf> {
    ["/usr/bin/busybox", "/bin/busybox"].iter().map(PathBuf::from).find(|path| path.exists())
}

/// A bundle in a directory of its own, with a root file system of busybox.
pub(crate) struct Bundle {
    directory: tempfile::TempDir,
}

impl Bundle {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
        let root = directory.path().join("rootfs");
        for name in ["bin", "etc", "tmp", "mnt"] {
            fs::create_dir_all(root.join(name)).expect("a directory");
        }
        fs::copy(busybox().expect("busybox"), root.join("bin/busybox")).expect("a copy");
        for tool in TOOLS {
            symlink("busybox", root.join("bin").join(tool)).expect("a symlink");
        }
        fs::write(root.join("etc/passwd"), "root:x:0:0::/root:/bin/sh\nu:x:1000:1000::/home/u:\n")
            .expect("a file");
        Self { directory }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.path().join("rootfs")
    }

    pub(crate) fn options(&self, spec: &Value) -> CreateOptions<'static> {
        CreateOptions::new("test", self.path(), parse(spec))
    }

    /// Runs the specification's program to its end.
    pub(crate) fn run(&self, spec: &Value) -> Result<Outcome, Error> {
        self.run_with(spec, |_| {})
    }

    pub(crate) fn run_with(
        &self,
        spec: &Value,
        change: impl FnOnce(&mut CreateOptions<'_>),
    ) -> Result<Outcome, Error> {
        let (output, io) = captured();
        let mut options = self.options(spec);
        options.io = io;
        change(&mut options);
        let mut container = runtime::create(options)?;
        container.start()?;
        let status = wait(&container.init().pidfd);
        container.delete()?;
        Ok(Outcome { status, output: read(output) })
    }

    /// Runs a shell script in a container of the plain specification.
    pub(crate) fn shell(&self, script: &str) -> Outcome {
        self.run(&spec(&["/bin/sh", "-c", script])).expect("a run")
    }

    /// A started container with the reaper.
    pub(crate) fn reaper(&self, spec: &Value) -> Container {
        let mut options = self.options(spec);
        options.init = Init::Reaper;
        let mut container = runtime::create(options).expect("a container");
        container.start().expect("a start");
        container
    }
}

/// How a program ended and what it printed, to both streams.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
}

/// Streams whose output can be read when the process has ended.
pub(crate) fn captured() -> (OwnedFd, ProcessIo) {
    let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).expect("a pipe");
    let other = write.try_clone().expect("a descriptor");
    (read, ProcessIo::Fds { stdin: None, stdout: Some(write), stderr: Some(other) })
}

pub(crate) fn read(fd: OwnedFd) -> String {
    let mut text = String::new();
    File::from(fd).read_to_string(&mut text).expect("text");
    text
}

/// Waits for the end of a child.
pub(crate) fn wait(pidfd: impl AsFd) -> ExitStatus {
    assert!(readable(&pidfd, 20_000), "the process does not end");
    runtime::wait(pidfd).expect("a child").expect("a status")
}

/// Whether a descriptor becomes readable in some milliseconds.
pub(crate) fn readable(fd: impl AsFd, milliseconds: i64) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let limit = Timespec { tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000 };
    poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&limit)).expect("poll") == 1
}

/// Runs a script in a running container.
pub(crate) fn exec(container: &Container, script: &str) -> Outcome {
    let process = process(&["/bin/sh", "-c", script]);
    let (output, io) = captured();
    let spawned = container.exec(&process, io, None, Vec::new()).expect("an exec");
    Outcome { status: wait(&spawned.pidfd), output: read(output) }
}

pub(crate) fn process(args: &[&str]) -> Process {
    parse_process(&spec(args)["process"])
}

pub(crate) fn parse_process(value: &Value) -> Process {
    serde_json::from_value(value.clone()).expect("a process")
}

pub(crate) fn parse(value: &Value) -> Spec {
    serde_json::from_value(value.clone()).expect("a specification")
}

/// A plain specification, much as the tools of the field make it.
pub(crate) fn spec(args: &[&str]) -> Value {
    let capabilities = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": 0, "gid": 0},
            "args": args,
            "env": ["PATH=/bin", "TERM=xterm"],
            "cwd": "/",
            "capabilities": {
                "bounding": capabilities, "effective": capabilities, "permitted": capabilities,
            },
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
            "noNewPrivileges": true,
        },
        "root": {"path": "rootfs"},
        "hostname": "inside",
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
             "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
            {"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options":
             ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
            {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
             "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
            {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
             "options": ["nosuid", "noexec", "nodev"]},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs",
             "options": ["nosuid", "noexec", "nodev", "ro"]},
        ],
        "linux": {
            "namespaces": [{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"},
                           {"type": "mount"}, {"type": "cgroup"}],
            "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware",
                            "/proc/scsi", "/proc/not-there"],
            "readonlyPaths": ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq"],
        },
    })
}

/// Adds a mount to a specification.
pub(crate) fn add_mount(spec: &mut Value, mount: Value) {
    spec["mounts"].as_array_mut().expect("mounts").push(mount);
}

/// The descriptors that this process has open.
pub(crate) fn open_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("a directory").count()
}

/// How many children this process has, dead or alive.
pub(crate) fn children() -> usize {
    let list = fs::read_to_string(format!("/proc/self/task/{}/children", std::process::id()));
    list.expect("a list").split_whitespace().count()
}

/// Ends what a failed case has left.
pub(crate) fn kill_children() {
    let list = fs::read_to_string(format!("/proc/self/task/{}/children", std::process::id()));
    for pid in list.unwrap_or_default().split_whitespace() {
        if let Some(pid) = pid.parse().ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
            let _ = rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty());
        }
    }
}

/// Runs code in a copy of this process; its result is the exit code.
pub(crate) fn fork(work: impl FnOnce() -> i32) -> rustix::process::Pid {
    // SAFETY: this program has one thread.
    match unsafe { libc::fork() } {
        0 => {
            let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or(101);
            // SAFETY: _exit has no preconditions.
            unsafe { libc::_exit(code) }
        }
        pid => rustix::process::Pid::from_raw(pid).expect("fork"),
    }
}

/// The exit code of a copy.
pub(crate) fn exit_code(pid: rustix::process::Pid) -> i32 {
    let options = rustix::process::WaitOptions::empty();
    let (_, status) = rustix::process::waitpid(Some(pid), options).expect("a child").expect("end");
    status.exit_status().or(status.terminating_signal().map(|signal| 128 + signal)).unwrap_or(255)
}

/// Whether a process has not ended.
pub(crate) fn is_alive(spawned: &Spawned) -> bool {
    !readable(&spawned.pidfd, 0)
}
