//! Why a virtual disk cannot be used.

use std::path::{Path, PathBuf};

use compute::error::SystemCode;
use windows_sys::Win32::Foundation::ERROR_SUCCESS;

use crate::dll::DllError;
use crate::wide::NulError;

/// Why a virtual disk cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DiskError {
    /// A path has a NUL inside.
    #[error("failed to {operation} virtual disk {}: a path is none", .disk.display())]
    Path {
        /// What was tried.
        operation: &'static str,
        /// The disk's file.
        disk: PathBuf,
        /// Why.
        #[source]
        source: NulError,
    },
    /// This Windows has no virtual disks.
    #[error("failed to {operation} virtual disk {}", .disk.display())]
    Missing {
        /// What was tried.
        operation: &'static str,
        /// The disk's file.
        disk: PathBuf,
        /// Why.
        #[source]
        source: DllError,
    },
    /// The system refuses.
    #[error("failed to {operation} virtual disk {}", .disk.display())]
    Refused {
        /// What was tried.
        operation: &'static str,
        /// The disk's file.
        disk: PathBuf,
        /// Why.
        #[source]
        code: SystemCode,
    },
}

/// What is tried with a disk, for errors.
#[derive(Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) operation: &'static str,
    pub(super) disk: &'a Path,
}

impl Attempt<'_> {
    /// The code that a function gave.
    pub(super) fn code(self, called: Result<u32, DllError>) -> Result<u32, DiskError> {
        let Self { operation, disk } = self;
        called.map_err(|source| DiskError::Missing { operation, disk: disk.into(), source })
    }

    /// What a code means.
    pub(super) fn done(self, called: Result<u32, DllError>) -> Result<(), DiskError> {
        match self.code(called)? {
            ERROR_SUCCESS => Ok(()),
            code => Err(self.refused(code)),
        }
    }

    pub(super) fn refused(self, code: u32) -> DiskError {
        let Self { operation, disk } = self;
        DiskError::Refused { operation, disk: disk.into(), code: SystemCode(code) }
    }

    pub(super) fn no_path(self, source: NulError) -> DiskError {
        let Self { operation, disk } = self;
        DiskError::Path { operation, disk: disk.into(), source }
    }
}
