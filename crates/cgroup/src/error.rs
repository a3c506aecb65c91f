//! What can go wrong, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// A failed operation on a control group.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The machine mounts no control group hierarchy that this crate can use.
    #[error("no control group hierarchy is mounted: mount cgroup2 on /sys/fs/cgroup")]
    NoHierarchy,
    /// The path of the group can't be used.
    #[error("control group path {path:?}: {why}")]
    Path {
        /// The path as it was given.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The user may not do this. See [`Error::is_permission`].
    #[error(
        "{operation} {}: {source}: run as root, or in a control group delegated to this user",
        path.display()
    )]
    Permission {
        /// What was tried.
        operation: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The group exists and holds processes.
    #[error(
        "control group {} is in use by {processes} process(es): choose another path or end them",
        path.display()
    )]
    InUse {
        /// The directory of the group.
        path: PathBuf,
        /// How many processes it holds.
        processes: usize,
    },
    /// A resource was asked for that this machine can't limit.
    #[error("{field}: {why}")]
    Unsupported {
        /// The field of the OCI document, such as `linux.resources.rdma`.
        field: String,
        /// What the machine lacks.
        why: String,
    },
    /// A resource has a value that no machine can honour.
    #[error("{field}: {value:?} {why}")]
    Invalid {
        /// The field of the OCI document.
        field: String,
        /// Its value.
        value: String,
        /// What a good value would be.
        why: &'static str,
    },
    /// The kernel refused the value of a resource.
    #[error("{field}: writing {value:?} to {}: {source}{}", path.display(), hint(source))]
    Limit {
        /// The field of the OCI document.
        field: String,
        /// The value that was written.
        value: String,
        /// The file it was written to.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// A group above holds processes itself, so that no controller can be
    /// handed down from it (version 2 has this rule).
    #[error(
        "{field}: control group {} holds processes itself and can't hand controllers down: \
         move its processes into a group of their own",
        path.display()
    )]
    InternalProcesses {
        /// The field of the OCI document that needs the controller.
        field: String,
        /// The group above.
        path: PathBuf,
    },
    /// The time limit passed.
    #[error("{operation} {}: not done in time", path.display())]
    Timeout {
        /// What was tried.
        operation: &'static str,
        /// The directory of the group.
        path: PathBuf,
    },
    /// Any other failure.
    #[error("{operation} {}: {source}", path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
}

impl Error {
    /// Whether the user lacks the right to make or change the group: a caller
    /// that was asked for no limit may go on without one.
    pub fn is_permission(&self) -> bool {
        matches!(self, Self::Permission { .. })
    }

    /// Whether the time limit passed.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }

    pub(crate) fn io(operation: &'static str, path: impl AsRef<Path>, source: io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        match denied(&source) {
            true => Self::Permission { operation, path, source },
            false => Self::Io { operation, path, source },
        }
    }

    pub(crate) fn unsupported(field: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Unsupported { field: field.into(), why: why.into() }
    }

    pub(crate) fn invalid(
        field: impl Into<String>,
        value: impl ToString,
        why: &'static str,
    ) -> Self {
        Self::Invalid { field: field.into(), value: value.to_string(), why }
    }
}

/// Whether the kernel denied it to this user. A read-only mount is how
/// containers deny it.
pub(crate) fn denied(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EACCES | libc::EPERM | libc::EROFS))
}

fn hint(source: &io::Error) -> &'static str {
    match source.raw_os_error() {
        Some(libc::EBUSY) => " (the processes use more than that, and it can't be reclaimed)",
        Some(libc::ENODEV) => " (there is no such device)",
        Some(libc::ERANGE | libc::EINVAL) => {
            " (the value is out of range, or disagrees with a limit of this group or one above)"
        }
        _ => "",
    }
}
