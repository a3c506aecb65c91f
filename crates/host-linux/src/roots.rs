//! Where the host keeps its state.

use std::env;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// The folders of a host. Both are private to the user that owns them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roots {
    /// Records, locks and sockets of compute systems; gone with a reboot.
    pub state: PathBuf,
    /// Writable layers of systems whose document names none.
    pub scratch: PathBuf,
}

impl Roots {
    /// The folders that the environment names.
    ///
    /// `HCSSHIM_STATE_DIR`, else `/run/hcsshim` for root and
    /// `$XDG_RUNTIME_DIR/hcsshim` for others; `HCSSHIM_SCRATCH_DIR`, else
    /// `scratch` in a state folder that was named, else `/var/lib/hcsshim/scratch`
    /// for root and `$XDG_DATA_HOME/hcsshim/scratch` for others.
    pub fn from_env() -> Self {
        let folder = |name: &str| env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let root = rustix::process::geteuid().is_root();
        let named = folder("HCSSHIM_STATE_DIR");
        let state = named.clone().unwrap_or_else(|| {
            if root {
                return "/run/hcsshim".into();
            }
            folder("XDG_RUNTIME_DIR").map(|dir| dir.join("hcsshim")).unwrap_or_else(|| {
                env::temp_dir().join(format!("hcsshim-{}", rustix::process::geteuid().as_raw()))
            })
        });
        let scratch = folder("HCSSHIM_SCRATCH_DIR").unwrap_or_else(|| match named {
            Some(named) => named.join("scratch"),
            None if root => "/var/lib/hcsshim/scratch".into(),
            None => folder("XDG_DATA_HOME")
                .or_else(|| folder("HOME").map(|home| home.join(".local/share")))
                .map_or_else(|| state.join("scratch"), |data| data.join("hcsshim/scratch")),
        });
        Self { state, scratch }
    }

    /// Folders below one, for a test or a private host.
    pub fn below(folder: impl AsRef<Path>) -> Self {
        let folder = folder.as_ref();
        Self { state: folder.join("state"), scratch: folder.join("scratch") }
    }

    /// The folder with one folder for each system.
    pub(crate) fn systems(&self) -> PathBuf {
        self.state.join("systems")
    }

    /// Makes the state folders where they are missing.
    ///
    /// # Errors
    /// A folder that belongs to another user is refused: its owner could
    /// replace a system's socket.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        let systems = self.systems();
        if !systems.is_dir() {
            private_folder(&self.state)?;
            private_folder(&systems)?;
        }
        for folder in [&self.state, &systems] {
            let metadata = folder.symlink_metadata()?;
            let me = rustix::process::geteuid().as_raw();
            if !metadata.is_dir() || metadata.uid() != me || metadata.mode() & 0o022 != 0 {
                return Err(io::Error::new(
                    io::ErrorKind::PermissionDenied,
                    format!(
                        "{} must be a folder that only user {me} can write to",
                        folder.display()
                    ),
                ));
            }
        }
        Ok(())
    }
}

/// Makes a folder and its parents, closed to others.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_folders_are_private() {
        let temp = tempfile::tempdir().expect("temp");
        let roots = Roots::below(temp.path());
        roots.prepare().expect("prepare");
        roots.prepare().expect("prepare again");
        let mode = roots.systems().metadata().expect("systems").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_state_folder_that_others_can_write_to_is_refused() {
        let temp = tempfile::tempdir().expect("temp");
        let roots = Roots::below(temp.path());
        roots.prepare().expect("prepare");
        std::fs::set_permissions(&roots.state, PermissionsExt::from_mode(0o777)).expect("chmod");
        let error = roots.prepare().expect_err("open to all");
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }
}
