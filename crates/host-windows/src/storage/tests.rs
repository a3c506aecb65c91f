use std::fs::File;

use compute::error::{SystemCode, is_not_supported};
use windows_sys::Win32::Foundation::ERROR_NOT_SUPPORTED;

use super::*;
use crate::dll::Library;
use crate::vmcompute::raw::VMCOMPUTE;
use crate::wine;

const LAYER: &str = r"C:\layers\layer";

/// Whether an error tells what was tried, with which layer, and why: without the
/// DLL, that it is missing; else what a stand-in answers, which has no layers and
/// so says to whole arguments alone that it supports none.
fn check(operation: &str, library: &Library, outcome: Result<()>) {
    let error = outcome.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with(&format!("{operation} {LAYER}: ")), "{text}");
    check_cause(library, &error);
}

fn check_cause(library: &Library, error: &Error) {
    if let Err(missing) = library.load() {
        assert!(missing.to_string().contains(library.name()), "{missing}");
        assert!(error.to_string().contains(&missing.to_string()), "{error}");
    } else {
        assert_eq!(error.code(), Some(SystemCode(ERROR_NOT_SUPPORTED)), "{error:?}");
        assert!(is_not_supported(error), "{error:?}");
    }
}

/// A real service has answers of its own.
fn is_left_out(test: &str) -> bool {
    if !wine::is_here() {
        println!("left out: {test}: this is Windows, whose service is no stand-in");
    }
    !wine::is_here()
}

fn layer() -> &'static Path {
    Path::new(LAYER)
}

fn folder() -> &'static Path {
    Path::new(r"C:\folder")
}

#[tokio::test]
async fn calls_of_computestorage_arrive_and_tell_why_they_fail() {
    if is_left_out("calls_of_computestorage_arrive_and_tell_why_they_fail") {
        return;
    }
    let (layers, data, options) = (WindowsLayers, LayerData::default(), OsLayerOptions::default());
    let (layer, folder, export) = (layer(), folder(), ExportLayerOptions::default());
    let outcomes = [
        (operation::IMPORT_LAYER, layers.import_layer(layer, folder, &data).await),
        (operation::EXPORT_LAYER, layers.export_layer(layer, folder, &data, &export).await),
        (
            operation::EXPORT_LEGACY_WRITABLE_LAYER,
            layers.export_legacy_writable_layer(folder, layer, folder, &data).await,
        ),
        (operation::DESTROY_LAYER, layers.destroy_layer(layer).await),
        (operation::SETUP_BASE_OS, layers.setup_base_os_layer(layer, None, &options).await),
        (operation::SETUP_BASE_OS, layers.setup_base_os_volume(layer, folder, &options).await),
        (
            operation::INITIALIZE_WRITABLE_LAYER,
            layers.initialize_writable_layer(layer, &data).await,
        ),
        (
            operation::INITIALIZE_LEGACY_WRITABLE_LAYER,
            layers.initialize_legacy_writable_layer(folder, layer, &data).await,
        ),
        (
            operation::ATTACH_LAYER_STORAGE_FILTER,
            layers.attach_layer_storage_filter(layer, &data).await,
        ),
        (operation::DETACH_LAYER_STORAGE_FILTER, layers.detach_layer_storage_filter(layer).await),
        (operation::ATTACH_OVERLAY_FILTER, layers.attach_overlay_filter(layer, &data).await),
        (operation::DETACH_OVERLAY_FILTER, layers.detach_overlay_filter(layer, &data).await),
    ];
    for (operation, outcome) in outcomes {
        check(operation, &raw::COMPUTESTORAGE, outcome);
    }
}

#[tokio::test]
async fn calls_with_a_disk_arrive_and_tell_why_they_fail() {
    if is_left_out("calls_with_a_disk_arrive_and_tell_why_they_fail") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    // The stand-in asks for a handle of whatever it may be.
    let disk = Arc::new(OwnedHandle::from(File::create(folder.path().join("disk")).unwrap()));
    let (layers, options) = (WindowsLayers, OsLayerOptions::default());
    let set_up = layers.setup_base_os_layer(layer(), Some(&disk), &options).await;
    check(operation::SETUP_BASE_OS, &raw::COMPUTESTORAGE, set_up);
    let formatted = layers.format_writable_layer_vhd(&disk).await.unwrap_err();
    let mounted = layers.get_layer_vhd_mount_path(&disk).await.unwrap_err();
    let errors = [
        (operation::FORMAT_WRITABLE_LAYER_VHD, formatted),
        (operation::GET_LAYER_VHD_MOUNT_PATH, mounted),
    ];
    for (operation, error) in errors {
        assert!(error.to_string().starts_with(&format!("{operation}: ")), "{error}");
        check_cause(&raw::COMPUTESTORAGE, &error);
    }
}

#[tokio::test]
async fn calls_of_vmcompute_arrive_and_tell_why_they_fail() {
    if is_left_out("calls_of_vmcompute_arrive_and_tell_why_they_fail") {
        return;
    }
    let layers = WindowsLayers;
    let (layer, folder, parents) = (layer(), folder(), [PathBuf::from(r"C:\layers\base")]);
    let outcomes = [
        (operation::ACTIVATE_LAYER, layers.activate_layer(layer).await),
        (operation::DEACTIVATE_LAYER, layers.deactivate_layer(layer).await),
        (operation::PREPARE_LAYER, layers.prepare_layer(layer, &parents).await),
        (operation::UNPREPARE_LAYER, layers.unprepare_layer(layer).await),
        (operation::CREATE_LAYER, layers.create_layer(layer, folder).await),
        (operation::CREATE_SCRATCH_LAYER, layers.create_scratch_layer(layer, &parents).await),
        (operation::EXPAND_SCRATCH_SIZE, layers.expand_scratch_size(layer, 1 << 30).await),
        (operation::DESTROY_LEGACY_LAYER, layers.destroy_legacy_layer(layer).await),
        (operation::IMPORT_LEGACY_LAYER, layers.import_legacy_layer(layer, folder, &parents).await),
        (operation::EXPORT_LEGACY_LAYER, layers.export_legacy_layer(layer, folder, &parents).await),
        (operation::LAYER_EXISTS, layers.layer_exists(layer).await.map(drop)),
        (operation::GET_LAYER_MOUNT_PATH, layers.get_layer_mount_path(layer).await.map(drop)),
        (operation::PROCESS_BASE_LAYER, layers.process_base_layer(layer).await),
        (operation::PROCESS_UTILITY_VM_IMAGE, layers.process_utility_vm_image(layer).await),
        (operation::GRANT_VM_ACCESS, layers.grant_vm_access("vm", layer).await),
    ];
    for (operation, outcome) in outcomes {
        check(operation, &VMCOMPUTE, outcome);
    }
    let images = layers.get_shared_base_images().await.unwrap_err();
    assert!(images.to_string().starts_with("hcsshim::GetSharedBaseImages: "), "{images}");
    check_cause(&VMCOMPUTE, &images);
}

#[tokio::test]
async fn a_name_has_one_id() {
    let id = async |name| WindowsLayers.name_to_guid(name).await;
    if let Err(missing) = VMCOMPUTE.load() {
        let error = id("a").await.unwrap_err();
        assert!(error.to_string().contains(&missing.to_string()), "{error}");
        return;
    }
    assert_eq!(id("a").await, id("a").await);
    assert_ne!(id("a").await.unwrap(), id("b").await.unwrap());
}

#[tokio::test]
async fn a_path_that_is_none_reaches_no_service() {
    let path = Path::new("a\0b");
    let outcomes = [
        WindowsLayers.destroy_layer(path).await,
        WindowsLayers.activate_layer(path).await,
        WindowsLayers.import_legacy_layer(layer(), path, &[]).await,
        WindowsLayers.prepare_layer(layer(), &[path.into()]).await,
    ];
    for outcome in outcomes {
        let error = outcome.unwrap_err();
        assert!(error.to_string().contains("has a NUL character inside"), "{error}");
    }
}

#[test]
fn a_volume_is_set_up_from_a_build_on() {
    let error = has_base_os_volume(19644).unwrap_err().to_string();
    assert_eq!(error, "SetupBaseOSVolume is not present on builds older than 19645");
    assert!(has_base_os_volume(19645).is_ok());
}
