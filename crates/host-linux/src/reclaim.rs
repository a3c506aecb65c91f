//! What is left of a system whose worker has gone, and its removal.
//!
//! A container's mounts and network are in namespaces that die with its
//! processes, and its processes are told to die with the worker. What can be
//! left is a process that has shaken that order off, the control group, a
//! writable layer of the system's own, and its folder.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use compute::SystemId;
use compute::error::SystemCode;
use rustix::process::{Pid, PidfdFlags, Signal};

use crate::Roots;
use crate::store::{self, InitRecord, Locked, Look, Record};
use crate::wire::Exit;

/// How long killed processes may take to end.
const KILL_LIMIT: Duration = Duration::from_secs(5);

/// Frees all that a dead worker left and writes down how its system ended.
///
/// The record stays, so that the end can be asked for; it is `Stopped`.
pub(crate) fn settle(locked: &Locked, record: &mut Record) -> io::Result<()> {
    if let Some(init) = &record.init {
        kill(init);
    }
    if let Some(paths) = record.cgroup.take() {
        remove_group(&paths)?;
    }
    if let Some(paths) = record.announced_cgroup.take() {
        remove_announced(&paths)?;
    }
    locked.close_socket();
    if record.exit.is_none() {
        record.exit = Some(Exit {
            status: SystemCode::ERR_VMCOMPUTE_UNEXPECTED_EXIT.0,
            exit_type: "UnexpectedExit".into(),
        });
    }
    record.state = compute::state::State::Stopped.to_string();
    locked.write(record)
}

/// Removes a stopped system for good: its writable layer, its folder. The
/// hooks that want to know are run.
pub(crate) fn bury(locked: Locked, record: &Record) -> io::Result<()> {
    if let Some(scratch) = &record.scratch {
        remove_tree(scratch)?;
    }
    if let Some(poststop) = &record.poststop {
        crate::poststop::run(poststop);
    }
    locked.remove()
}

/// Settles every system whose worker has gone and removes each one that has
/// stopped and that nobody holds. Gives the ids of those removed.
///
/// # Errors
/// The first failure; what is left stays for the next time.
pub fn gc(roots: &Roots) -> io::Result<Vec<SystemId>> {
    let mut removed = Vec::new();
    for id in store::ids(roots)? {
        if let Look::Dead(locked, mut record) = store::look(roots, &id)? {
            settle(&locked, &mut record)?;
            bury(locked, &record)?;
            removed.push(id);
        }
    }
    if roots.state.exists() {
        store::sweep(roots)?;
    }
    Ok(removed)
}

/// Kills the first process of a container, and with it all of its pid namespace.
fn kill(init: &InitRecord) {
    let Some(pidfd) = open_process(init) else {
        return;
    };
    let _ = rustix::process::pidfd_send_signal(&pidfd, Signal::KILL);
    let mut poll = [rustix::event::PollFd::new(&pidfd, rustix::event::PollFlags::IN)];
    let limit = rustix::time::Timespec { tv_sec: KILL_LIMIT.as_secs().cast_signed(), tv_nsec: 0 };
    let _ = rustix::event::poll(&mut poll, Some(&limit));
}

/// A handle to the process that the record names, if it is still the same.
fn open_process(init: &InitRecord) -> Option<OwnedFd> {
    let pid = Pid::from_raw(init.pid.cast_signed())?;
    let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok()?;
    // Looked at after the handle was taken: the pid cannot pass on any more.
    (crate::proc::start_time(init.pid) == Some(init.start_time)).then_some(pidfd)
}

fn remove_group(paths: &cgroup::Record) -> io::Result<()> {
    let group = cgroup::Group::open(paths);
    group.kill().and_then(|()| group.remove()).map_err(io::Error::other)
}

/// Removes a group that may not have been made: another container's stays.
fn remove_announced(paths: &cgroup::Record) -> io::Result<()> {
    match cgroup::Group::open(paths).remove_remnant() {
        Ok(()) | Err(cgroup::Error::InUse { .. }) => Ok(()),
        Err(error) => Err(io::Error::other(error)),
    }
}

/// Removes a writable layer. An overlay leaves a work folder without any
/// permission in it, which root may enter and others must open first.
fn remove_tree(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let inner = path.join("work/work");
    if inner.is_dir() {
        std::fs::set_permissions(&inner, PermissionsExt::from_mode(0o700))?;
    }
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
