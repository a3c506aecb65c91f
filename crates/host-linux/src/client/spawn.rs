//! Starting a worker, and ending one that does not answer.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use compute::error::SystemCode;
use compute::{Error, SystemId};
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use rustix::process::{Pid, PidfdFlags, Signal};

use crate::Roots;
use crate::failure::failure;
use crate::store::{self, Look};

/// The program of a worker.
const PROGRAM: &str = "hcs-worker";

/// Why no worker could be started.
#[derive(Debug)]
pub(super) enum SpawnError {
    Missing(Vec<PathBuf>),
    Io(PathBuf, io::Error),
}

impl SpawnError {
    pub(super) fn into_error(self, operation: &'static str, id: &SystemId) -> Error {
        let id = id.as_str();
        match self {
            Self::Missing(tried) => {
                let tried: Vec<_> = tried.iter().map(|path| path.display().to_string()).collect();
                let message = format!("the program {PROGRAM} is in none of: {}", tried.join(", "));
                failure(operation, id, SystemCode(2), message).with_hint(
                    "put hcs-worker beside the program or in PATH, or name it in HCSSHIM_WORKER",
                )
            }
            Self::Io(path, error) => {
                let message = format!("starting the worker {}: {error}", path.display());
                failure(operation, id, crate::failure::code_of(&error), message)
            }
        }
    }
}

/// Starts a worker and gives the socket to it. The worker is no child of this
/// process for longer than a moment: there is nothing to reap.
pub(super) async fn worker() -> Result<OwnedFd, SpawnError> {
    let program = find()?;
    let spawned = tokio::task::spawn_blocking({
        let program = program.clone();
        move || spawn(&program)
    });
    match spawned.await {
        Ok(Ok(socket)) => Ok(socket),
        Ok(Err(error)) => Err(SpawnError::Io(program, error)),
        Err(error) => Err(SpawnError::Io(program, io::Error::other(error))),
    }
}

fn spawn(program: &Path) -> io::Result<OwnedFd> {
    let (ours, theirs) = rustix::net::socketpair(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    let debug = std::env::var_os("HCSSHIM_WORKER_STDERR");
    let status = Command::new(program)
        .arg("run")
        .stdin(theirs)
        .stdout(Stdio::null())
        .stderr(if debug.is_some() { Stdio::inherit() } else { Stdio::null() })
        .env_clear()
        .envs(kept_environment())
        .status()?;
    if status.success() {
        Ok(ours)
    } else {
        Err(io::Error::other(format!("it ended with {status}")))
    }
}

/// A container's worker needs nothing of its creator's environment but this.
fn kept_environment() -> impl Iterator<Item = (OsString, OsString)> {
    let kept = |name: &OsString| {
        let name = name.to_string_lossy();
        name == "PATH" || name == "RUST_BACKTRACE" || name.starts_with("HCSSHIM_")
    };
    std::env::vars_os().filter(move |(name, _)| kept(name))
}

/// Where the worker's program is: `HCSSHIM_WORKER`, else beside this program
/// or one folder up (where cargo puts examples and tests), else in `PATH`.
fn find() -> Result<PathBuf, SpawnError> {
    if let Some(path) = std::env::var_os("HCSSHIM_WORKER").filter(|path| !path.is_empty()) {
        return Ok(path.into());
    }
    let exe = std::env::current_exe().unwrap_or_default();
    let beside = exe.ancestors().skip(1).take(2).map(Path::to_owned);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let candidates: Vec<PathBuf> =
        beside.chain(std::env::split_paths(&path)).map(|folder| folder.join(PROGRAM)).collect();
    match candidates.iter().find(|candidate| candidate.is_file()) {
        Some(found) => Ok(found.clone()),
        None => Err(SpawnError::Missing(candidates)),
    }
}

/// Ends the worker of a system that has not been made in time.
pub(super) fn kill_worker(roots: &Roots, id: &SystemId, runtime_id: &str) {
    let record = store::read(&roots.systems().join(id.as_str()));
    if let Ok(record) = record
        && record.runtime_id == runtime_id
        && let Some(pid) = Pid::from_raw(record.worker.cast_signed())
        && let Ok(pidfd) = rustix::process::pidfd_open(pid, PidfdFlags::empty())
        // Its lock is held while it lives, so the pid is still the worker's.
        && matches!(store::look(roots, id), Ok(Look::Alive(_)))
    {
        let _ = rustix::process::pidfd_send_signal(&pidfd, Signal::KILL);
        let mut poll = [rustix::event::PollFd::new(&pidfd, rustix::event::PollFlags::IN)];
        let limit = rustix::time::Timespec { tv_sec: 5, tv_nsec: 0 };
        let _ = rustix::event::poll(&mut poll, Some(&limit));
    }
}
