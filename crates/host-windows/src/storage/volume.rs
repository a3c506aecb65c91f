//! The volume in a scratch's disk, which grows into a disk that has grown.

use std::fs::{File, OpenOptions};
use std::os::windows::io::AsRawHandle;
use std::path::{Path, PathBuf};

use compute::error::SystemCode;
use windows_sys::Win32::Foundation::{ERROR_INVALID_DATA, GetLastError};
use windows_sys::Win32::Storage::FileSystem::GetDiskFreeSpaceExW;
use windows_sys::Win32::System::IO::DeviceIoControl;
use windows_sys::Win32::System::Ioctl::{FSCTL_EXTEND_VOLUME, IOCTL_DISK_GET_LENGTH_INFO};

use super::call::Outcome;
use super::legacy;
use crate::virtdisk::{Access, Attach, VirtualDisk};
use crate::wide::Wide;

/// The disk in a scratch's folder.
const DISK: &str = "sandbox.vhdx";

/// NTFS's cluster, and what the volume is measured in when it grows, in bytes.
const CLUSTER: u64 = 4096;
const SECTOR: u64 = 512;

/// A volume did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[error("failed to {operation} {}", .volume.display())]
struct VolumeError {
    operation: &'static str,
    volume: PathBuf,
    #[source]
    code: SystemCode,
}

/// Grows the volume of the scratch in `folder`, whose path is also `layer`, into
/// its whole partition. The disk is attached meanwhile.
pub(super) fn grow(folder: &Path, layer: &Wide) -> Outcome<()> {
    let disk = VirtualDisk::open(&folder.join(DISK), Access::Full)?;
    disk.attach(Attach { bypass_encryption_policy: true, ..Attach::default() })?;
    let volume = Volume::open(&legacy::mount_path(layer)?)?;
    if let Some(sectors) = growth(volume.partition()?, volume.size()?) {
        volume.extend(sectors)?;
    }
    Ok(())
}

/// How many sectors a volume has when it fills the partition; `None` where it
/// does already, as one that cannot grow refuses to. The file system keeps one
/// cluster for itself.
fn growth(partition: u64, volume: u64) -> Option<u64> {
    let clusters = partition / CLUSTER;
    let has_room = volume / CLUSTER + 1 < clusters;
    has_room.then_some(clusters * (CLUSTER / SECTOR))
}

struct Volume {
    file: File,
    path: PathBuf,
    /// The path of its root folder.
    root: Wide,
}

impl Volume {
    /// Opens a volume, whose path may end with a backslash or not.
    fn open(mounted: &Path) -> Outcome<Self> {
        let text = mounted.to_string_lossy();
        let path = PathBuf::from(text.trim_end_matches('\\'));
        let root = Wide::new(format!(r"{}\", path.display()))?;
        match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) => Ok(Self { file, path, root }),
            Err(error) => {
                let code = error.raw_os_error().map_or(ERROR_INVALID_DATA, i32::cast_unsigned);
                let code = SystemCode(code);
                Err(VolumeError { operation: "open volume", volume: path, code }.into())
            }
        }
    }

    /// The bytes of its partition.
    fn partition(&self) -> Result<u64, VolumeError> {
        let (mut length, mut given) = (0u64, 0);
        // SAFETY: the volume is open, and the answer fits into the number.
        let done = unsafe {
            DeviceIoControl(
                self.file.as_raw_handle(),
                IOCTL_DISK_GET_LENGTH_INFO,
                std::ptr::null(),
                0,
                (&raw mut length).cast(),
                8,
                &raw mut given,
                std::ptr::null_mut(),
            )
        };
        self.check(done, "ask for the partition of volume").map(|()| length)
    }

    /// The bytes that its file system has.
    fn size(&self) -> Result<u64, VolumeError> {
        let mut size = 0;
        // SAFETY: the path ends with a NUL, the size is ours.
        let done = unsafe {
            GetDiskFreeSpaceExW(
                self.root.as_ptr(),
                std::ptr::null_mut(),
                &raw mut size,
                std::ptr::null_mut(),
            )
        };
        self.check(done, "ask for the size of volume").map(|()| size)
    }

    fn extend(&self, sectors: u64) -> Result<(), VolumeError> {
        let mut given = 0;
        // SAFETY: the volume is open, and the request is a number.
        let done = unsafe {
            DeviceIoControl(
                self.file.as_raw_handle(),
                FSCTL_EXTEND_VOLUME,
                (&raw const sectors).cast(),
                8,
                std::ptr::null_mut(),
                0,
                &raw mut given,
                std::ptr::null_mut(),
            )
        };
        self.check(done, "extend volume")
    }

    fn check(&self, done: i32, operation: &'static str) -> Result<(), VolumeError> {
        if done != 0 {
            return Ok(());
        }
        // SAFETY: no arguments.
        let code = SystemCode(unsafe { GetLastError() });
        Err(VolumeError { operation, volume: self.path.clone(), code })
    }
}

#[cfg(test)]
mod tests {
    use compute::error::{Cause, find};

    use super::*;

    #[test]
    fn a_volume_grows_where_there_is_room() {
        const GIB: u64 = 1 << 30;
        assert_eq!(growth(20 * GIB, 10 * GIB), Some(20 * GIB / SECTOR));
        // What is no whole cluster is left over.
        assert_eq!(growth(20 * GIB + 4095, 10 * GIB), Some(20 * GIB / SECTOR));
        assert_eq!(growth(20 * GIB, 20 * GIB), None);
        assert_eq!(growth(20 * GIB, 20 * GIB - CLUSTER), None);
        assert_eq!(growth(20 * GIB, 20 * GIB - 2 * CLUSTER), Some(20 * GIB / SECTOR));
        assert_eq!(growth(0, 20 * GIB), None);
    }

    #[test]
    fn a_size_is_that_of_the_folder_s_volume() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let volume = Volume {
            file: File::create(&file).unwrap(),
            root: Wide::new(folder.path()).unwrap(),
            path: file.clone(),
        };
        assert!(volume.size().unwrap() > 0);
        // A file is no volume: its partition is not known.
        let error = volume.partition().unwrap_err();
        let named = format!("failed to ask for the partition of volume {}", file.display());
        assert_eq!(error.to_string(), named);
        assert!(error.code.0 != 0 && volume.extend(1).is_err());
    }

    #[test]
    fn a_volume_that_is_missing_is_named() {
        let error = Volume::open(Path::new(r"Q:\none\")).err().expect("an error");
        assert_eq!(error.to_string(), r"failed to open volume Q:\none");
        let Cause::Other(error) = error else { panic!("{error:?}") };
        assert!(find::<SystemCode>(error.as_ref()).is_some());
    }
}
