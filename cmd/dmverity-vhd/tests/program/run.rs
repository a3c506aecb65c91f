//! Runs the program.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The root hashes that were printed, of layers in order.
    pub(crate) fn root_hashes(&self) -> Vec<String> {
        assert_eq!(self.code, Some(0), "{self:?}");
        let hash = |(number, line): (usize, &str)| {
            let hash = line.strip_prefix(&format!("Layer {number} root hash: "));
            hash.unwrap_or_else(|| panic!("line {number}: {line}")).to_owned()
        };
        self.stdout.lines().enumerate().map(hash).collect()
    }

    /// The one object that was printed.
    pub(crate) fn json(&self) -> serde_json::Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.stdout).expect("json")
    }

    /// The message of a failure.
    pub(crate) fn failure(&self) -> &str {
        assert_eq!((self.code, self.stdout.as_str()), (Some(1), ""), "{self:?}");
        self.stderr.strip_prefix("dmverity-vhd: ").unwrap_or_else(|| panic!("{self:?}")).trim_end()
    }
}

pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dmverity-vhd"));
    command.stdin(Stdio::null());
    command
}

pub(crate) fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ran {
    finish(command().args(arguments))
}

pub(crate) fn finish(command: &mut Command) -> Ran {
    let output = command.output().expect("run");
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("utf-8"),
        stderr: String::from_utf8(output.stderr).expect("utf-8"),
    }
}

pub(crate) fn create(image: &Path, folder: &Path, more: &[&str]) -> Ran {
    let arguments = [OsStr::new("create"), "-i".as_ref(), image.as_ref(), "-o".as_ref()];
    let more = more.iter().map(OsStr::new);
    run(arguments.into_iter().chain([folder.as_os_str()]).chain(more))
}

pub(crate) fn roothash(image: &Path, more: &[&str]) -> Ran {
    let arguments = [OsStr::new("roothash"), "-i".as_ref(), image.as_ref()];
    run(arguments.into_iter().chain(more.iter().map(OsStr::new)))
}

/// The names in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry"));
    let mut names: Vec<_> =
        entries.map(|entry| entry.file_name().into_string().expect("utf-8")).collect();
    names.sort();
    names
}
