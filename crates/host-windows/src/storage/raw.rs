//! The functions of computestorage.dll, and the layers' of vmcompute.dll. Every
//! text is UTF-16 with a NUL.

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::core::{BOOL, GUID, HRESULT};

use crate::dll::{DllError, Library, imports};
use crate::vmcompute::raw::VMCOMPUTE;

/// The DLL of the storage service.
pub(super) static COMPUTESTORAGE: Library = Library::new("computestorage.dll");

/// What a call gives, or that there is no such function.
pub(super) type Called = Result<HRESULT, DllError>;

/// The driver of layers.
#[repr(C)]
pub(super) struct DriverInfo {
    /// 1: the filter driver, the only one that there is.
    pub(super) flavour: u32,
    /// Its folder: empty, since each layer is given with its whole path.
    pub(super) home: *const u16,
}

/// A layer below another one: `WC_LAYER_DESCRIPTOR`.
#[repr(C)]
pub(super) struct LayerDescriptor {
    pub(super) id: GUID,
    /// The topmost bit: made from a scratch by a snapshot. The others are reserved.
    pub(super) flags: u32,
    pub(super) path: *const u16,
}

imports! { COMPUTESTORAGE {
    fn HcsImportLayer(layer: *const u16, source: *const u16, data: *const u16) -> HRESULT;
    fn HcsExportLayer(layer: *const u16, target: *const u16, data: *const u16, options: *const u16) -> HRESULT;
    fn HcsExportLegacyWritableLayer(mount: *const u16, layer: *const u16, target: *const u16, data: *const u16) -> HRESULT;
    fn HcsDestroyLayer(layer: *const u16) -> HRESULT;
    fn HcsSetupBaseOSLayer(layer: *const u16, disk: HANDLE, options: *const u16) -> HRESULT;
    fn HcsSetupBaseOSVolume(layer: *const u16, volume: *const u16, options: *const u16) -> HRESULT;
    fn HcsInitializeWritableLayer(layer: *const u16, data: *const u16, options: *const u16) -> HRESULT;
    fn HcsInitializeLegacyWritableLayer(mount: *const u16, layer: *const u16, data: *const u16, options: *const u16) -> HRESULT;
    fn HcsAttachLayerStorageFilter(layer: *const u16, data: *const u16) -> HRESULT;
    fn HcsDetachLayerStorageFilter(layer: *const u16) -> HRESULT;
    fn HcsAttachOverlayFilter(volume: *const u16, data: *const u16) -> HRESULT;
    fn HcsDetachOverlayFilter(volume: *const u16, data: *const u16) -> HRESULT;
    fn HcsFormatWritableLayerVhd(disk: HANDLE) -> HRESULT;
    fn HcsGetLayerVhdMountPath(disk: HANDLE, path: *mut *mut u16) -> HRESULT;
} }

imports! { VMCOMPUTE {
    fn ActivateLayer(driver: *const DriverInfo, layer: *const u16) -> HRESULT;
    fn DeactivateLayer(driver: *const DriverInfo, layer: *const u16) -> HRESULT;
    fn PrepareLayer(driver: *const DriverInfo, layer: *const u16, parents: *const LayerDescriptor, count: u32) -> HRESULT;
    fn UnprepareLayer(driver: *const DriverInfo, layer: *const u16) -> HRESULT;
    fn CreateLayer(driver: *const DriverInfo, layer: *const u16, parent: *const u16) -> HRESULT;
    fn CreateSandboxLayer(driver: *const DriverInfo, layer: *const u16, parent: *const u16, parents: *const LayerDescriptor, count: u32) -> HRESULT;
    fn ExpandSandboxSize(driver: *const DriverInfo, layer: *const u16, size: u64) -> HRESULT;
    fn DestroyLayer(driver: *const DriverInfo, layer: *const u16) -> HRESULT;
    fn ImportLayer(driver: *const DriverInfo, layer: *const u16, source: *const u16, parents: *const LayerDescriptor, count: u32) -> HRESULT;
    fn ExportLayer(driver: *const DriverInfo, layer: *const u16, target: *const u16, parents: *const LayerDescriptor, count: u32) -> HRESULT;
    fn LayerExists(driver: *const DriverInfo, layer: *const u16, exists: *mut BOOL) -> HRESULT;
    fn GetLayerMountPath(driver: *const DriverInfo, layer: *const u16, length: *mut usize, path: *mut u16) -> HRESULT;
    fn GetBaseImages(images: *mut *mut u16) -> HRESULT;
    fn ProcessBaseImage(layer: *const u16) -> HRESULT;
    fn ProcessUtilityImage(image: *const u16) -> HRESULT;
    fn NameToGuid(name: *const u16, id: *mut GUID) -> HRESULT;
} }

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    /// As a C compiler lays them out for 64 bits.
    #[test]
    fn structures_are_those_of_the_dll() {
        assert_eq!(offset_of!(LayerDescriptor, id), 0);
        assert_eq!(offset_of!(LayerDescriptor, flags), 16);
        assert_eq!(offset_of!(LayerDescriptor, path), 24);
        assert_eq!(size_of::<LayerDescriptor>(), 32);
        assert_eq!((offset_of!(DriverInfo, flavour), offset_of!(DriverInfo, home)), (0, 8));
        assert_eq!(size_of::<DriverInfo>(), 16);
    }
}
