//! One directory of a group: its place in one hierarchy.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rustix::fs::Mode;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::dir::Dir;
use crate::life;

/// How often a step is tried again that another group's removal got in the way of.
const TRIES: usize = 16;

/// One directory of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directory {
    /// The controllers of its hierarchy, by the names of its version.
    pub controllers: Vec<String>,
    /// Whether it is in the version 2 hierarchy.
    pub unified: bool,
    /// The directory.
    pub path: PathBuf,
    /// Where its hierarchy is mounted.
    pub mount: PathBuf,
    /// How many directories above it go with it, when nothing else is in them.
    pub(crate) prune: usize,
}

/// A directory of a group, open once it is made.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) directory: Directory,
    dir: OnceLock<Dir>,
}

impl Place {
    pub(crate) fn new(directory: Directory) -> Self {
        Self { directory, dir: OnceLock::new() }
    }

    /// The directory, if it is made.
    pub(crate) fn dir(&self) -> Option<&Dir> {
        self.dir.get()
    }

    pub(crate) fn is_v1_with(&self, controller: &str) -> bool {
        !self.directory.unified && self.has(controller)
    }

    pub(crate) fn has(&self, controller: &str) -> bool {
        self.directory.controllers.iter().any(|one| one == controller)
    }

    /// Opens what a record says was made.
    pub(crate) fn reopen(&self) {
        if let Ok(dir) = Dir::open(&self.directory.path) {
            let _ = self.dir.set(dir);
        }
    }

    /// Makes the directory and those above it. A group of that path that holds
    /// no process is a remnant, with limits and counters nobody asked for: it
    /// is replaced.
    pub(crate) fn make(&self) -> Result<&Dir, Error> {
        let path = &self.directory.path;
        for _ in 0..TRIES {
            match rustix::fs::mkdir(path, Mode::from_raw_mode(0o755)) {
                Ok(()) => {
                    let dir = match Dir::open(path) {
                        Ok(dir) => dir,
                        Err(error) => {
                            let _ = rustix::fs::rmdir(path);
                            return Err(Error::io("opening control group", path, error));
                        }
                    };
                    return Ok(self.dir.get_or_init(|| dir));
                }
                Err(rustix::io::Errno::EXIST) => self.clear_remnant()?,
                // A neighbour's removal may take the directories above with it,
                // so they are made again.
                Err(rustix::io::Errno::NOENT) => self.make_parents()?,
                Err(error) => return Err(Error::io("making control group", path, error.into())),
            }
        }
        let gone = io::Error::from(io::ErrorKind::NotFound);
        Err(Error::io("making control group", path, gone))
    }

    fn make_parents(&self) -> Result<(), Error> {
        let Some(parent) = self.directory.path.parent() else {
            return Ok(());
        };
        match std::fs::create_dir_all(parent) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Error::io("making control group", parent, error))
            }
            _ => Ok(()),
        }
    }

    /// Removes a group that holds no process.
    pub(crate) fn clear_remnant(&self) -> Result<(), Error> {
        let path = &self.directory.path;
        let dir = match Dir::open(path) {
            Ok(dir) => dir,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::io("opening control group", path, error)),
        };
        let processes = life::pids_below(&dir)?.len();
        if processes > 0 {
            return Err(Error::InUse { path: path.clone(), processes });
        }
        remove_tree(path, Instant::now())
    }

    /// Gives a version 1 cpuset group, and those above it, the processors and
    /// memory nodes of its parent: with none it can hold no process.
    pub(crate) fn fill_cpuset(&self) -> Result<(), Error> {
        let mut path = self.directory.mount.clone();
        let failed = |path: &Path| {
            let path = path.to_path_buf();
            move |error| Error::io("giving processors to control group", path, error)
        };
        let mut above = Dir::open(&path).map_err(failed(&path))?;
        for part in self.below_mount() {
            path.push(part);
            let dir = Dir::open(&path).map_err(failed(&path))?;
            for file in ["cpuset.cpus", "cpuset.mems"] {
                if dir.read(file).map_err(failed(&path))?.trim().is_empty() {
                    let value = above.read(file).map_err(failed(&path))?;
                    dir.write(file, value.trim()).map_err(failed(&path))?;
                }
            }
            above = dir;
        }
        Ok(())
    }

    /// Hands version 2 controllers down from the mount point to this group.
    /// Each level is written only where the group lacks one of them.
    ///
    /// Gives the first failure of a controller that is still lacking after.
    pub(crate) fn enable(&self, wanted: &[&str]) -> Result<(), (PathBuf, io::Error)> {
        let Some(dir) = self.dir() else { return Ok(()) };
        let missing = |wanted: &[&str]| -> bool {
            let have = dir.read("cgroup.controllers").unwrap_or_default();
            wanted.iter().any(|one| !have.split_whitespace().any(|name| name == *one))
        };
        if wanted.is_empty() || !missing(wanted) {
            return Ok(());
        }
        let mut first = None;
        let mut path = self.directory.mount.clone();
        for part in self.below_mount() {
            if let Err(error) = enable_at(&path, wanted) {
                first.get_or_insert((path.clone(), error));
            }
            path.push(part);
        }
        match first {
            Some(failure) if missing(wanted) => Err(failure),
            _ => Ok(()),
        }
    }

    fn below_mount(&self) -> impl Iterator<Item = std::path::Component<'_>> {
        let Directory { path, mount, .. } = &self.directory;
        path.strip_prefix(mount).unwrap_or(Path::new("")).components()
    }

    /// Removes the directory, those inside it, and those above it that were
    /// made for it.
    pub(crate) fn remove(&self, deadline: Instant) -> Result<(), Error> {
        remove_tree(&self.directory.path, deadline)?;
        self.prune();
        Ok(())
    }

    /// Removes the directories above that were made for this one and are empty.
    pub(crate) fn prune(&self) {
        for above in self.directory.path.ancestors().skip(1).take(self.directory.prune) {
            if *above == self.directory.mount || rustix::fs::rmdir(above).is_err() {
                break;
            }
        }
    }
}

/// Enables all at once, or, where one of them can't be, each by itself.
fn enable_at(path: &Path, wanted: &[&str]) -> io::Result<()> {
    let dir = Dir::open(path)?;
    // With processes in it the kernel would refuse some controllers, and for the
    // others make it a threaded group, inside which no process can be. Only the
    // root may hold processes, and has no type.
    if dir.has("cgroup.type") && !dir.read("cgroup.procs").unwrap_or_default().is_empty() {
        return Err(io::Error::from_raw_os_error(libc::EBUSY));
    }
    let all: Vec<String> = wanted.iter().map(|name| format!("+{name}")).collect();
    if all.len() > 1 && dir.write("cgroup.subtree_control", &all.join(" ")).is_ok() {
        return Ok(());
    }
    let mut outcome = Ok(());
    for one in &all {
        outcome = outcome.and(dir.write("cgroup.subtree_control", one));
    }
    outcome
}

/// Removes a group and the groups inside it. Processes that have just been
/// killed leave it late, so a busy group is tried until the deadline.
fn remove_tree(path: &Path, deadline: Instant) -> Result<(), Error> {
    let mut pause = Duration::from_micros(200);
    loop {
        let error = match rustix::fs::rmdir(path) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => return Ok(()),
            Err(error @ (rustix::io::Errno::BUSY | rustix::io::Errno::NOTEMPTY)) => error,
            Err(error) => return Err(Error::io("removing control group", path, error.into())),
        };
        let mut inner_removed = false;
        if let Ok(dir) = Dir::open(path) {
            for child in dir.children().unwrap_or_default() {
                remove_tree(&child, deadline)?;
                inner_removed = true;
            }
        }
        if inner_removed {
            continue;
        }
        if Instant::now() >= deadline {
            let processes = Dir::open(path).map_or(Ok(Vec::new()), |dir| life::pids_below(&dir))?;
            return Err(match processes.len() {
                0 => Error::io("removing control group", path, error.into()),
                processes => Error::InUse { path: path.to_path_buf(), processes },
            });
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}
