//! Learning that the kernel ended processes for want of memory.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{EventfdFlags, eventfd};
use rustix::fs::OFlags;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

use crate::controller::{Controller, Version};
use crate::dir::Dir;
use crate::{Error, Group};

const OPERATION: &str = "watching the memory of control group";

/// A descriptor that becomes readable when the group runs out of memory, for a
/// poll loop. [`Group::oom_kills`] then tells how many processes were ended: a
/// wake-up may also mean less (memory was short, or the group was removed).
#[derive(Debug)]
pub struct OomWatch {
    fd: OwnedFd,
}

impl OomWatch {
    /// Reads the descriptor empty, so that it becomes readable only by the next
    /// event. It never blocks.
    pub fn drain(&self) {
        let mut buffer = [0_u8; 512];
        while let Ok(1..) = rustix::io::read(&self.fd, &mut buffer) {}
    }
}

impl AsFd for OomWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl Group {
    /// How many processes of the group the kernel has ended for want of memory.
    ///
    /// # Errors
    /// [`Error::Unsupported`] without a memory controller, [`Error::Io`].
    pub fn oom_kills(&self) -> Result<u64, Error> {
        let (version, dir) = self.memory()?;
        let file = match version {
            Version::V1 => "memory.oom_control",
            Version::V2 => "memory.events",
        };
        let text = dir.read(file).map_err(|error| Error::io(OPERATION, dir.path(), error))?;
        Ok(oom_kills_in(&text).unwrap_or(0))
    }

    /// Starts watching for processes ended for want of memory.
    ///
    /// # Errors
    /// [`Error::Unsupported`] without a memory controller, [`Error::Io`].
    pub fn watch_oom(&self) -> Result<OomWatch, Error> {
        let (version, dir) = self.memory()?;
        let fd = match version {
            Version::V1 => watch_v1(dir),
            Version::V2 => watch_v2(dir),
        };
        let fd = fd.map_err(|error| Error::io(OPERATION, dir.path(), error))?;
        Ok(OomWatch { fd })
    }

    fn memory(&self) -> Result<(Version, &Dir), Error> {
        let dir = match self.version_of(Controller::Memory) {
            Some(Version::V1) => self.v1(Controller::Memory.v1()).map(|dir| (Version::V1, dir)),
            Some(Version::V2) => self.unified().map(|dir| (Version::V2, dir)),
            None => None,
        };
        dir.ok_or_else(|| {
            Error::unsupported("memory events", "this machine has no memory controller")
        })
    }
}

/// The `oom_kill` line, alike in both versions.
pub(crate) fn oom_kills_in(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
}

/// Version 1 tells an eventfd, which lives as long as this end of it.
fn watch_v1(dir: &Dir) -> io::Result<OwnedFd> {
    use std::os::fd::AsRawFd;
    let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
    let control = dir.file("memory.oom_control", OFlags::RDONLY)?;
    let request = format!("{} {}", event.as_raw_fd(), control.as_raw_fd());
    dir.write("cgroup.event_control", &request)?;
    Ok(event)
}

/// Version 2 marks its events file as modified.
fn watch_v2(dir: &Dir) -> io::Result<OwnedFd> {
    let watch = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
    inotify::add_watch(&watch, dir.path().join("memory.events"), WatchFlags::MODIFY)?;
    Ok(watch)
}
