//! The functions of computestorage.dll about a virtual disk.

use std::os::windows::io::{AsRawHandle, OwnedHandle};
use std::path::PathBuf;

use compute::error::Named;

use super::call::{Outcome, Text, check};
use super::raw;
use crate::wide::CoTaskString;

/// Sets a base layer up; a container's has no disk.
pub(super) fn setup_base_os(layer: Text, disk: Option<&OwnedHandle>, options: Text) -> Outcome<()> {
    let (layer, options) = (layer?, options?);
    let disk = disk.map_or(std::ptr::null_mut(), |disk| disk.as_raw_handle());
    // SAFETY: the texts end with a NUL, the disk is open or none.
    check(unsafe { raw::HcsSetupBaseOSLayer(layer.as_ptr(), disk, options.as_ptr()) })
}

pub(super) fn format(disk: &OwnedHandle) -> Outcome<()> {
    // SAFETY: the disk is open.
    check(unsafe { raw::HcsFormatWritableLayerVhd(disk.as_raw_handle()) })
}

pub(super) fn mount_path(disk: &OwnedHandle) -> Outcome<PathBuf> {
    let mut path = CoTaskString::empty();
    // SAFETY: the disk is open, the path is ours.
    check(unsafe { raw::HcsGetLayerVhdMountPath(disk.as_raw_handle(), path.out()) })?;
    Ok(path.text().ok_or(Named::UnexpectedValue)?.into())
}
