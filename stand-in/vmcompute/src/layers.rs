//! The functions for image layers and the files of virtual machines, which a
//! stand-in does not support.

use std::ffi::c_void;

use hcs_schema::HResult;
use stand_in_support::{Failure, Out, Text, exports};

exports! {
    fn ActivateLayer(_driver: *const c_void, id: Text) -> HResult {
        unsupported(&[&id])
    }

    fn CopyLayer(
        _driver: *const c_void,
        source: Text,
        target: Text,
        _parents: *const c_void,
        _count: u32,
    ) -> HResult {
        unsupported(&[&source, &target])
    }

    fn CreateLayer(_driver: *const c_void, id: Text, parent: Text) -> HResult {
        unsupported(&[&id, &parent])
    }

    fn CreateSandboxLayer(
        _driver: *const c_void,
        id: Text,
        _parent: *const c_void,
        _parents: *const c_void,
        _count: u32,
    ) -> HResult {
        unsupported(&[&id])
    }

    fn ExpandSandboxSize(_driver: *const c_void, id: Text, _size: u64) -> HResult {
        unsupported(&[&id])
    }

    fn DeactivateLayer(_driver: *const c_void, id: Text) -> HResult {
        unsupported(&[&id])
    }

    fn DestroyLayer(_driver: *const c_void, id: Text) -> HResult {
        unsupported(&[&id])
    }

    fn ExportLayer(
        _driver: *const c_void,
        id: Text,
        path: Text,
        _parents: *const c_void,
        _count: u32,
    ) -> HResult {
        unsupported(&[&id, &path])
    }

    fn GetLayerMountPath(
        _driver: *const c_void,
        id: Text,
        length: Out<usize>,
        _path: *mut u16,
    ) -> HResult {
        length.required()?;
        unsupported(&[&id])
    }

    fn GetBaseImages(images: Out<*mut u16>) -> HResult {
        images.required()?;
        images.set(std::ptr::null_mut());
        unsupported(&[])
    }

    fn ImportLayer(
        _driver: *const c_void,
        id: Text,
        path: Text,
        _parents: *const c_void,
        _count: u32,
    ) -> HResult {
        unsupported(&[&id, &path])
    }

    fn LayerExists(_driver: *const c_void, id: Text, exists: Out<u32>) -> HResult {
        exists.required()?;
        exists.set(0);
        unsupported(&[&id])
    }

    fn PrepareLayer(
        _driver: *const c_void,
        id: Text,
        _parents: *const c_void,
        _count: u32,
    ) -> HResult {
        unsupported(&[&id])
    }

    fn UnprepareLayer(_driver: *const c_void, id: Text) -> HResult {
        unsupported(&[&id])
    }

    fn ProcessBaseImage(path: Text) -> HResult {
        unsupported(&[&path])
    }

    fn ProcessUtilityImage(path: Text) -> HResult {
        unsupported(&[&path])
    }

    fn GrantVmAccess(vm: Text, file: Text) -> HResult {
        unsupported(&[&vm, &file])
    }
}

fn unsupported(arguments: &[&Text]) -> Result<(), HResult> {
    for argument in arguments {
        argument.required()?;
    }
    Err(Failure::unsupported("an image layer").code)
}
