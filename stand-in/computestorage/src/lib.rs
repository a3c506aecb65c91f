//! A stand-in for computestorage.dll, for image layers that `hcs-gateway` does not
//! have: every call checks its arguments and says that it is not supported.
#![cfg(windows)]
// Its exports are linked by their names from C.
#![allow(unsafe_code)]

use hcs_schema::HResult;
use stand_in_support::{Failure, Out, Text, exports};
use windows_sys::Win32::Foundation::{HANDLE, INVALID_HANDLE_VALUE};

exports! {
    fn HcsImportLayer(layer: Text, source: Text, data: Text) -> HResult {
        unsupported(&[&layer, &source, &data])
    }

    fn HcsExportLayer(layer: Text, target: Text, data: Text, _options: Text) -> HResult {
        unsupported(&[&layer, &target, &data])
    }

    fn HcsExportLegacyWritableLayer(
        mount: Text,
        layer: Text,
        target: Text,
        data: Text,
    ) -> HResult {
        unsupported(&[&mount, &layer, &target, &data])
    }

    fn HcsDestroyLayer(layer: Text) -> HResult {
        unsupported(&[&layer])
    }

    /// The disk may be none: it is for virtual machines.
    fn HcsSetupBaseOSLayer(layer: Text, _disk: HANDLE, options: Text) -> HResult {
        unsupported(&[&layer, &options])
    }

    fn HcsSetupBaseOSVolume(layer: Text, volume: Text, options: Text) -> HResult {
        unsupported(&[&layer, &volume, &options])
    }

    fn HcsInitializeWritableLayer(layer: Text, data: Text, _options: Text) -> HResult {
        unsupported(&[&layer, &data])
    }

    fn HcsInitializeLegacyWritableLayer(
        mount: Text,
        layer: Text,
        data: Text,
        _options: Text,
    ) -> HResult {
        unsupported(&[&mount, &layer, &data])
    }

    fn HcsAttachLayerStorageFilter(layer: Text, data: Text) -> HResult {
        unsupported(&[&layer, &data])
    }

    fn HcsDetachLayerStorageFilter(layer: Text) -> HResult {
        unsupported(&[&layer])
    }

    fn HcsAttachOverlayFilter(volume: Text, data: Text) -> HResult {
        unsupported(&[&volume, &data])
    }

    fn HcsDetachOverlayFilter(volume: Text, data: Text) -> HResult {
        unsupported(&[&volume, &data])
    }

    fn HcsFormatWritableLayerVhd(disk: HANDLE) -> HResult {
        of_disk(disk)
    }

    fn HcsGetLayerVhdMountPath(disk: HANDLE, path: Out<*mut u16>) -> HResult {
        path.required()?;
        path.set(std::ptr::null_mut());
        of_disk(disk)
    }
}

fn unsupported(arguments: &[&Text]) -> Result<(), HResult> {
    for argument in arguments {
        argument.required()?;
    }
    Err(Failure::unsupported("an image layer").code)
}

fn of_disk(disk: HANDLE) -> Result<(), HResult> {
    if disk.is_null() || disk == INVALID_HANDLE_VALUE {
        return Err(HResult::E_HANDLE);
    }
    unsupported(&[])
}
