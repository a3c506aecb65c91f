//! The processes of a group: listing, freezing and killing them.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process};

use crate::controller::Controller;
use crate::dir::{Dir, read_all};
use crate::{Error, Group};

/// How long killed processes may take to be gone, where they have to be killed
/// one by one.
const KILL_LIMIT: Duration = Duration::from_secs(5);
/// How long one round of killing waits for the version 1 freezer.
const STILL_LIMIT: Duration = Duration::from_millis(200);

impl Group {
    /// The processes of the group and of the groups inside it, in ascending
    /// order. Those that are not visible in this process's pid namespace are
    /// left out.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Permission`].
    pub fn pids(&self) -> Result<Vec<u32>, Error> {
        match self.main() {
            Some(dir) => pids_below(dir),
            None => Ok(Vec::new()),
        }
    }

    /// Stops every process of the group and waits until all stand still. On a
    /// time-out they are let go again.
    ///
    /// # Errors
    /// [`Error::Timeout`], [`Error::Unsupported`] when the machine has neither
    /// version 2 nor a freezer, [`Error::Io`], [`Error::Permission`].
    pub fn freeze(&self, limit: Duration) -> Result<(), Error> {
        let freezer = self.freezer()?;
        let outcome = freezer.set(true).and_then(|()| freezer.wait_frozen(limit));
        if outcome.is_err() {
            let _ = freezer.set(false);
        }
        outcome
    }

    /// Lets the processes run on.
    ///
    /// # Errors
    /// As [`Group::freeze`].
    pub fn thaw(&self) -> Result<(), Error> {
        self.freezer()?.set(false)
    }

    /// Whether every process of the group stands still because the group is
    /// frozen.
    ///
    /// # Errors
    /// As [`Group::freeze`].
    pub fn frozen(&self) -> Result<bool, Error> {
        self.freezer()?.is_frozen()
    }

    /// Kills every process of the group and of the groups inside it, frozen or
    /// not, those included that are forked meanwhile.
    ///
    /// With version 2 (kernel 5.14) this is one step of the kernel, and the
    /// processes end soon after: [`Group::wait_empty`] waits for that. Elsewhere
    /// they are stopped, killed and let go in rounds until none is left, for 5 s
    /// at most.
    ///
    /// # Errors
    /// [`Error::Timeout`], [`Error::Io`], [`Error::Permission`].
    pub fn kill(&self) -> Result<(), Error> {
        if let Some(dir) = self.unified() {
            match dir.write("cgroup.kill", "1") {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                // The group is gone, and its processes with it.
                Err(error) if error.raw_os_error() == Some(libc::ENODEV) => return Ok(()),
                other => {
                    return other.map_err(|error| {
                        Error::io("killing the processes of control group", dir.path(), error)
                    });
                }
            }
        }
        self.kill_one_by_one(Instant::now() + KILL_LIMIT)
    }

    /// Waits until no process is left in the group and in the groups inside it.
    /// One that has ended and was not waited for doesn't count.
    ///
    /// # Errors
    /// [`Error::Timeout`], [`Error::Io`], [`Error::Permission`].
    pub fn wait_empty(&self, limit: Duration) -> Result<(), Error> {
        let Some(main) = self.main() else {
            return Ok(());
        };
        let deadline = Instant::now() + limit;
        if let Some(dir) = self.unified() {
            return wait_event(
                dir,
                "populated 0",
                deadline,
                "waiting for the end of control group",
            );
        }
        while !pids_below(main)?.is_empty() {
            if Instant::now() >= deadline {
                return Err(timeout("waiting for the end of control group", main));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    fn kill_one_by_one(&self, deadline: Instant) -> Result<(), Error> {
        let Some(main) = self.main() else {
            return Ok(());
        };
        let freezer = self.freezer().ok();
        loop {
            // What stands still can't fork, and its pid can't be another's.
            // If it can't be stopped, more rounds make up for it.
            if let Some(freezer) = &freezer {
                let _ = freezer.set(true).and_then(|()| freezer.wait_frozen(STILL_LIMIT));
            }
            let pids = pids_below(main);
            for pid in pids.iter().flatten() {
                if let Some(pid) = i32::try_from(*pid).ok().and_then(Pid::from_raw) {
                    let _ = kill_process(pid, Signal::KILL);
                }
            }
            if let Some(freezer) = &freezer {
                freezer.set(false)?;
            }
            if pids?.is_empty() {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(timeout("killing the processes of control group", main));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// The directory whose list of processes is the group's.
    pub(crate) fn main(&self) -> Option<&Dir> {
        let freezer = || self.v1(Controller::Freezer.v1());
        self.unified().or_else(freezer).or_else(|| self.made().next().map(|(_, dir)| dir))
    }

    fn freezer(&self) -> Result<Freezer<'_>, Error> {
        if let Some(dir) = self.unified().filter(|dir| dir.has("cgroup.freeze")) {
            return Ok(Freezer::V2(dir));
        }
        self.v1(Controller::Freezer.v1()).map(Freezer::V1).ok_or_else(|| {
            let why = "this machine has no freezer: mount cgroup2, or the version 1 freezer";
            Error::unsupported("freezing a control group", why)
        })
    }
}

enum Freezer<'a> {
    V1(&'a Dir),
    V2(&'a Dir),
}

impl Freezer<'_> {
    fn set(&self, frozen: bool) -> Result<(), Error> {
        let (dir, file, value) = match (self, frozen) {
            (Self::V1(dir), true) => (dir, "freezer.state", "FROZEN"),
            (Self::V1(dir), false) => (dir, "freezer.state", "THAWED"),
            (Self::V2(dir), true) => (dir, "cgroup.freeze", "1"),
            (Self::V2(dir), false) => (dir, "cgroup.freeze", "0"),
        };
        let operation = if frozen { "freezing control group" } else { "thawing control group" };
        match dir.write(file, value) {
            // A group that is gone holds nothing still.
            Err(error) if !frozen && gone(&error) => Ok(()),
            other => other.map_err(|error| Error::io(operation, dir.path(), error)),
        }
    }

    fn is_frozen(&self) -> Result<bool, Error> {
        let (dir, file, sign) = match self {
            Self::V1(dir) => (dir, "freezer.state", "FROZEN"),
            Self::V2(dir) => (dir, "cgroup.events", "frozen 1"),
        };
        let text = dir.read(file);
        let text = text.map_err(|error| Error::io("reading the state of", dir.path(), error))?;
        Ok(text.lines().any(|line| line == sign))
    }

    fn wait_frozen(&self, limit: Duration) -> Result<(), Error> {
        let deadline = Instant::now() + limit;
        match self {
            Self::V2(dir) => wait_event(dir, "frozen 1", deadline, "freezing control group"),
            Self::V1(dir) => {
                while !self.is_frozen()? {
                    if Instant::now() >= deadline {
                        return Err(timeout("freezing control group", dir));
                    }
                    std::thread::sleep(Duration::from_micros(500));
                    // A process forked while the rest was being stopped is
                    // missed until the state is written again.
                    self.set(true)?;
                }
                Ok(())
            }
        }
    }
}

/// Waits until `cgroup.events` has a line. The kernel wakes a poll for priority
/// data at each change since the last reading.
fn wait_event(
    dir: &Dir,
    sign: &str,
    deadline: Instant,
    operation: &'static str,
) -> Result<(), Error> {
    let failed = |error| Error::io("reading the events of", dir.path(), error);
    let events: OwnedFd = match dir.file("cgroup.events", OFlags::RDONLY) {
        // A group that is gone has no process.
        Err(error) if gone(&error) && sign == "populated 0" => return Ok(()),
        other => other.map_err(failed)?,
    };
    loop {
        let text = match read_all(events.as_fd()) {
            Err(error) if gone(&error) && sign == "populated 0" => return Ok(()),
            other => other.map_err(failed)?,
        };
        if text.lines().any(|line| line == sign) {
            return Ok(());
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(timeout(operation, dir));
        }
        let mut fds = [PollFd::new(&events, PollFlags::PRI)];
        match poll(&mut fds, Timespec::try_from(left).ok().as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(failed(error.into())),
        }
    }
}

/// The processes in a directory and in those inside it.
pub(crate) fn pids_below(dir: &Dir) -> Result<Vec<u32>, Error> {
    let mut pids = BTreeSet::new();
    collect_pids(dir, &mut pids)
        .map_err(|error| Error::io("listing the processes of control group", dir.path(), error))?;
    Ok(pids.into_iter().collect())
}

fn collect_pids(dir: &Dir, pids: &mut BTreeSet<u32>) -> io::Result<()> {
    match dir.read("cgroup.procs") {
        Ok(text) => {
            // 0 stands for a process of another pid namespace.
            pids.extend(
                text.lines().filter_map(|line| line.parse::<u32>().ok()).filter(|pid| *pid > 0),
            );
        }
        // A threaded group: its processes are listed by the group above.
        Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => {}
        Err(error) if gone(&error) => return Ok(()),
        Err(error) => return Err(error),
    }
    let children = match dir.children() {
        Err(error) if gone(&error) => return Ok(()),
        other => other?,
    };
    for child in children {
        match Dir::open(&child) {
            Ok(child) => collect_pids(&child, pids)?,
            Err(error) if gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether a group was removed under the reader's hands.
fn gone(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENODEV))
}

fn timeout(operation: &'static str, dir: &Dir) -> Error {
    Error::Timeout { operation, path: dir.path().to_path_buf() }
}
