//! New mounts of file systems, by the kernel's mount calls of Linux 5.2.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::io::Errno;
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen,
};

use crate::error::Error;
use crate::mount_options::{Attributes, attr};

/// A file system to be mounted.
pub(crate) struct Parameters<'a> {
    pub(crate) field: &'a str,
    pub(crate) typ: &'a str,
    pub(crate) source: Option<&'a Path>,
    /// Options of the file system, `key` or `key=value`.
    pub(crate) data: &'a [&'a str],
    /// `linux.mountLabel`.
    pub(crate) label: Option<&'a str>,
    pub(crate) attributes: Attributes,
}

/// The file systems without a device behind them, which need no read-only superblock.
const VIRTUAL: [&str; 8] =
    ["proc", "sysfs", "tmpfs", "mqueue", "devpts", "cgroup", "cgroup2", "overlay"];

/// Those that have no labels of their own files.
const UNLABELLED: [&str; 5] = ["proc", "sysfs", "mqueue", "cgroup", "cgroup2"];

/// Makes a detached mount.
pub(crate) fn make(parameters: &Parameters<'_>) -> Result<OwnedFd, Error> {
    let fail = |context: Option<&OwnedFd>, what: &str, error: Errno| {
        let said = context.map(complaint).unwrap_or_default();
        let colon = if said.is_empty() { "" } else { ": " };
        let operation = format!("{what} file system {}{colon}{said}", parameters.typ);
        Error::kernel(parameters.field, operation, error)
    };
    let context = fsopen(parameters.typ, FsOpenFlags::FSOPEN_CLOEXEC).map_err(|error| {
        if error == Errno::NODEV {
            let reason = format!("this kernel knows no file system {}", parameters.typ);
            return Error::unsupported(format!("{}.type", parameters.field), reason);
        }
        fail(None, "open", error)
    })?;
    if let Some(source) = parameters.source {
        fsconfig_set_string(context.as_fd(), "source", source)
            .map_err(|error| fail(Some(&context), "set the source of", error))?;
    }
    let is_read_only = parameters.attributes.set & attr::RDONLY != 0;
    let read_only = (is_read_only && !VIRTUAL.contains(&parameters.typ)).then_some("ro");
    let label = parameters.label.filter(|_| !UNLABELLED.contains(&parameters.typ));
    let label = label.map(|label| format!("context={label}"));
    for option in parameters.data.iter().copied().chain(read_only).chain(label.as_deref()) {
        set(&context, option)
            .map_err(|error| fail(Some(&context), &format!("set {option:?} of"), error))?;
    }
    fsconfig_create(context.as_fd()).map_err(|error| fail(Some(&context), "create", error))?;
    let attributes = u32::try_from(parameters.attributes.set).unwrap_or_default();
    fsmount(
        context.as_fd(),
        FsMountFlags::FSMOUNT_CLOEXEC,
        MountAttrFlags::from_bits_retain(attributes),
    )
    .map_err(|error| fail(Some(&context), "mount", error))
}

fn set(context: &OwnedFd, option: &str) -> Result<(), Errno> {
    match option.split_once('=') {
        Some((key, value)) => fsconfig_set_string(context.as_fd(), key, value),
        None => fsconfig_set_flag(context.as_fd(), option),
    }
}

/// What the kernel says about its refusal; each line begins with its class and a blank.
pub(crate) fn complaint(context: &OwnedFd) -> String {
    let mut said = Vec::new();
    let mut line = [0; 256];
    while let Ok(length) = rustix::io::read(context, &mut line) {
        let text = String::from_utf8_lossy(&line[..length]);
        let text = text.trim_end();
        said.push(text.get(2..).unwrap_or(text).to_owned());
        if said.len() == 4 {
            break;
        }
    }
    said.join(", ")
}
