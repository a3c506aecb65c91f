//! A group: making, finding again, filling and removing it.

use std::os::fd::BorrowedFd;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};

use crate::controller::{Controller, Version};
use crate::dir::{Dir, write_once};
use crate::hierarchies::Mount;
use crate::place::{Directory, Place};
use crate::{Error, Hierarchies, life};

/// How long a removal waits for processes that have been killed to be gone.
const REMOVE_LIMIT: Duration = Duration::from_secs(2);
/// Version 1 controllers whose group is made at once, because statistics are
/// read from it. The others are made when a limit asks for them.
const COUNTING_V1: [&str; 4] = ["cpu", "memory", "pids", "blkio"];
/// The same of version 2.
const COUNTING_V2: [&str; 4] = ["cpu", "memory", "pids", "io"];

/// One control group, in every hierarchy where it is needed.
///
/// Dropping it leaves the group as it is: [`Group::remove`] ends it, and
/// [`Group::record`] lets another process find it.
#[derive(Debug)]
pub struct Group {
    places: Vec<Place>,
}

/// Where a group is: enough to find and remove it after its maker died.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    directories: Vec<Directory>,
}

impl Group {
    /// Makes a group.
    ///
    /// `path` is the `linux.cgroupsPath` of an OCI document: with a leading
    /// slash from the root of each hierarchy, else relative to the group of
    /// this process (in version 2 beside it, since a group that holds processes
    /// can't hand controllers down). Directories above are made as needed, and
    /// go with the group where its path is relative.
    ///
    /// A group of that path is replaced if no process is in it.
    ///
    /// # Errors
    /// [`Error::InUse`] when it holds processes, [`Error::Path`] for a systemd
    /// slice or a path that climbs, [`Error::Permission`], [`Error::Io`]. What
    /// was made by then is removed.
    pub fn create(hierarchies: &Hierarchies, path: &str) -> Result<Self, Error> {
        let group = Self::planned(hierarchies, path)?;
        match group.make_counting() {
            Ok(()) => Ok(group),
            Err(error) => {
                group.undo();
                Err(error)
            }
        }
    }

    /// What [`Group::record`] of the group will be once it is made: for writing
    /// it down before, so that a maker that dies in between leaves nothing that
    /// nobody knows of.
    ///
    /// # Errors
    /// [`Error::Path`].
    pub fn plan(hierarchies: &Hierarchies, path: &str) -> Result<Record, Error> {
        Self::planned(hierarchies, path).map(|group| group.record())
    }

    fn planned(hierarchies: &Hierarchies, path: &str) -> Result<Self, Error> {
        let path = GroupPath::parse(path)?;
        let mounts = hierarchies.unified.iter().map(|mount| (mount, true));
        let v1 = hierarchies.v1.iter().chain(&hierarchies.named);
        let mounts = mounts.chain(v1.map(|mount| (mount, false)));
        Ok(Self { places: mounts.map(|(mount, unified)| path.place(mount, unified)).collect() })
    }

    /// Makes the group in the version 1 hierarchies too that no limit has asked
    /// for: for a container that sees its groups, and would see the whole tree
    /// of a hierarchy in which it has none.
    ///
    /// # Errors
    /// [`Error::Permission`], [`Error::Io`].
    pub fn make_everywhere(&self) -> Result<(), Error> {
        let missing = |place: &&Place| !place.directory.unified && place.dir().is_none();
        self.places.iter().filter(missing).try_for_each(|place| self.make_v1(place).map(drop))
    }

    /// Finds a group again. What is gone by now is left out: the group can be
    /// killed and removed all the same.
    pub fn open(record: &Record) -> Self {
        let places: Vec<Place> = record.directories.iter().cloned().map(Place::new).collect();
        places.iter().for_each(Place::reopen);
        Self { places }
    }

    /// What [`Group::open`] needs.
    pub fn record(&self) -> Record {
        Record { directories: self.places.iter().map(|place| place.directory.clone()).collect() }
    }

    /// The directories that are made, version 2 first.
    pub fn directories(&self) -> impl Iterator<Item = &Directory> {
        self.made().map(|(place, _)| &place.directory)
    }

    /// The group in the version 2 hierarchy, to clone a process into
    /// (`CLONE_INTO_CGROUP`). On a hybrid machine the version 1 groups need
    /// [`Group::add`] or [`Group::enter`] all the same.
    pub fn unified_dir(&self) -> Option<BorrowedFd<'_>> {
        self.unified().map(Dir::fd)
    }

    /// Moves a process, with all its threads, into the group.
    ///
    /// A move takes a lock that waits for a grace period of the kernel (about
    /// 10 ms) unless there was another move shortly before. A new process joins
    /// in a hundredth of that when it is cloned into [`Group::unified_dir`] and
    /// calls [`Group::enter`].
    ///
    /// # Errors
    /// [`Error::Io`] when there is no such process, [`Error::Permission`].
    pub fn add(&self, pid: u32) -> Result<(), Error> {
        self.made().try_for_each(|(_, dir)| add_to(dir, pid))
    }

    /// Moves the calling thread into the group: for a new process that has one
    /// thread, before it executes a program. `cloned_into` says that it was
    /// cloned into [`Group::unified_dir`] and only lacks the version 1 groups.
    ///
    /// Allocates nothing unless it fails, and skips the lock and the wait that
    /// [`Group::add`] meets on version 1. The caller must still have the user
    /// id of root in the initial user namespace.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Permission`].
    pub fn enter(&self, cloned_into: bool) -> Result<(), Error> {
        for (place, dir) in self.made() {
            let file = match (place.directory.unified, cloned_into) {
                (true, true) => continue,
                (true, false) => "cgroup.procs",
                // A thread that moves itself alone takes no global lock.
                (false, _) => "tasks",
            };
            dir.write(file, "0")
                .map_err(|error| Error::io("joining control group", dir.path(), error))?;
        }
        Ok(())
    }

    /// Removes the group and the groups inside it. Waits up to 2 s for
    /// processes that are ending. What is missing already is fine.
    ///
    /// # Errors
    /// [`Error::InUse`] when processes live on in it ([`Group::kill`] first);
    /// the other directories are removed all the same.
    pub fn remove(&self) -> Result<(), Error> {
        let deadline = Instant::now() + REMOVE_LIMIT;
        let mut outcome = Ok(());
        for place in &self.places {
            outcome = outcome.and(place.remove(deadline));
        }
        outcome
    }

    /// Removes the group and the groups inside it if no process is in them, as
    /// [`Group::create`] does before it makes one of the same path anew.
    ///
    /// # Errors
    /// [`Error::InUse`] when there is one, [`Error::Permission`], [`Error::Io`].
    pub fn remove_remnant(&self) -> Result<(), Error> {
        for place in &self.places {
            place.clear_remnant()?;
            place.prune();
        }
        Ok(())
    }

    fn make_counting(&self) -> Result<(), Error> {
        for place in self.places.iter().filter(|place| place.directory.unified) {
            place.make()?;
            // On a hybrid machine what it counts is counted by version 1.
            let wanted: Vec<&str> =
                COUNTING_V2.into_iter().filter(|name| place.has(name)).collect();
            // A controller that can't be had is an error when a limit needs it.
            let _ = place.enable(&wanted);
        }
        let unified = self.unified();
        let frozen_by_v2 = unified.is_some_and(|dir| dir.has("cgroup.freeze"));
        for place in self.places.iter().filter(|place| !place.directory.unified) {
            let counts = COUNTING_V1.iter().any(|name| place.has(name))
                || (unified.is_none() && place.has("cpuacct"))
                || (!frozen_by_v2 && place.has(Controller::Freezer.v1()));
            if counts {
                self.make_v1(place)?;
            }
        }
        Ok(())
    }

    /// Takes back a creation that failed: only what it made itself.
    fn undo(&self) {
        for place in &self.places {
            match place.dir() {
                Some(_) => drop(place.remove(Instant::now())),
                None => place.prune(),
            }
        }
    }

    fn make_v1<'a>(&self, place: &'a Place) -> Result<&'a Dir, Error> {
        let dir = place.make()?;
        if place.has(Controller::Cpuset.v1()) {
            place.fill_cpuset()?;
        }
        Ok(dir)
    }

    /// The directories that are made, version 2 first.
    pub(crate) fn made(&self) -> impl Iterator<Item = (&Place, &Dir)> {
        self.places.iter().filter_map(|place| Some((place, place.dir()?)))
    }

    pub(crate) fn unified(&self) -> Option<&Dir> {
        self.made().find(|(place, _)| place.directory.unified).map(|(_, dir)| dir)
    }

    /// The version 1 directory of a controller, if it is made.
    pub(crate) fn v1(&self, controller: &str) -> Option<&Dir> {
        self.made().find(|(place, _)| place.is_v1_with(controller)).map(|(_, dir)| dir)
    }

    /// Which version offers a controller here.
    pub(crate) fn version_of(&self, controller: Controller) -> Option<Version> {
        let offers = |place: &Place| match place.directory.unified {
            false => place.has(controller.v1()).then_some(Version::V1),
            true => controller.v2().is_some_and(|name| place.has(name)).then_some(Version::V2),
        };
        // Version 1 owns a controller that is mounted there.
        self.places.iter().rev().find_map(offers)
    }

    /// The directory that limits what a controller does, made now if no limit
    /// has asked for it before. `field` is the field of the document that asks.
    pub(crate) fn limiting(&self, controller: Controller, field: &str) -> Result<&Dir, Error> {
        let absent = || {
            Error::unsupported(field, format!("this machine has no {} controller", controller.v1()))
        };
        match self.version_of(controller).ok_or_else(absent)? {
            Version::V2 => self.limiting_v2(controller.v2().ok_or_else(absent)?, field),
            Version::V1 => {
                let place = self.places.iter().find(|place| place.is_v1_with(controller.v1()));
                let place = place.ok_or_else(absent)?;
                match place.dir() {
                    Some(dir) => Ok(dir),
                    None => self.join_late(place),
                }
            }
        }
    }

    /// The version 2 directory with a controller, by its name, handed down to it.
    pub(crate) fn limiting_v2(&self, name: &str, field: &str) -> Result<&Dir, Error> {
        let place = self.made().find(|(place, _)| place.directory.unified);
        let Some((place, dir)) = place.filter(|(place, _)| place.has(name)) else {
            let why = format!("this machine has no version 2 {name} controller");
            return Err(Error::unsupported(field, why));
        };
        match place.enable(&[name]) {
            Ok(()) => Ok(dir),
            Err((path, error)) if error.raw_os_error() == Some(libc::EBUSY) => {
                Err(Error::InternalProcesses { field: field.to_owned(), path })
            }
            Err((path, error)) => Err(Error::io("handing controllers down from", path, error)),
        }
    }

    /// Makes a version 1 directory for a group that may hold processes already.
    fn join_late<'a>(&'a self, place: &'a Place) -> Result<&'a Dir, Error> {
        let dir = self.make_v1(place)?;
        // A process may fork between the reading and the move.
        for _ in 0..8 {
            let here = life::pids_below(dir)?;
            let outside: Vec<u32> =
                self.pids()?.into_iter().filter(|pid| !here.contains(pid)).collect();
            if outside.is_empty() {
                break;
            }
            for pid in outside {
                match add_to(dir, pid) {
                    Err(Error::Io { source, .. }) if source.raw_os_error() == Some(libc::ESRCH) => {
                    }
                    other => other?,
                }
            }
        }
        Ok(dir)
    }
}

fn add_to(dir: &Dir, pid: u32) -> Result<(), Error> {
    dir.file("cgroup.procs", OFlags::WRONLY)
        .and_then(|file| {
            use std::os::fd::AsFd;
            write_once(file.as_fd(), &pid.to_string())
        })
        .map_err(|error| Error::io("adding a process to control group", dir.path(), error))
}

/// A `linux.cgroupsPath`, checked.
struct GroupPath {
    absolute: bool,
    parts: PathBuf,
}

impl GroupPath {
    fn parse(path: &str) -> Result<Self, Error> {
        let refuse = |why| Err(Error::Path { path: path.to_owned(), why });
        if !path.contains('/') && path.matches(':').count() == 2 {
            return refuse("is a systemd slice, and systemd is not asked: give a path such as a/b");
        }
        if path.contains(['\0', '\n']) {
            return refuse("has a control character");
        }
        let mut parts = PathBuf::new();
        for part in Path::new(path).components() {
            match part {
                Component::Normal(name) if name.len() > 255 => {
                    return refuse("has a name over 255 bytes");
                }
                Component::Normal(name) => parts.push(name),
                Component::RootDir | Component::CurDir => {}
                Component::ParentDir | Component::Prefix(_) => return refuse("climbs out with .."),
            }
        }
        if parts.as_os_str().is_empty() {
            return refuse("names no group: the root group can't be a container's");
        }
        Ok(Self { absolute: path.starts_with('/'), parts })
    }

    fn place(&self, mount: &Mount, unified: bool) -> Place {
        let mut path = mount.point.clone();
        if !self.absolute {
            path.push(match unified {
                true => mount.own.parent().unwrap_or(Path::new("")),
                false => &mount.own,
            });
        }
        path.push(&self.parts);
        let prune = match self.absolute {
            // Someone else's path: only what will be made for this group.
            true => path.ancestors().skip(1).take_while(|above| !above.exists()).count(),
            false => self.parts.components().count() - 1,
        };
        let controllers = mount.controllers.clone();
        Place::new(Directory { controllers, unified, path, mount: mount.point.clone(), prune })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_name_no_group_are_refused() {
        for path in ["", "/", ".", "..", "a/../b", "system.slice:runc:1", "a\0", "a\nb"] {
            assert!(matches!(GroupPath::parse(path), Err(Error::Path { .. })), "{path:?}");
        }
        let long = "x".repeat(256);
        assert!(GroupPath::parse(&long).is_err());
    }

    #[test]
    fn relative_paths_are_below_own_v1_group_and_beside_own_v2_group() {
        let mount = |own: &str| Mount {
            point: "/m".into(),
            own: own.into(),
            controllers: vec!["memory".into()],
        };
        let path = GroupPath::parse("a/b").unwrap();
        assert_eq!(path.place(&mount("x/y"), false).directory.path, Path::new("/m/x/y/a/b"));
        assert_eq!(path.place(&mount("x/y"), true).directory.path, Path::new("/m/x/a/b"));
        assert_eq!(path.place(&mount(""), true).directory.path, Path::new("/m/a/b"));
        let path = GroupPath::parse("//a/./b/").unwrap();
        assert_eq!(path.place(&mount("x"), false).directory.path, Path::new("/m/a/b"));
    }
}
