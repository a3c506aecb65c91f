//! The layer functions of vmcompute.dll, as safe functions that block.

use std::ffi::OsString;
use std::os::windows::ffi::OsStringExt;
use std::path::PathBuf;

use compute::error::Named;

use super::call::{Outcome, check};
use super::parents::Parents;
use super::raw::{self, Called, DriverInfo, LayerDescriptor};
use crate::wide::{CoTaskString, Wide};

/// More units than any path of Windows has.
const LONGEST_PATH: usize = 0x1_0000;

/// The empty text.
static EMPTY: [u16; 1] = [0];

/// The driver that all calls name.
fn driver() -> DriverInfo {
    DriverInfo { flavour: 1, home: EMPTY.as_ptr() }
}

/// A function of a layer.
pub(super) type OfLayer = unsafe fn(*const DriverInfo, *const u16) -> Called;

pub(super) fn of_layer(function: OfLayer, layer: &Wide) -> Outcome<()> {
    // SAFETY: the driver lives as long as the call, the layer ends with a NUL.
    check(unsafe { function(&driver(), layer.as_ptr()) })
}

/// A function of a layer, a folder and the layer's parents.
pub(super) type OfFolder =
    unsafe fn(*const DriverInfo, *const u16, *const u16, *const LayerDescriptor, u32) -> Called;

pub(super) fn of_folder(
    function: OfFolder,
    layer: &Wide,
    folder: &Wide,
    parents: &Parents,
) -> Outcome<()> {
    // SAFETY: the driver lives as long as the call, the texts end with a NUL, and
    // there are as many parents as it says.
    check(unsafe {
        function(&driver(), layer.as_ptr(), folder.as_ptr(), parents.as_ptr(), parents.count())
    })
}

pub(super) fn create(layer: &Wide, parent: &Wide) -> Outcome<()> {
    // SAFETY: the driver lives as long as the call, the texts end with a NUL.
    check(unsafe { raw::CreateLayer(&driver(), layer.as_ptr(), parent.as_ptr()) })
}

/// The parent alone is not told: the parents tell it.
pub(super) fn create_scratch(layer: &Wide, parents: &Parents) -> Outcome<()> {
    // SAFETY: the driver lives as long as the call, the layer ends with a NUL, and
    // there are as many parents as it says.
    check(unsafe {
        raw::CreateSandboxLayer(
            &driver(),
            layer.as_ptr(),
            std::ptr::null(),
            parents.as_ptr(),
            parents.count(),
        )
    })
}

pub(super) fn expand_scratch(layer: &Wide, size: u64) -> Outcome<()> {
    // SAFETY: the driver lives as long as the call, the layer ends with a NUL.
    check(unsafe { raw::ExpandSandboxSize(&driver(), layer.as_ptr(), size) })
}

pub(super) fn prepare(layer: &Wide, parents: &Parents) -> Outcome<()> {
    // SAFETY: the driver lives as long as the call, the layer ends with a NUL, and
    // there are as many parents as it says.
    check(unsafe {
        raw::PrepareLayer(&driver(), layer.as_ptr(), parents.as_ptr(), parents.count())
    })
}

pub(super) fn exists(layer: &Wide) -> Outcome<bool> {
    let mut exists = 0;
    // SAFETY: the driver lives as long as the call, the layer ends with a NUL, and
    // the answer is ours.
    check(unsafe { raw::LayerExists(&driver(), layer.as_ptr(), &raw mut exists) })?;
    Ok(exists != 0)
}

/// Where the layer is mounted; empty where it is not.
pub(super) fn mount_path(layer: &Wide) -> Outcome<PathBuf> {
    let mut length = 0;
    // SAFETY: the driver lives as long as the call, the layer ends with a NUL, the
    // length is ours, and no path is asked for.
    check(unsafe {
        raw::GetLayerMountPath(&driver(), layer.as_ptr(), &raw mut length, std::ptr::null_mut())
    })?;
    if length == 0 {
        return Ok(PathBuf::new());
    }
    if length > LONGEST_PATH {
        return Err(Named::UnexpectedValue.into());
    }
    let mut units = vec![0; length];
    // SAFETY: as above, and the path has as many units as the length says.
    check(unsafe {
        raw::GetLayerMountPath(&driver(), layer.as_ptr(), &raw mut length, units.as_mut_ptr())
    })?;
    let end = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
    Ok(OsString::from_wide(&units[..end]).into())
}

/// The base images that all users share: JSON text.
pub(super) fn base_images() -> Outcome<String> {
    let mut images = CoTaskString::empty();
    // SAFETY: the text is ours.
    check(unsafe { raw::GetBaseImages(images.out()) })?;
    Ok(images.text().unwrap_or_default())
}
