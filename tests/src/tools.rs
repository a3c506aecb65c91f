//! Programs that a suite runs to their end.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::drive::Ran;
use crate::machine;

/// How long a program may take: far more than any needs.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs a program with these arguments; its input is empty.
pub fn run(program: impl AsRef<Path>, arguments: &[&dyn AsRef<std::ffi::OsStr>]) -> Ran {
    let program = program.as_ref();
    // What is in sbin is in nobody's PATH but root's.
    let found = program.to_str().and_then(machine::program);
    let mut command = Command::new(found.as_deref().unwrap_or(program));
    command.args(arguments.iter().map(|argument| argument.as_ref())).stdin(Stdio::null());
    finish(command)
}

/// Runs a prepared call to its end. A signal counts as a shell counts it.
pub fn finish(mut command: Command) -> Ran {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let out = collect(child.stdout.take());
    let err = collect(child.stderr.take());
    let code = code(&mut child).unwrap_or_else(|| panic!("{command:?}: not done in {LIMIT:?}"));
    Ran { code, out: out.join().expect("stdout"), err: err.join().expect("stderr") }
}

/// Waits for a process's exit code; `None`, and it is killed, where that takes too long.
pub fn code(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + LIMIT;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().expect("wait") {
            return Some(
                status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default()),
            );
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

fn collect(stream: Option<impl Read + Send + 'static>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            stream.read_to_end(&mut bytes).expect("reading a program's output");
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// A folder for one test that runs tools of the machine. Dropped, it is gone.
#[derive(Debug)]
pub struct Place(TempDir);

impl Place {
    /// A folder for a test that needs these programs. `None`, and a word about it, where
    /// they are not here.
    pub fn new(test: &str, programs: &[&str]) -> Option<Self> {
        let missing = programs.iter().filter(|name| machine::program(name).is_none());
        let missing: Vec<&str> = missing.copied().collect();
        if !missing.is_empty() {
            machine::left_out(test, &format!("it needs {}", missing.join(", ")));
            return None;
        }
        // Other users have to pass through.
        let temp = tempfile::Builder::new()
            .prefix("e2e-image")
            .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .tempdir_in(machine::temporary_folder());
        Some(Self(temp.expect("a folder for the test")))
    }

    /// The same, for a test that mounts.
    pub fn as_root(test: &str, programs: &[&str]) -> Option<Self> {
        if !machine::is_root() {
            machine::left_out(test, "it needs root");
            return None;
        }
        Self::new(test, programs)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// A path in the folder.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }

    /// A new folder in it.
    pub fn folder(&self, name: impl AsRef<Path>) -> PathBuf {
        let folder = self.join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }
}
