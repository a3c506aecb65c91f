//! Image layers through computestorage.dll and vmcompute.dll.

mod call;
mod disk;
mod legacy;
mod parents;
mod raw;
mod volume;

use std::os::windows::io::OwnedHandle;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use compute::error::Cause;
use compute::{Error, Result};
use layers::{ExportLayerOptions, LayerData, OsLayerOptions, StorageService, operation};
use tokio::sync::Mutex;
use uuid::Uuid;

use self::call::{Call, Outcome, json, path};
use self::parents::Parents;
use crate::blocking::blocking;
use crate::vm_access;
use crate::wide::Wide;

/// The storage service of this Windows.
///
/// A failed call's cause is the service's [`SystemCode`](compute::error::SystemCode),
/// or a [`DllError`](crate::dll::DllError) where this Windows has no such service.
#[derive(Debug, Clone, Copy, Default)]
pub struct WindowsLayers;

/// What works on the handle of a virtual disk.
impl WindowsLayers {
    /// `HcsSetupBaseOSLayer`: makes what boots of a base layer's files. For a
    /// container there must be no disk; for a utility VM it is the disk that it
    /// boots from, attached.
    ///
    /// # Errors
    /// Those of the service.
    pub async fn setup_base_os_layer(
        &self,
        layer: &Path,
        disk: Option<&Arc<OwnedHandle>>,
        options: &OsLayerOptions,
    ) -> Result<()> {
        let (text, disk, options) = (path(layer), disk.cloned(), json(options));
        run(operation::SETUP_BASE_OS, layer, move || {
            disk::setup_base_os(text, disk.as_deref(), options)
        })
        .await
    }

    /// `HcsFormatWritableLayerVhd`: formats a disk as a scratch. Windows Server 2019
    /// wants the handle of the file, later ones that of the virtual disk.
    ///
    /// # Errors
    /// Those of the service.
    pub async fn format_writable_layer_vhd(&self, disk: &Arc<OwnedHandle>) -> Result<()> {
        let disk = Arc::clone(disk);
        let formatted = blocking(move || disk::format(&disk)).await;
        formatted.map_err(|cause| Error::service(operation::FORMAT_WRITABLE_LAYER_VHD, cause))
    }

    /// `HcsGetLayerVhdMountPath`: the volume of a scratch's disk.
    ///
    /// # Errors
    /// Those of the service.
    pub async fn get_layer_vhd_mount_path(&self, disk: &Arc<OwnedHandle>) -> Result<PathBuf> {
        let disk = Arc::clone(disk);
        let found = blocking(move || disk::mount_path(&disk)).await;
        found.map_err(|cause| Error::service(operation::GET_LAYER_VHD_MOUNT_PATH, cause))
    }
}

/// Makes calls for an operation on a layer, a volume or a file.
async fn run<T: Send + 'static>(
    operation: &'static str,
    about: &Path,
    call: impl FnOnce() -> Outcome<T> + Send + 'static,
) -> Result<T> {
    let done = blocking(call).await;
    done.map_err(|cause| Error::service(format!("{operation} {}", about.display()), cause))
}

/// Makes a call of texts for an operation.
async fn texts(operation: &'static str, about: &Path, call: Call) -> Result<()> {
    run(operation, about, || call.make()).await
}

/// Calls a function of vmcompute.dll about a layer alone.
async fn of_layer(operation: &'static str, layer: &Path, function: legacy::OfLayer) -> Result<()> {
    let text = path(layer);
    run(operation, layer, move || legacy::of_layer(function, &text?)).await
}

/// Calls a function of vmcompute.dll about a layer, a folder and the layer's parents.
async fn of_folder(
    operation: &'static str,
    (layer, folder): (&Path, &Path),
    parents: &[PathBuf],
    function: legacy::OfFolder,
) -> Result<()> {
    let (text, folder, parents) = (path(layer), path(folder), parents.to_vec());
    run(operation, layer, move || {
        legacy::of_folder(function, &text?, &folder?, &Parents::new(&parents)?)
    })
    .await
}

/// Whether this build has `HcsSetupBaseOSVolume`; the text is the reference's.
fn has_base_os_volume(build: u16) -> Outcome<()> {
    const SINCE: u16 = 19645;
    if build >= SINCE {
        return Ok(());
    }
    Err(Cause::text(format!("SetupBaseOSVolume is not present on builds older than {SINCE}")))
}

#[async_trait]
impl StorageService for WindowsLayers {
    async fn import_layer(
        &self,
        layer: &Path,
        source: &Path,
        layer_data: &LayerData,
    ) -> Result<()> {
        let arguments = [path(layer), path(source), json(layer_data)];
        texts(operation::IMPORT_LAYER, layer, Call::Three(raw::HcsImportLayer, arguments)).await
    }

    async fn export_layer(
        &self,
        layer: &Path,
        export: &Path,
        layer_data: &LayerData,
        options: &ExportLayerOptions,
    ) -> Result<()> {
        let arguments = [path(layer), path(export), json(layer_data), json(options)];
        texts(operation::EXPORT_LAYER, layer, Call::Four(raw::HcsExportLayer, arguments)).await
    }

    async fn export_legacy_writable_layer(
        &self,
        mount: &Path,
        layer: &Path,
        export: &Path,
        layer_data: &LayerData,
    ) -> Result<()> {
        let arguments = [path(mount), path(layer), path(export), json(layer_data)];
        let call = Call::Four(raw::HcsExportLegacyWritableLayer, arguments);
        texts(operation::EXPORT_LEGACY_WRITABLE_LAYER, layer, call).await
    }

    async fn destroy_layer(&self, layer: &Path) -> Result<()> {
        let call = Call::One(raw::HcsDestroyLayer, [path(layer)]);
        texts(operation::DESTROY_LAYER, layer, call).await
    }

    async fn setup_base_os_volume(
        &self,
        layer: &Path,
        volume: &Path,
        options: &OsLayerOptions,
    ) -> Result<()> {
        let arguments = [path(layer), path(volume), json(options)];
        run(operation::SETUP_BASE_OS, layer, || {
            has_base_os_volume(crate::build())?;
            Call::Three(raw::HcsSetupBaseOSVolume, arguments).make()
        })
        .await
    }

    async fn initialize_writable_layer(&self, layer: &Path, layer_data: &LayerData) -> Result<()> {
        let arguments = [path(layer), json(layer_data), path(Path::new(""))];
        let call = Call::Three(raw::HcsInitializeWritableLayer, arguments);
        texts(operation::INITIALIZE_WRITABLE_LAYER, layer, call).await
    }

    async fn initialize_legacy_writable_layer(
        &self,
        mount: &Path,
        layer: &Path,
        layer_data: &LayerData,
    ) -> Result<()> {
        let arguments = [path(mount), path(layer), json(layer_data), path(Path::new(""))];
        let call = Call::Four(raw::HcsInitializeLegacyWritableLayer, arguments);
        texts(operation::INITIALIZE_LEGACY_WRITABLE_LAYER, layer, call).await
    }

    async fn attach_layer_storage_filter(
        &self,
        layer: &Path,
        layer_data: &LayerData,
    ) -> Result<()> {
        let call = Call::Two(raw::HcsAttachLayerStorageFilter, [path(layer), json(layer_data)]);
        texts(operation::ATTACH_LAYER_STORAGE_FILTER, layer, call).await
    }

    async fn detach_layer_storage_filter(&self, layer: &Path) -> Result<()> {
        let call = Call::One(raw::HcsDetachLayerStorageFilter, [path(layer)]);
        texts(operation::DETACH_LAYER_STORAGE_FILTER, layer, call).await
    }

    async fn attach_overlay_filter(&self, volume: &Path, layer_data: &LayerData) -> Result<()> {
        let call = Call::Two(raw::HcsAttachOverlayFilter, [path(volume), json(layer_data)]);
        texts(operation::ATTACH_OVERLAY_FILTER, volume, call).await
    }

    async fn detach_overlay_filter(&self, volume: &Path, layer_data: &LayerData) -> Result<()> {
        let call = Call::Two(raw::HcsDetachOverlayFilter, [path(volume), json(layer_data)]);
        texts(operation::DETACH_OVERLAY_FILTER, volume, call).await
    }

    async fn activate_layer(&self, layer: &Path) -> Result<()> {
        of_layer(operation::ACTIVATE_LAYER, layer, raw::ActivateLayer).await
    }

    async fn deactivate_layer(&self, layer: &Path) -> Result<()> {
        of_layer(operation::DEACTIVATE_LAYER, layer, raw::DeactivateLayer).await
    }

    /// One at a time in this process: several at once make the service time out,
    /// which the reference avoids too. A caller that gives up leaves its turn to
    /// the next one when the call is done.
    async fn prepare_layer(&self, layer: &Path, parents: &[PathBuf]) -> Result<()> {
        static TURN: Mutex<()> = Mutex::const_new(());
        let turn = TURN.lock().await;
        let (text, parents) = (path(layer), parents.to_vec());
        run(operation::PREPARE_LAYER, layer, move || {
            let _turn = turn;
            legacy::prepare(&text?, &Parents::new(&parents)?)
        })
        .await
    }

    async fn unprepare_layer(&self, layer: &Path) -> Result<()> {
        of_layer(operation::UNPREPARE_LAYER, layer, raw::UnprepareLayer).await
    }

    async fn create_layer(&self, layer: &Path, parent: &Path) -> Result<()> {
        let (text, parent) = (path(layer), path(parent));
        run(operation::CREATE_LAYER, layer, move || legacy::create(&text?, &parent?)).await
    }

    async fn create_scratch_layer(&self, layer: &Path, parents: &[PathBuf]) -> Result<()> {
        let (text, parents) = (path(layer), parents.to_vec());
        run(operation::CREATE_SCRATCH_LAYER, layer, move || {
            legacy::create_scratch(&text?, &Parents::new(&parents)?)
        })
        .await
    }

    async fn expand_scratch_size(&self, layer: &Path, size: u64) -> Result<()> {
        let folder = layer.to_owned();
        run(operation::EXPAND_SCRATCH_SIZE, layer, move || {
            let text = path(&folder)?;
            legacy::expand_scratch(&text, size)?;
            volume::grow(&folder, &text)
        })
        .await
    }

    async fn destroy_legacy_layer(&self, layer: &Path) -> Result<()> {
        of_layer(operation::DESTROY_LEGACY_LAYER, layer, raw::DestroyLayer).await
    }

    async fn import_legacy_layer(
        &self,
        layer: &Path,
        source: &Path,
        parents: &[PathBuf],
    ) -> Result<()> {
        let operation = operation::IMPORT_LEGACY_LAYER;
        of_folder(operation, (layer, source), parents, raw::ImportLayer).await
    }

    async fn export_legacy_layer(
        &self,
        layer: &Path,
        export: &Path,
        parents: &[PathBuf],
    ) -> Result<()> {
        let operation = operation::EXPORT_LEGACY_LAYER;
        of_folder(operation, (layer, export), parents, raw::ExportLayer).await
    }

    async fn layer_exists(&self, layer: &Path) -> Result<bool> {
        let text = path(layer);
        run(operation::LAYER_EXISTS, layer, move || legacy::exists(&text?)).await
    }

    async fn get_layer_mount_path(&self, layer: &Path) -> Result<PathBuf> {
        let text = path(layer);
        run(operation::GET_LAYER_MOUNT_PATH, layer, move || legacy::mount_path(&text?)).await
    }

    async fn get_shared_base_images(&self) -> Result<String> {
        let images = blocking(legacy::base_images).await;
        images.map_err(|cause| Error::service(operation::GET_SHARED_BASE_IMAGES, cause))
    }

    async fn process_base_layer(&self, layer: &Path) -> Result<()> {
        let call = Call::One(raw::ProcessBaseImage, [path(layer)]);
        texts(operation::PROCESS_BASE_LAYER, layer, call).await
    }

    async fn process_utility_vm_image(&self, image: &Path) -> Result<()> {
        let call = Call::One(raw::ProcessUtilityImage, [path(image)]);
        texts(operation::PROCESS_UTILITY_VM_IMAGE, image, call).await
    }

    async fn name_to_guid(&self, name: &str) -> Result<Uuid> {
        let text = Wide::new(name);
        let id = blocking(move || parents::name_to_guid(&text?)).await;
        id.map_err(|cause: Cause| Error::service(operation::NAME_TO_GUID, cause))
    }

    async fn grant_vm_access(&self, vm: &str, file: &Path) -> Result<()> {
        let (vm, owned) = (vm.to_owned(), file.to_owned());
        run(operation::GRANT_VM_ACCESS, file, move || vm_access::grant(&vm, &owned)).await
    }
}

#[cfg(test)]
mod tests;
