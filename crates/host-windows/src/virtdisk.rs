//! Virtual disks: the files of VHD and VHDX format, through virtdisk.dll.
//!
//! The extension of a file says its format. All calls block.

mod error;
mod information;
mod raw;

use std::ffi::OsString;
use std::os::windows::ffi::OsStringExt;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use windows_sys::Win32::Foundation::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_DATA, ERROR_SUCCESS, HANDLE,
};
use windows_sys::Win32::Storage::Vhd::{
    ATTACH_VIRTUAL_DISK_FLAG, ATTACH_VIRTUAL_DISK_FLAG_BYPASS_DEFAULT_ENCRYPTION_POLICY,
    ATTACH_VIRTUAL_DISK_FLAG_NONE, ATTACH_VIRTUAL_DISK_FLAG_PERMANENT_LIFETIME,
    ATTACH_VIRTUAL_DISK_FLAG_READ_ONLY, ATTACH_VIRTUAL_DISK_PARAMETERS,
    ATTACH_VIRTUAL_DISK_VERSION_1, CREATE_VIRTUAL_DISK_FLAG_FULL_PHYSICAL_ALLOCATION,
    CREATE_VIRTUAL_DISK_FLAG_NONE, CREATE_VIRTUAL_DISK_PARAMETERS,
    CREATE_VIRTUAL_DISK_PARAMETERS_0, CREATE_VIRTUAL_DISK_PARAMETERS_0_1,
    CREATE_VIRTUAL_DISK_VERSION_2, DETACH_VIRTUAL_DISK_FLAG_NONE, EXPAND_VIRTUAL_DISK_FLAG_NONE,
    EXPAND_VIRTUAL_DISK_PARAMETERS, EXPAND_VIRTUAL_DISK_PARAMETERS_0,
    EXPAND_VIRTUAL_DISK_PARAMETERS_0_0, EXPAND_VIRTUAL_DISK_VERSION_1,
    GET_VIRTUAL_DISK_INFO_PROVIDER_SUBTYPE, GET_VIRTUAL_DISK_INFO_SIZE,
    OPEN_VIRTUAL_DISK_FLAG_CACHED_IO, OPEN_VIRTUAL_DISK_FLAG_IGNORE_RELATIVE_PARENT_LOCATOR,
    OPEN_VIRTUAL_DISK_PARAMETERS, OPEN_VIRTUAL_DISK_PARAMETERS_0, OPEN_VIRTUAL_DISK_PARAMETERS_0_1,
    OPEN_VIRTUAL_DISK_VERSION_2, RESIZE_VIRTUAL_DISK_FLAG_NONE, RESIZE_VIRTUAL_DISK_PARAMETERS,
    RESIZE_VIRTUAL_DISK_PARAMETERS_0, RESIZE_VIRTUAL_DISK_PARAMETERS_0_0,
    RESIZE_VIRTUAL_DISK_VERSION_1, VIRTUAL_DISK_ACCESS_NONE, VIRTUAL_STORAGE_TYPE,
};

pub use self::error::DiskError;
pub use self::information::Parent;

use self::error::Attempt;
use crate::wide::Wide;

/// The system finds the format out.
static ANY_FORMAT: VIRTUAL_STORAGE_TYPE =
    VIRTUAL_STORAGE_TYPE { DeviceId: 0, VendorId: windows_sys::core::GUID::from_u128(0) };

/// The only access that handles of the second version know.
const ACCESS: i32 = VIRTUAL_DISK_ACCESS_NONE;

/// The provider's subtype of a differencing disk, as `GET_VIRTUAL_DISK_INFO` has it.
const DIFFERENCING: u32 = 4;

/// What a new disk has in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents<'a> {
    /// Zeros, and a file that grows as they are written over; the size in bytes.
    Dynamic(u64),
    /// Zeros, and a file of the whole size from the first; the size in bytes.
    Fixed(u64),
    /// What another disk has, which stays as it is.
    Differencing(&'a Path),
}

/// What may be done with a disk that is opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Access {
    /// All.
    #[default]
    Full,
    /// All that changes nothing.
    ReadOnly,
    /// Ask about it, also while others use it.
    Information,
}

/// How a disk is attached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attach {
    /// Nobody can write to it.
    pub read_only: bool,
    /// It stays so when the handle is closed, until it is detached.
    pub permanent: bool,
    /// A policy that all fixed disks be encrypted is not for this one.
    pub bypass_encryption_policy: bool,
}

impl Attach {
    fn flags(self) -> ATTACH_VIRTUAL_DISK_FLAG {
        let flags = [
            (self.read_only, ATTACH_VIRTUAL_DISK_FLAG_READ_ONLY),
            (self.permanent, ATTACH_VIRTUAL_DISK_FLAG_PERMANENT_LIFETIME),
            (
                self.bypass_encryption_policy,
                ATTACH_VIRTUAL_DISK_FLAG_BYPASS_DEFAULT_ENCRYPTION_POLICY,
            ),
        ];
        let flags = flags.iter().filter(|(is_set, _)| *is_set);
        flags.fold(ATTACH_VIRTUAL_DISK_FLAG_NONE, |all, (_, flag)| all | flag)
    }
}

/// The sizes of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// That its user sees, in bytes.
    pub virtual_size: u64,
    /// That its file has, in bytes.
    pub physical_size: u64,
    /// By which the file grows, in bytes.
    pub block: u32,
    /// In bytes.
    pub sector: u32,
}

/// A virtual disk, open. When it is dropped the handle is closed, which detaches
/// a disk that was not attached for good.
#[derive(Debug, Clone)]
pub struct VirtualDisk {
    handle: Arc<OwnedHandle>,
    path: PathBuf,
}

impl VirtualDisk {
    /// Makes a file with a disk; blocks of 0 bytes have the size that is usual.
    ///
    /// # Errors
    /// There is a file already, or another reason of the system's.
    pub fn create(path: &Path, contents: Contents<'_>, block: u32) -> Result<Self, DiskError> {
        let attempt = Attempt { operation: "create", disk: path };
        let name = Wide::new(path).map_err(|nul| attempt.no_path(nul))?;
        let mut version2 = CREATE_VIRTUAL_DISK_PARAMETERS_0_1 {
            BlockSizeInBytes: block,
            ..CREATE_VIRTUAL_DISK_PARAMETERS_0_1::default()
        };
        let (mut flags, mut parent_name) = (CREATE_VIRTUAL_DISK_FLAG_NONE, None);
        match contents {
            Contents::Dynamic(size) => version2.MaximumSize = size,
            Contents::Fixed(size) => {
                version2.MaximumSize = size;
                flags = CREATE_VIRTUAL_DISK_FLAG_FULL_PHYSICAL_ALLOCATION;
            }
            Contents::Differencing(parent) => {
                let parent = Wide::new(parent).map_err(|nul| attempt.no_path(nul))?;
                version2.ParentPath = parent_name.insert(parent).as_ptr();
                version2.OpenFlags = OPEN_VIRTUAL_DISK_FLAG_CACHED_IO;
            }
        }
        let parameters = CREATE_VIRTUAL_DISK_PARAMETERS {
            Version: CREATE_VIRTUAL_DISK_VERSION_2,
            Anonymous: CREATE_VIRTUAL_DISK_PARAMETERS_0 { Version2: version2 },
        };
        let mut handle = std::ptr::null_mut();
        // SAFETY: the paths end with a NUL and outlive the call, the parameters are
        // those that their version says, and the handle is ours.
        let called = unsafe {
            raw::CreateVirtualDisk(
                &raw const ANY_FORMAT,
                name.as_ptr(),
                ACCESS,
                std::ptr::null_mut(),
                flags,
                0,
                &raw const parameters,
                std::ptr::null(),
                &raw mut handle,
            )
        };
        attempt.done(called)?;
        // SAFETY: the call has just opened it for us.
        Ok(unsafe { Self::own(handle, path) })
    }

    /// Opens a disk. A parent is looked for where the disk says, not beside it.
    ///
    /// # Errors
    /// There is no such file or no disk in it, or another reason of the system's.
    pub fn open(path: &Path, access: Access) -> Result<Self, DiskError> {
        let attempt = Attempt { operation: "open", disk: path };
        let name = Wide::new(path).map_err(|nul| attempt.no_path(nul))?;
        let parameters = OPEN_VIRTUAL_DISK_PARAMETERS {
            Version: OPEN_VIRTUAL_DISK_VERSION_2,
            Anonymous: OPEN_VIRTUAL_DISK_PARAMETERS_0 {
                Version2: OPEN_VIRTUAL_DISK_PARAMETERS_0_1 {
                    GetInfoOnly: (access == Access::Information).into(),
                    ReadOnly: (access == Access::ReadOnly).into(),
                    ..OPEN_VIRTUAL_DISK_PARAMETERS_0_1::default()
                },
            },
        };
        let mut handle = std::ptr::null_mut();
        // SAFETY: the path ends with a NUL, the parameters are those that their
        // version says, and the handle is ours.
        let called = unsafe {
            raw::OpenVirtualDisk(
                &raw const ANY_FORMAT,
                name.as_ptr(),
                ACCESS,
                OPEN_VIRTUAL_DISK_FLAG_CACHED_IO
                    | OPEN_VIRTUAL_DISK_FLAG_IGNORE_RELATIVE_PARENT_LOCATOR,
                &raw const parameters,
                &raw mut handle,
            )
        };
        attempt.done(called)?;
        // SAFETY: the call has just opened it for us.
        Ok(unsafe { Self::own(handle, path) })
    }

    /// Makes it a disk of this machine.
    ///
    /// # Errors
    /// It is attached already, or another reason of the system's.
    pub fn attach(&self, how: Attach) -> Result<(), DiskError> {
        // Windows Server 2019 knows no other version; the later one is for parts.
        let parameters = ATTACH_VIRTUAL_DISK_PARAMETERS {
            Version: ATTACH_VIRTUAL_DISK_VERSION_1,
            ..ATTACH_VIRTUAL_DISK_PARAMETERS::default()
        };
        // SAFETY: the disk is open, the parameters are those that their version says.
        self.attempt("attach").done(unsafe {
            raw::AttachVirtualDisk(
                self.raw(),
                std::ptr::null_mut(),
                how.flags(),
                0,
                &raw const parameters,
                std::ptr::null(),
            )
        })
    }

    /// Takes it from this machine, whoever attached it.
    ///
    /// # Errors
    /// It is not attached, or another reason of the system's.
    pub fn detach(&self) -> Result<(), DiskError> {
        // SAFETY: the disk is open.
        self.attempt("detach")
            .done(unsafe { raw::DetachVirtualDisk(self.raw(), DETACH_VIRTUAL_DISK_FLAG_NONE, 0) })
    }

    /// The device that it is while it is attached, such as `\\.\PhysicalDrive3`.
    ///
    /// # Errors
    /// It is not attached, or another reason of the system's.
    pub fn physical_path(&self) -> Result<PathBuf, DiskError> {
        /// The units of the longest path.
        const MOST: usize = 0x8000;
        let attempt = self.attempt("find the device of");
        let mut units = vec![0u16; 64];
        loop {
            let mut size = u32::try_from(size_of_val(units.as_slice())).unwrap_or(u32::MAX);
            // SAFETY: the disk is open; the path is ours and has as many bytes as it says.
            let called = unsafe {
                raw::GetVirtualDiskPhysicalPath(self.raw(), &raw mut size, units.as_mut_ptr())
            };
            match attempt.code(called)? {
                ERROR_SUCCESS => break,
                ERROR_INSUFFICIENT_BUFFER if units.len() < MOST => {
                    let wanted = usize::try_from(size).unwrap_or(usize::MAX).div_ceil(2);
                    units.resize(wanted.max(units.len() * 2).min(MOST), 0);
                }
                ERROR_INSUFFICIENT_BUFFER => return Err(attempt.refused(ERROR_INVALID_DATA)),
                code => return Err(attempt.refused(code)),
            }
        }
        let end = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
        Ok(OsString::from_wide(&units[..end]).into())
    }

    /// Its sizes.
    ///
    /// # Errors
    /// Those of the system.
    pub fn sizes(&self) -> Result<Sizes, DiskError> {
        let attempt = self.attempt("ask for the size of");
        let information = information::fixed(self.raw(), GET_VIRTUAL_DISK_INFO_SIZE, attempt)?;
        // SAFETY: this is what was asked for.
        let sizes = unsafe { information.Size };
        Ok(Sizes {
            virtual_size: sizes.VirtualSize,
            physical_size: sizes.PhysicalSize,
            block: sizes.BlockSize,
            sector: sizes.SectorSize,
        })
    }

    /// Its parent; `None` where it is not a differencing disk.
    ///
    /// # Errors
    /// Those of the system.
    pub fn parent(&self) -> Result<Option<Parent>, DiskError> {
        let attempt = self.attempt("ask for the parent of");
        let subtype = GET_VIRTUAL_DISK_INFO_PROVIDER_SUBTYPE;
        let information = information::fixed(self.raw(), subtype, attempt)?;
        // SAFETY: this is what was asked for.
        if unsafe { information.ProviderSubtype } != DIFFERENCING {
            return Ok(None);
        }
        information::parent(self.raw(), attempt).map(Some)
    }

    /// Makes it larger, to a size in bytes; it must not be attached.
    ///
    /// # Errors
    /// It is larger already, or another reason of the system's.
    pub fn expand(&self, size: u64) -> Result<(), DiskError> {
        let parameters = EXPAND_VIRTUAL_DISK_PARAMETERS {
            Version: EXPAND_VIRTUAL_DISK_VERSION_1,
            Anonymous: EXPAND_VIRTUAL_DISK_PARAMETERS_0 {
                Version1: EXPAND_VIRTUAL_DISK_PARAMETERS_0_0 { NewSize: size },
            },
        };
        // SAFETY: the disk is open, the parameters are those that their version says.
        self.attempt("expand").done(unsafe {
            raw::ExpandVirtualDisk(
                self.raw(),
                EXPAND_VIRTUAL_DISK_FLAG_NONE,
                &raw const parameters,
                std::ptr::null(),
            )
        })
    }

    /// Gives a VHDX another size in bytes, also while it is attached. Only what no
    /// partition has is cut off.
    ///
    /// # Errors
    /// It is a VHD, a partition is in the way, or another reason of the system's.
    pub fn resize(&self, size: u64) -> Result<(), DiskError> {
        let parameters = RESIZE_VIRTUAL_DISK_PARAMETERS {
            Version: RESIZE_VIRTUAL_DISK_VERSION_1,
            Anonymous: RESIZE_VIRTUAL_DISK_PARAMETERS_0 {
                Version1: RESIZE_VIRTUAL_DISK_PARAMETERS_0_0 { NewSize: size },
            },
        };
        // SAFETY: the disk is open, the parameters are those that their version says.
        self.attempt("resize").done(unsafe {
            raw::ResizeVirtualDisk(
                self.raw(),
                RESIZE_VIRTUAL_DISK_FLAG_NONE,
                &raw const parameters,
                std::ptr::null(),
            )
        })
    }

    /// The file that the disk is in.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its handle, for calls about it: those of
    /// [`WindowsLayers`](crate::WindowsLayers), for instance.
    pub fn handle(&self) -> &Arc<OwnedHandle> {
        &self.handle
    }

    /// # Safety
    /// The handle is open, and nobody else closes it.
    unsafe fn own(handle: HANDLE, path: &Path) -> Self {
        // SAFETY: as the caller says.
        let handle = Arc::new(unsafe { OwnedHandle::from_raw_handle(handle) });
        Self { handle, path: path.to_owned() }
    }

    fn raw(&self) -> HANDLE {
        self.handle.as_raw_handle()
    }

    fn attempt(&self, operation: &'static str) -> Attempt<'_> {
        Attempt { operation, disk: &self.path }
    }
}

#[cfg(test)]
mod tests;
