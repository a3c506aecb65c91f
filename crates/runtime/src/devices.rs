//! Device files, and what else is expected in `/dev`.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use oci_spec::runtime::{LinuxDevice, LinuxDeviceType};
use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Uid, chmodat, chownat, makedev, mknodat, statat,
    symlinkat, unlinkat,
};
use rustix::io::Errno;

use crate::error::{At, Error};
use crate::mounts::{attach, clone_tree};
use crate::path;

/// A device file to be made.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    field: String,
    path: PathBuf,
    kind: FileType,
    number: u64,
    mode: u32,
    uid: u32,
    gid: u32,
}

/// The devices that every container has, by the OCI specification.
const DEFAULTS: [(&str, u32, u32); 6] = [
    ("/dev/null", 1, 3),
    ("/dev/zero", 1, 5),
    ("/dev/full", 1, 7),
    ("/dev/random", 1, 8),
    ("/dev/urandom", 1, 9),
    ("/dev/tty", 5, 0),
];

/// The symlinks that every container has.
const LINKS: [(&str, &str); 6] = [
    ("/proc/self/fd", "fd"),
    ("/proc/self/fd/0", "stdin"),
    ("/proc/self/fd/1", "stdout"),
    ("/proc/self/fd/2", "stderr"),
    ("/proc/kcore", "core"),
    ("pts/ptmx", "ptmx"),
];

/// The default devices, and those listed, which win.
pub(crate) fn prepare(listed: &[LinuxDevice]) -> Result<Vec<Device>, Error> {
    let listed = listed.iter().enumerate().map(|(index, device)| read(index, device));
    let listed = listed.collect::<Result<Vec<_>, _>>()?;
    let is_listed = |path: &str| listed.iter().any(|device| device.path == Path::new(path));
    let defaults = DEFAULTS.iter().filter(|(path, ..)| !is_listed(path)).map(|default| Device {
        field: "default devices".into(),
        path: default.0.into(),
        kind: FileType::CharacterDevice,
        number: makedev(default.1, default.2),
        mode: 0o666,
        uid: 0,
        gid: 0,
    });
    Ok(defaults.chain(listed.iter().cloned()).collect())
}

fn read(index: usize, device: &LinuxDevice) -> Result<Device, Error> {
    let field = format!("linux.devices[{index}]");
    if !device.path().is_absolute() || device.path().file_name().is_none() {
        let reason = format!("{} is no absolute path of a file", device.path().display());
        return Err(Error::invalid(format!("{field}.path"), reason));
    }
    let kind = match device.typ() {
        LinuxDeviceType::B => FileType::BlockDevice,
        LinuxDeviceType::C | LinuxDeviceType::U => FileType::CharacterDevice,
        LinuxDeviceType::P => FileType::Fifo,
        LinuxDeviceType::A => {
            let reason = "\"a\" is for rules only: a file is one of b, c, u, p";
            return Err(Error::invalid(format!("{field}.type"), reason));
        }
    };
    let number = |name: &str, value: i64| {
        let reason = format!("{value} is no device number");
        u32::try_from(value).map_err(|_| Error::invalid(format!("{field}.{name}"), reason))
    };
    let number = if kind == FileType::Fifo {
        0
    } else {
        makedev(number("major", device.major())?, number("minor", device.minor())?)
    };
    Ok(Device {
        path: device.path().clone(),
        kind,
        number,
        mode: device.file_mode().unwrap_or(0o666) & 0o7777,
        uid: device.uid().unwrap_or(0),
        gid: device.gid().unwrap_or(0),
        field,
    })
}

/// Makes the device files and symlinks below the root.
pub(crate) fn make(
    root: BorrowedFd<'_>,
    devices: &[Device],
    in_user_namespace: bool,
) -> Result<(), Error> {
    let dev = path::ensure(root, Path::new("/dev"), path::Kind::Directory)
        .at("default devices", "make /dev")?;
    for device in devices {
        let is_plain = device.path.parent() == Some(Path::new("/dev"));
        let name = device.path.file_name().unwrap_or_default();
        if is_plain {
            device.make(dev.as_fd(), name, in_user_namespace)?;
        } else {
            let (parent, name) = path::ensure_parent(root, &device.path)
                .at_with(|| device.context("make the directory of"))?;
            device.make(parent.as_fd(), name, in_user_namespace)?;
        }
    }
    for (target, name) in LINKS {
        if name == "core" && path::find(root, Path::new(target)).is_err() {
            continue;
        }
        if name == "ptmx" {
            // A device file of the image would open the host's terminals.
            match unlinkat(&dev, name, AtFlags::empty()) {
                Err(Errno::NOENT) => {}
                other => other.at("default devices", "replace /dev/ptmx")?,
            }
        }
        match symlinkat(target, &dev, name) {
            Err(Errno::EXIST) => {}
            other => {
                other.at_with(|| ("default devices".into(), format!("make symlink /dev/{name}")))?
            }
        }
    }
    Ok(())
}

impl Device {
    fn context(&self, what: &str) -> (String, String) {
        (self.field.clone(), format!("{what} {}", self.path.display()))
    }

    fn make(
        &self,
        parent: BorrowedFd<'_>,
        name: &OsStr,
        in_user_namespace: bool,
    ) -> Result<(), Error> {
        if in_user_namespace && self.kind != FileType::Fifo {
            return self.bind(parent, name);
        }
        // Without bits for others until it has its owner.
        match mknodat(parent, name, self.kind, Mode::empty(), self.number) {
            Ok(()) => {}
            Err(Errno::EXIST) => return self.check_existing(parent, name),
            // A host that is a container itself may not make devices.
            Err(Errno::PERM) => return self.bind(parent, name),
            Err(error) => return Err(error).at_with(|| self.context("make")),
        }
        if (self.uid, self.gid) != (0, 0) {
            let (uid, gid) = (Uid::from_raw(self.uid), Gid::from_raw(self.gid));
            chownat(parent, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)
                .at_with(|| self.context("set the owner of"))?;
        }
        chmodat(parent, name, Mode::from_raw_mode(self.mode), AtFlags::empty())
            .at_with(|| self.context("set the mode of"))
    }

    /// A file of the image may stay when it is the same device.
    fn check_existing(&self, parent: BorrowedFd<'_>, name: &OsStr) -> Result<(), Error> {
        let stat =
            statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).at_with(|| self.context("look at"))?;
        if FileType::from_raw_mode(stat.st_mode) == self.kind && stat.st_rdev == self.number {
            return Ok(());
        }
        let reason = format!("{} exists and is something else", self.path.display());
        Err(Error::invalid(self.field.as_str(), reason))
    }

    /// Shows the host's device of the same path.
    fn bind(&self, parent: BorrowedFd<'_>, name: &OsStr) -> Result<(), Error> {
        let source = clone_tree(&self.path, false).at_with(|| self.context("open the host's"))?;
        let stat = rustix::fs::fstat(&source).at_with(|| self.context("look at the host's"))?;
        if stat.st_rdev != self.number {
            let reason = format!("the host's {} is another device", self.path.display());
            return Err(Error::unsupported(self.field.as_str(), reason));
        }
        let target = place_for_mount(parent, name).at_with(|| self.context("make a place for"))?;
        attach(source.as_fd(), target.as_fd()).at_with(|| self.context("bind"))
    }
}

/// An existing or new file that a mount can be put on; never what a symlink points to.
pub(crate) fn place_for_mount(parent: BorrowedFd<'_>, name: &OsStr) -> Result<OwnedFd, Errno> {
    let make = OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    if !path::exists(parent, name)? {
        rustix::fs::openat(parent, name, make | OFlags::EXCL, Mode::from_raw_mode(0o644))?;
    }
    let refer = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, refer, Mode::empty())
}
