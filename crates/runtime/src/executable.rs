//! A program's own file, kept from what it runs.

use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;

use crate::error::{At, Error};
use crate::mount_options::attr;
use crate::mounts::clone_tree;
use crate::sys::{self, MountAttr};

/// Refers to the calling program's file through a read-only mount of its own.
///
/// A container may execute `/proc/self/exe` and so get hold of the file of the program that enters
/// it, to write to it later (CVE-2019-5736). A program that makes containers is therefore best
/// started from this descriptor, as `/proc/self/fd/N`: what the container gets is read-only
/// whatever its rights, and no copy costs memory.
///
/// # Errors
///
/// Without privileges the kernel refuses; the file of another user is safe then all the same.
pub fn read_only_executable() -> Result<OwnedFd, Error> {
    let mount = clone_tree(Path::new("/proc/self/exe"), false).at("/proc/self/exe", "open")?;
    let change = MountAttr { set: attr::RDONLY, ..MountAttr::default() };
    sys::mount_setattr(mount.as_fd(), false, &change).at("/proc/self/exe", "make read-only")?;
    Ok(mount)
}
