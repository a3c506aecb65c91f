//! `linux.maskedPaths` and `linux.readonlyPaths`.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags, major, minor};
use rustix::io::Errno;

use crate::error::{At, Error};
use crate::filesystem::{self, Parameters};
use crate::mount_options::{Attributes, attr};
use crate::mounts::{attach, clone_at, clone_tree};
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

/// Covers files with `null`, a mount of the null device that is not placed yet, and directories
/// with an empty one; what is not there needs nothing.
pub(crate) fn mask(
    root: BorrowedFd<'_>,
    paths: &Option<Vec<String>>,
    null: OwnedFd,
) -> Result<(), Error> {
    let mut file = Cover { mount: Some(null), is_placed: false };
    let mut directory = Cover { mount: None, is_placed: false };
    for (place, name) in paths.iter().flatten().enumerate() {
        let field = || format!("linux.maskedPaths[{place}]");
        let context = |what: &str| (field(), format!("{what} {name}"));
        let target = match path::find(root, Path::new(name)) {
            Err(Errno::NOENT | Errno::NOTDIR) => continue,
            other => other.at_with(|| context("find"))?,
        };
        let is_directory = path::is_directory(&target).at_with(|| context("look at"))?;
        let cover = if is_directory { &mut directory } else { &mut file };
        if cover.mount.is_none() {
            cover.mount = Some(new_empty(&field())?);
        }
        cover.put_on(target.as_fd()).at_with(|| context("cover"))?;
    }
    Ok(())
}

/// A mount that covers many places. The first place gets it, the others copies of it: older kernels
/// copy only what is placed.
struct Cover {
    mount: Option<OwnedFd>,
    is_placed: bool,
}

impl Cover {
    fn put_on(&mut self, target: BorrowedFd<'_>) -> rustix::io::Result<()> {
        let mount = self.mount.as_ref().ok_or(Errno::BADF)?.as_fd();
        if self.is_placed {
            return attach(clone_at(mount, false)?.as_fd(), target);
        }
        self.is_placed = true;
        attach(mount, target)
    }
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

/// A mount, for [`mask`], of the null device below the root if there is one, else of the host's,
/// which the process still sees.
pub(crate) fn null_mount(root: BorrowedFd<'_>) -> Result<OwnedFd, Error> {
    let own = path::find(root, Path::new("/dev/null")).ok();
    let mount = match own.filter(|fd| is_null(fd)) {
        Some(own) => clone_at(own.as_fd(), false),
        None => clone_tree(Path::new("/dev/null"), false),
    };
    mount.at("linux.maskedPaths", "open /dev/null")
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
