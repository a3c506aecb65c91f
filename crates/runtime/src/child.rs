//! What every process of a container does first, whether it is the first or joins later.

use std::convert::Infallible;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd, RawFd};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Gid, Uid};
use rustix::thread::{set_thread_res_gid, set_thread_res_uid};

use crate::error::{At, Error};
use crate::sync::{Channel, Tag};
use crate::sys::{self, Side};

/// Runs a child's work, which never returns: neither by a result, nor by a panic that would unwind
/// into the parent's code. The channel is moved above the descriptors that the program will get.
pub(crate) fn run(
    channel: Channel,
    preserved: usize,
    work: impl FnOnce(&Channel) -> Result<Infallible, Error>,
) -> ! {
    struct NoWayBack;
    impl Drop for NoWayBack {
        fn drop(&mut self) {
            sys::exit_now(PANICKED);
        }
    }
    let _no_way_back = NoWayBack;
    let channel = channel.out_of_the_way(preserved).unwrap_or(channel);
    let Err(error) = work(&channel);
    let _ = channel.send_bytes(Tag::Failed, &error.encode());
    sys::exit_now(1)
}

/// The exit code of a child whose own code failed, the one of a Rust program that panics.
const PANICKED: i32 = 101;

/// Sets how soon the kernel ends the process when memory is short. Comes before anything that
/// makes the process's files in `/proc` root's.
pub(crate) fn set_oom_score(score: Option<i32>, proc: &OwnedFd) -> Result<(), Error> {
    let Some(score) = score else { return Ok(()) };
    write_proc(proc, "self/oom_score_adj", &score.to_string(), "process.oomScoreAdj")
}

/// Writes a file of the host's `/proc`.
pub(crate) fn write_proc(proc: &OwnedFd, file: &str, text: &str, field: &str) -> Result<(), Error> {
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    let opened = rustix::fs::openat(proc, file, flags, Mode::empty());
    let mut opened = File::from(opened.at_with(|| (field.into(), format!("open /proc/{file}")))?);
    opened.write_all(text.as_bytes()).at_with(|| (field.into(), format!("write {text:?}")))
}

/// Puts the process into a control group before it does anything that counts. `cloned` says that
/// it was cloned into the version 2 half of the group, if that has one.
pub(crate) fn enter_cgroup(group: Option<&cgroup::Group>, cloned: bool) -> Result<(), Error> {
    let Some(group) = group else { return Ok(()) };
    let cloned_into = cloned && group.unified_dir().is_some();
    group.enter(cloned_into).map_err(|error| {
        Error::invalid("linux.cgroupsPath", format!("join the control group: {error}"))
    })
}

/// Becomes root of the user name space that the process is in, as far as it has a root.
pub(crate) fn become_namespace_root() -> Result<(), Error> {
    let failed = |error: rustix::io::Errno| {
        Error::kernel("linux.uidMappings", "become root of the user name space", error)
    };
    match set_thread_res_gid(Gid::ROOT, Gid::ROOT, Gid::ROOT) {
        Err(rustix::io::Errno::INVAL) => {}
        other => other.map_err(failed)?,
    }
    match set_thread_res_uid(Uid::ROOT, Uid::ROOT, Uid::ROOT) {
        Err(rustix::io::Errno::INVAL) => {}
        other => other.map_err(failed)?,
    }
    // The change made the kernel forget it.
    sys::die_with_parent().at("process", "tie the process to its parent")
}

/// Makes the process that goes on, as a child of this process's parent, and ends. Returns in the
/// successor, once the parent knows it: else the parent could take its word for this process's.
pub(crate) fn succeed(channel: &Channel, flags: u64) -> Result<(), Error> {
    // SAFETY: this process is a copy with one thread.
    let side = unsafe { sys::clone(flags | libc::CLONE_PARENT as u64, None) };
    match side.at("linux.namespaces", "make the container's process")? {
        Side::Child => {
            sys::die_with_parent().at("process", "tie the process to its parent")?;
            channel.expect(Tag::Go).at("process", "wait for the parent")
        }
        Side::Parent(successor) => {
            let sent = channel.send_fd(Tag::Successor, &[], successor.pidfd.as_fd());
            sys::exit_now(i32::from(sent.is_err()));
        }
    }
}

/// A session and a keyring of its own.
pub(crate) fn lead_session() -> Result<(), Error> {
    rustix::process::setsid().at("process", "lead a session")?;
    match sys::new_session_keyring() {
        // The process then has the keyring of its parent's session; a filter or quota of the host
        // is the host's will.
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => Ok(()),
        other => other.at("process", "make a session keyring"),
    }
}

/// Closes all descriptors but the standard ones and those listed: as long as the process lives it
/// would keep files and connections of its parent open.
pub(crate) fn close_others(mut keep: Vec<RawFd>) -> Result<(), Error> {
    keep.sort_unstable();
    let mut first = 3u32;
    for fd in keep {
        let fd = fd.unsigned_abs();
        if fd > first {
            sys::close_range(first, fd - 1, false).at("process", "close descriptors")?;
        }
        first = first.max(fd + 1);
    }
    sys::close_range(first, u32::MAX, false).at("process", "close descriptors")
}

/// Descriptors that the program gets as 3, 4 and so on, and those that must not be in their way
/// until then.
#[derive(Debug)]
pub(crate) struct Preserved(Vec<OwnedFd>);

impl Preserved {
    /// Moves the descriptors out of the range that they will end in.
    pub(crate) fn prepare(fds: &[OwnedFd]) -> Result<Self, Error> {
        let moved = fds.iter().map(|fd| out_of_the_way(fd, fds.len()));
        moved.collect::<Result<_, _>>().map(Self)
    }

    /// Puts the descriptors in their places, open for the program.
    pub(crate) fn place(&self) -> Result<(), Error> {
        for (place, fd) in (3..).zip(&self.0) {
            sys::place_descriptor(fd.as_fd(), place).at("process", "place a descriptor")?;
        }
        Ok(())
    }

    pub(crate) fn raw(&self) -> impl Iterator<Item = RawFd> {
        self.0.iter().map(|fd| fd.as_raw_fd())
    }
}

/// A copy of a descriptor above those that the program gets.
pub(crate) fn out_of_the_way(fd: &OwnedFd, preserved: usize) -> Result<OwnedFd, Error> {
    let least = RawFd::try_from(preserved + 3).unwrap_or(3);
    rustix::io::fcntl_dupfd_cloexec(fd, least).at("process", "move a descriptor")
}
