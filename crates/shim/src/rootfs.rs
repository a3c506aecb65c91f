//! The root filesystem of a Linux container, as containerd's snapshotter hands it
//! over: mounts that the shim has to make.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod options;

use std::io;
use std::path::Path;

use shim_protos::types::mount::Mount;

/// Mounts of a root filesystem. They stay until they are undone, also when the
/// shim is killed: `delete` undoes them then.
#[derive(Debug)]
pub(crate) struct Rootfs {
    #[cfg(target_os = "linux")]
    root: std::path::PathBuf,
}

/// A mount of a root filesystem could not be made.
#[derive(Debug, thiserror::Error)]
#[error("mounting {source_} ({kind}) at {target}: {error}")]
pub(crate) struct MountError {
    source_: String,
    kind: String,
    target: String,
    error: io::Error,
}

impl MountError {
    fn new(mount: &Mount, target: &Path, error: io::Error) -> Self {
        Self {
            source_: mount.source.clone(),
            kind: mount.type_.clone(),
            target: target.display().to_string(),
            error,
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Rootfs {
    /// This host mounts nothing.
    ///
    /// # Errors
    /// There is something to mount.
    pub(crate) fn mount(mounts: &[Mount], root: &Path) -> Result<Option<Self>, MountError> {
        match mounts.first() {
            None => Ok(None),
            Some(mount) => Err(MountError::new(
                mount,
                root,
                io::Error::new(io::ErrorKind::Unsupported, "this host has no such mounts"),
            )),
        }
    }

    pub(crate) fn unmount(&self) {}
}
