//! `linux.maskedPaths` and `linux.readonlyPaths`.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags, major, minor};
use rustix::io::Errno;

use crate::error::{At, Error};
use crate::filesystem::{self, Parameters};
use crate::mount_options::{Attributes, attr};
use crate::mounts::{attach, clone_at};
use crate::path;
use crate::sys::{self, MountAttr};

/// Refuses relative paths, before anything is made.
pub(crate) fn check(field: &str, paths: &Option<Vec<String>>) -> Result<(), Error> {
    for (place, path) in paths.iter().flatten().enumerate() {
        if !path.starts_with('/') {
            let reason = format!("{path:?} is not absolute");
            return Err(Error::invalid(format!("{field}[{place}]"), reason));
        }
    }
    Ok(())
}

/// Makes paths read-only with all that is mounted below them; what is not there needs nothing.
pub(crate) fn make_read_only(
    root: BorrowedFd<'_>,
    paths: &Option<Vec<String>>,
) -> Result<(), Error> {
    for (place, name) in paths.iter().flatten().enumerate() {
        let context =
            |what: &str| (format!("linux.readonlyPaths[{place}]"), format!("{what} {name}"));
        let target = match path::find(root, Path::new(name)) {
            Err(Errno::NOENT | Errno::NOTDIR) => continue,
            other => other.at_with(|| context("find"))?,
        };
        let tree = clone_at(target.as_fd(), true).at_with(|| context("bind"))?;
        let read_only = MountAttr { set: attr::RDONLY, ..MountAttr::default() };
        sys::mount_setattr(tree.as_fd(), true, &read_only).at_with(|| context("make read-only"))?;
        attach(tree.as_fd(), target.as_fd()).at_with(|| context("bind"))?;
    }
    Ok(())
}

/// Covers files with the null device and directories with an empty one; what is not there needs
/// nothing. `null` must be a null device that the container has not touched.
pub(crate) fn mask(
    root: BorrowedFd<'_>,
    paths: &Option<Vec<String>>,
    null: BorrowedFd<'_>,
) -> Result<(), Error> {
    let mut empty: Option<OwnedFd> = None;
    for (place, name) in paths.iter().flatten().enumerate() {
        let field = || format!("linux.maskedPaths[{place}]");
        let context = |what: &str| (field(), format!("{what} {name}"));
        let target = match path::find(root, Path::new(name)) {
            Err(Errno::NOENT | Errno::NOTDIR) => continue,
            other => other.at_with(|| context("find"))?,
        };
        let is_directory = path::is_directory(&target).at_with(|| context("look at"))?;
        let cover = match &empty {
            _ if !is_directory => clone_at(null, false).at_with(|| context("cover"))?,
            Some(empty) => clone_at(empty.as_fd(), false).at_with(|| context("cover"))?,
            None => new_empty(&field())?,
        };
        attach(cover.as_fd(), target.as_fd()).at_with(|| context("cover"))?;
        if is_directory && empty.is_none() {
            // One empty directory does for all.
            empty = Some(cover);
        }
    }
    Ok(())
}

fn new_empty(field: &str) -> Result<OwnedFd, Error> {
    filesystem::make(&Parameters {
        field,
        typ: "tmpfs",
        source: None,
        data: &["size=0k", "nr_inodes=1"],
        label: None,
        attributes: Attributes { set: attr::RDONLY, clear: 0 },
    })
}

/// The null device below the root if it is one there, else the host's.
pub(crate) fn null_device(root: BorrowedFd<'_>, host: &OwnedFd) -> Result<OwnedFd, Error> {
    let own = path::find(root, Path::new("/dev/null")).ok();
    match own.filter(|fd| is_null(fd)) {
        Some(own) => Ok(own),
        None => host.try_clone().at("/dev/null", "duplicate"),
    }
}

/// Opens the host's null device.
pub(crate) fn host_null() -> Result<OwnedFd, Error> {
    let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOCTTY;
    rustix::fs::open("/dev/null", flags, Mode::empty()).at("/dev/null", "open")
}

/// Whether a descriptor refers to the null device.
pub(crate) fn is_null(fd: impl AsFd) -> bool {
    rustix::fs::fstat(fd).is_ok_and(|stat| {
        let kind = rustix::fs::FileType::from_raw_mode(stat.st_mode);
        let number = (major(stat.st_rdev), minor(stat.st_rdev));
        kind == rustix::fs::FileType::CharacterDevice && number == (1, 3)
    })
}
