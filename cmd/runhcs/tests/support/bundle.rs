//! What tests of real containers need: the program and its worker, a state
//! folder, a bundle with busybox.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

/// The programs of busybox that the tests use.
const APPLETS: [&str; 9] = ["sh", "cat", "echo", "id", "pwd", "sleep", "stty", "true", "kill"];

/// A state folder and a bundle of one test. Dropped, its containers go.
pub(crate) struct Machine {
    temp: tempfile::TempDir,
    bundle: String,
    worker: PathBuf,
    ids: RefCell<Vec<String>>,
}

impl Machine {
    /// `None`, with a word on stderr: this machine cannot run the test.
    pub(crate) fn new(test: &str) -> Option<Self> {
        match Self::make() {
            Ok(machine) => Some(machine),
            Err(why) => {
                eprintln!("left out: {test}: {why}");
                None
            }
        }
    }

    fn make() -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("containers are made as root here".into());
        }
        let busybox = busybox().ok_or("there is no statically linked busybox in PATH")?;
        let worker = worker()?;
        let temp = tempfile::tempdir().map_err(|error| error.to_string())?;
        let bundle = temp.path().join("bundle");
        for folder in ["bin", "dev", "proc", "sys", "tmp"] {
            std::fs::create_dir_all(bundle.join("rootfs").join(folder))
                .map_err(|error| error.to_string())?;
        }
        let programs = bundle.join("rootfs/bin");
        std::fs::copy(busybox, programs.join("busybox")).map_err(|error| error.to_string())?;
        for applet in APPLETS {
            std::os::unix::fs::symlink("busybox", programs.join(applet))
                .map_err(|error| error.to_string())?;
        }
        Ok(Self {
            bundle: bundle.to_str().ok_or("the temporary folder is not Unicode")?.to_owned(),
            temp,
            worker,
            ids: RefCell::default(),
        })
    }

    /// Writes the bundle's config.json, as `spec` does it and with changes;
    /// gives an id for its container.
    pub(crate) fn bundle(&self, arguments: &[&str], change: impl FnOnce(&mut Value)) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let path = Path::new(&self.bundle).join("config.json");
        let _ = std::fs::remove_file(&path);
        self.succeeds(&["spec", "--bundle", &self.bundle]);
        let mut spec: Value =
            serde_json::from_slice(&std::fs::read(&path).expect("config")).expect("json");
        spec["process"]["args"] = arguments.into();
        spec["process"]["terminal"] = false.into();
        change(&mut spec);
        std::fs::write(&path, spec.to_string()).expect("config");
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let id = format!("runhcs-test-{}-{number}", std::process::id());
        self.ids.borrow_mut().push(id.clone());
        id
    }

    pub(crate) fn bundle_path(&self) -> &str {
        &self.bundle
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    /// The program with these arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_runhcs"));
        command
            .args(arguments)
            .env("HCSSHIM_STATE_DIR", self.path("state"))
            .env("HCSSHIM_SCRATCH_DIR", self.path("scratch"))
            .env("HCSSHIM_WORKER", &self.worker);
        command
    }

    /// Runs the program, which has to succeed; gives its stdout.
    pub(crate) fn succeeds(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).stdin(Stdio::null()).output().expect("run");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {}: {stderr}", output.status);
        String::from_utf8(output.stdout).expect("text")
    }

    /// Runs the program, which has to fail; gives its exit code.
    pub(crate) fn fails(&self, arguments: &[&str]) -> i32 {
        let output = self.command(arguments).stdin(Stdio::null()).output().expect("run");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}: {stderr}");
        output.status.code().expect("code")
    }

    /// Runs the program, which has to succeed, and leaves its streams to the
    /// null device: what it starts would keep pipes open.
    pub(crate) fn detach(&self, arguments: &[&str]) {
        let mut command = self.command(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().expect("run").success(), "{arguments:?}");
    }

    pub(crate) fn state(&self, id: &str) -> Value {
        serde_json::from_str(&self.succeeds(&["state", id])).expect("json")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for id in self.ids.borrow().iter() {
            let mut delete = self.command(&["delete", "--force", id]);
            let _ = delete.stdout(Stdio::null()).stderr(Stdio::null()).status();
        }
    }
}

/// The path of a busybox that needs no library.
fn busybox() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("busybox")).find(|path| {
        // A dynamically linked program names its loader in its first bytes.
        let text = std::fs::read(path).unwrap_or_default();
        let head = text.get(..4096).unwrap_or_default();
        head.starts_with(b"\x7fELF") && !head.windows(3).any(|bytes| bytes == b"/ld")
    })
}

/// The worker's program: the one that `HCSSHIM_WORKER` names, else the one of
/// this workspace, which is built where cargo has put this test.
fn worker() -> Result<PathBuf, String> {
    static WORKER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    WORKER.get_or_init(build_worker).clone()
}

fn build_worker() -> Result<PathBuf, String> {
    if let Some(named) = std::env::var_os("HCSSHIM_WORKER") {
        return Ok(named.into());
    }
    let program = Path::new(env!("CARGO_BIN_EXE_runhcs"));
    let worker = program.with_file_name("hcs-worker");
    let profile = program.parent().ok_or("the program is in no folder")?;
    let target = profile.parent().ok_or("the program is in no target folder")?;
    let name = match profile.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let Some(cargo) = std::env::var_os("CARGO") else {
        return if worker.is_file() {
            Ok(worker)
        } else {
            Err("hcs-worker has not been built".into())
        };
    };
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package", "hcs-worker", "--profile", name, "--target-dir"])
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .map_err(|error| format!("building hcs-worker: {error}"))?;
    if built.success() { Ok(worker) } else { Err("hcs-worker cannot be built".into()) }
}
