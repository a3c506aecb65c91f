//! OCI runtimes as their callers see them: programs.

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bundle::Bundle;
use crate::drive::Ran;
use crate::{Stage, machine, programs};

/// How long a call of a runtime may take.
const CALL_LIMIT: Duration = Duration::from_secs(60);

/// A runtime program with its state on a stage.
#[derive(Debug)]
pub struct Runtime {
    /// `runhcs` or `runc`.
    pub name: &'static str,
    program: PathBuf,
    global: Vec<String>,
    environment: Vec<(&'static str, PathBuf)>,
    folder: PathBuf,
}

impl Runtime {
    /// Ours.
    pub fn runhcs(stage: &Stage) -> Self {
        Self {
            name: "runhcs",
            program: programs::runhcs(),
            global: Vec::new(),
            environment: stage.environment().to_vec(),
            folder: stage.folder("runhcs"),
        }
    }

    /// The reference of the Linux world, where the machine has it.
    pub fn runc(stage: &Stage) -> Option<Self> {
        let root = stage.folder("runc-state");
        Some(Self {
            name: "runc",
            program: machine::program("runc")?,
            global: vec!["--root".into(), root.display().to_string()],
            environment: Vec::new(),
            folder: stage.folder("runc"),
        })
    }

    /// The call, not yet made; its input is empty.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.global)
            .args(arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.folder)
            .stdin(Stdio::null());
        command
    }

    /// Makes a call and waits for its end. Its output goes through files, which
    /// a process that it leaves running can keep without keeping us waiting.
    pub fn call(&self, arguments: &[&str]) -> Ran {
        self.finish(self.command(arguments))
    }

    /// Runs a prepared call to its end.
    pub fn finish(&self, mut command: Command) -> Ran {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let paths = ["out", "err"].map(|name| self.folder.join(format!("{number}.{name}")));
        let file = |path: &Path| File::create(path).expect("a file for output");
        command.stdout(file(&paths[0])).stderr(file(&paths[1]));
        let mut child =
            command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        let deadline = Instant::now() + CALL_LIMIT;
        let status = loop {
            if let Some(status) = child.try_wait().expect("wait") {
                break Some(status);
            }
            if Instant::now() > deadline {
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let text =
            |path: &Path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
        let code = status.map_or(-1, |status| {
            status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
        });
        Ran { code, out: text(&paths[0]), err: text(&paths[1]) }
    }

    /// Runs a bundle to the end of its process, and removes it.
    pub fn run(&self, stage: &Stage, bundle: &Bundle) -> Ran {
        let id = stage.name("run");
        let path = bundle.write().display().to_string();
        let ran = self.call(&["run", "--bundle", &path, &id]);
        self.call(&["delete", "--force", &id]);
        ran
    }

    /// Makes a container of a bundle, whose output goes to `stdout` and
    /// `stderr` in the bundle's folder.
    pub fn create(&self, id: &str, bundle: &Bundle) -> Ran {
        let path = bundle.write().display().to_string();
        let mut command = self.command(&["create", "--bundle", &path, "--pid-file"]);
        command.arg(bundle.path.join("pid")).arg(id);
        self.detached(command, bundle)
    }

    /// Makes a call whose standard streams a container keeps.
    pub fn detached(&self, mut command: Command, bundle: &Bundle) -> Ran {
        let file = |name: &str| File::create(bundle.path.join(name)).expect("a file for output");
        command.stdout(file("stdout")).stderr(file("stderr"));
        let status =
            command.status().unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        let text = |name: &str| fs::read_to_string(bundle.path.join(name)).unwrap_or_default();
        Ran { code: status.code().unwrap_or(-1), out: text("stdout"), err: text("stderr") }
    }

    /// What the container of a bundle has written so far.
    pub fn written(bundle: &Bundle) -> String {
        fs::read_to_string(bundle.path.join("stdout")).unwrap_or_default()
    }

    /// The state of a container, if there is one.
    pub fn state(&self, id: &str) -> Option<Value> {
        let ran = self.call(&["state", id]);
        if ran.code != 0 {
            return None;
        }
        Some(serde_json::from_str(&ran.out).unwrap_or(Value::Null))
    }

    /// Waits until a container has this status.
    pub fn until_status(&self, id: &str, status: &str) -> bool {
        let deadline = Instant::now() + CALL_LIMIT;
        while Instant::now() < deadline {
            if self.state(id).is_some_and(|state| state["status"] == status) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        false
    }
}
