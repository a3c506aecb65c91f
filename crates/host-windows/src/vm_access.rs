//! Giving virtual machines access to files of the host.
//!
//! A file that a virtual machine uses, a disk for instance, is opened by its
//! worker process, which has an account of its own and so no access to begin with.
//! All calls block.

mod acl;

use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::ops::BitOr;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use compute::error::{Cause, SystemCode};
use hcs_schema::HResult;
use windows_sys::Win32::Foundation::{
    ERROR_INVALID_PARAMETER, GENERIC_ALL, GENERIC_EXECUTE, GENERIC_READ, GENERIC_WRITE,
};
use windows_sys::Win32::Storage::FileSystem::{
    FILE_FLAG_BACKUP_SEMANTICS, FILE_SHARE_READ, FILE_SHARE_WRITE, READ_CONTROL, WRITE_DAC,
};
use windows_sys::core::HRESULT;

use crate::dll::imports;
use crate::vmcompute::raw::VMCOMPUTE;
use crate::wide::Wide;

imports! { VMCOMPUTE {
    fn GrantVmAccess(vm: *const u16, file: *const u16) -> HRESULT;
} }

/// Gives one virtual machine, by its id, access to a file.
pub(crate) fn grant(vm: &str, file: &Path) -> Result<(), Cause> {
    let (vm, file) = (Wide::new(vm)?, Wide::new(file)?);
    // SAFETY: the texts end with a NUL.
    let hresult = HResult(unsafe { GrantVmAccess(vm.as_ptr(), file.as_ptr()) }?);
    if hresult.is_failure() { Err(SystemCode::from(hresult).into()) } else { Ok(()) }
}

/// What virtual machines may do with a file: one or more of the generic rights.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Rights(u32);

/// A mask has no generic right, or others too; the text is the reference's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid access mask: {0:#010x}")]
pub struct InvalidRights(
    /// The mask.
    pub u32,
);

impl Rights {
    /// Read it.
    pub const READ: Self = Self(GENERIC_READ);
    /// Write to it.
    pub const WRITE: Self = Self(GENERIC_WRITE);
    /// Execute it.
    pub const EXECUTE: Self = Self(GENERIC_EXECUTE);
    /// All, also remove it and say who may do what with it.
    pub const ALL: Self = Self(GENERIC_ALL);

    /// Those of an access mask.
    ///
    /// # Errors
    /// It has none of the rights above, or others.
    pub fn from_mask(mask: u32) -> Result<Self, InvalidRights> {
        const GENERIC: u32 = GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL;
        if mask == 0 || mask & !GENERIC != 0 { Err(InvalidRights(mask)) } else { Ok(Self(mask)) }
    }

    /// The access mask.
    pub fn mask(self) -> u32 {
        self.0
    }
}

impl BitOr for Rights {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rights({:#x})", self.0)
    }
}

/// What granting access does, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Find out whether it is a folder.
    Stat,
    /// Open it.
    Open,
    /// Read who may do what with it.
    GetSecurity,
    /// Add the virtual machines to them.
    SetEntries,
    /// Write it back.
    SetSecurity,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stat => "find",
            Self::Open => "open",
            Self::GetSecurity => "read the security of",
            Self::SetEntries => "add an entry to the security of",
            Self::SetSecurity => "write the security of",
        })
    }
}

/// Virtual machines were not given access to a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("failed to give virtual machines access to {file}: cannot {step} it", file = .file.display())]
pub struct AccessError {
    /// What failed.
    pub step: Step,
    /// The file or folder.
    pub file: PathBuf,
    /// Why.
    #[source]
    pub code: SystemCode,
}

/// Gives all virtual machines of this host, now and later, rights to a file, or to
/// a folder and all that is and will be in it. It adds to what they have.
///
/// # Errors
/// There is no such file, or its access may not be changed.
pub fn grant_vm_group_access(file: &Path, rights: Rights) -> Result<(), AccessError> {
    let failed = |step| move |code| AccessError { step, file: file.to_owned(), code };
    let is_folder = file.metadata().map_err(code).map_err(failed(Step::Stat))?.is_dir();
    // Opened once, so that what is read and what is written is the same file's.
    let opened = OpenOptions::new()
        .access_mode(READ_CONTROL | WRITE_DAC)
        .share_mode(FILE_SHARE_READ | FILE_SHARE_WRITE)
        .custom_flags(if is_folder { FILE_FLAG_BACKUP_SEMANTICS } else { 0 })
        .open(file)
        .map_err(code)
        .map_err(failed(Step::Open))?;
    let old = acl::FileAcl::of(&opened).map_err(failed(Step::GetSecurity))?;
    let new = acl::with_vm_group(old.acl(), rights, is_folder).map_err(failed(Step::SetEntries))?;
    new.set(&opened).map_err(failed(Step::SetSecurity))
}

/// The system's code of an error of std, which has one unless it did not ask.
fn code(error: io::Error) -> SystemCode {
    SystemCode(error.raw_os_error().map_or(ERROR_INVALID_PARAMETER, i32::cast_unsigned))
}

#[cfg(test)]
mod tests;
