//! A bundle with a shim.

use std::fs;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use shim_protos::task::{ConnectRequest, TaskClient};
use shim_protos::ttrpc::asynchronous::Client;
use tempfile::TempDir;

use super::{PROGRAM, within};

/// The config.json of a pod's sandbox.
pub(crate) const POD: &str = r#"{"annotations": {
    "io.kubernetes.cri.container-type": "sandbox", "io.kubernetes.cri.sandbox-id": "pod"}}"#;

/// The config.json of a container in a pod.
pub(crate) fn pod_container(pod: &str) -> String {
    POD.replace("\"sandbox\"", "\"container\"").replace("\"pod\"", &format!("{pod:?}"))
}

/// A bundle, in a namespace of its own. Dropped, it is cleaned up as by containerd.
pub(crate) struct Bundle {
    folder: TempDir,
    state: PathBuf,
    pub(crate) namespace: String,
    pub(crate) id: String,
}

/// A shim that serves.
pub(crate) struct Shim {
    pub(crate) address: String,
    pub(crate) pid: u32,
    pub(crate) client: TaskClient,
    process: OwnedFd,
}

impl Bundle {
    /// `None`, and a word about it, where the test can't run.
    pub(crate) fn new(test: &str, id: &str, config: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            println!("left out: {test}: it needs root");
            return None;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let namespace = format!("{test}-{}", std::process::id());
        let state = folder.path().join("state");
        Some(Self::made(folder, state, namespace, id, config))
    }

    /// Another one in the same namespace.
    pub(crate) fn beside(&self, id: &str, config: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let (state, namespace) = (self.state.clone(), self.namespace.clone());
        Some(Self::made(folder, state, namespace, id, config))
    }

    fn made(folder: TempDir, state: PathBuf, namespace: String, id: &str, config: &str) -> Self {
        fs::write(folder.path().join("config.json"), config).expect("a config");
        Self { folder, state, namespace, id: id.to_owned() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).expect(name)
    }

    /// Runs the program as containerd 1.6 does.
    pub(crate) fn call(&self, arguments: &[&str], stdin: &[u8]) -> Output {
        let globals =
            ["-namespace", &self.namespace, "-address", "/a.sock", "-publish-binary", "c", "-id"];
        let mut child = Command::new(PROGRAM)
            .args(globals)
            .arg(&self.id)
            .args(arguments)
            .current_dir(self.path())
            .env("HCSSHIM_STATE_DIR", &self.state)
            .env_remove("TTRPC_ADDRESS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("run");
        child.stdin.take().expect("stdin").write_all(stdin).expect("write");
        child.wait_with_output().expect("run")
    }

    pub(crate) async fn start(&self) -> Shim {
        self.start_with(&[]).await
    }

    /// Starts a shim with options on its standard input.
    pub(crate) async fn start_with(&self, options: &[u8]) -> Shim {
        let started = self.call(&["start"], options);
        let said = String::from_utf8_lossy(&started.stderr).into_owned();
        assert_eq!((started.status.code(), said.as_str()), (Some(0), ""));
        let address = String::from_utf8(started.stdout).expect("an address");
        let client = TaskClient::v2(Client::connect(&address).await.expect("connect"));
        let request = ConnectRequest { id: self.id.clone(), ..ConnectRequest::default() };
        let pid = client.connect(within(), &request).await.expect("a shim").shim_pid;
        let process = pidfd_open(raw(pid), PidfdFlags::empty()).expect("a process");
        Shim { address, pid, client, process }
    }

    pub(crate) fn delete(&self) -> Output {
        let bundle = self.path().to_str().expect("a path");
        self.call(&["-bundle", bundle, "delete"], &[])
    }
}

impl Drop for Bundle {
    fn drop(&mut self) {
        self.delete();
    }
}

fn raw(pid: u32) -> Pid {
    i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id")
}

impl Shim {
    pub(crate) fn signal(&self, signal: Signal) {
        pidfd_send_signal(&self.process, signal).expect("a signal");
    }

    /// Waits for its end.
    pub(crate) fn ended(&self) {
        let limit = Timespec { tv_sec: 60, tv_nsec: 0 };
        let ended = poll(&mut [PollFd::new(&self.process, PollFlags::IN)], Some(&limit));
        assert_eq!(ended, Ok(1), "the shim goes on");
    }
}
