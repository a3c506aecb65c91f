//! The storage service as a trait: image layers of a host.
//!
//! Does: name what a host of Windows image layers can be asked
//! ([`StorageService`]): the functions of computestorage.dll and the older ones of
//! vmcompute.dll; and a recording fake that can fail any call ([`fake`]).
//!
//! Does not: read or write layers' formats, or talk to a service: `host-windows`
//! does that.

#![forbid(unsafe_code)]

mod document;
pub mod fake;
pub mod operation;

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use compute::Result;
use uuid::Uuid;

pub use document::{ExportLayerOptions, LayerData, OsLayerOptions, OsLayerType};

/// A host of image layers. Paths are the host's own. What works on a disk's handle
/// instead of a path is the Windows host's alone.
///
/// An error's operation is one of [`operation`] and the layer's path.
#[async_trait]
pub trait StorageService: Send + Sync {
    /// `HcsImportLayer`.
    async fn import_layer(&self, layer: &Path, source: &Path, layer_data: &LayerData)
    -> Result<()>;
    /// `HcsExportLayer`.
    async fn export_layer(
        &self,
        layer: &Path,
        export: &Path,
        layer_data: &LayerData,
        options: &ExportLayerOptions,
    ) -> Result<()>;
    /// `HcsExportLegacyWritableLayer`: `mount` is where the writable layer is
    /// mounted, `layer` the folder with its hives.
    async fn export_legacy_writable_layer(
        &self,
        mount: &Path,
        layer: &Path,
        export: &Path,
        layer_data: &LayerData,
    ) -> Result<()>;
    /// `HcsDestroyLayer`.
    async fn destroy_layer(&self, layer: &Path) -> Result<()>;
    /// `HcsSetupBaseOSVolume`: `layer` is the layer's folder. Windows has it from
    /// build 19645 on.
    async fn setup_base_os_volume(
        &self,
        layer: &Path,
        volume: &Path,
        options: &OsLayerOptions,
    ) -> Result<()>;
    /// `HcsInitializeWritableLayer`.
    async fn initialize_writable_layer(&self, layer: &Path, layer_data: &LayerData) -> Result<()>;
    /// `HcsInitializeLegacyWritableLayer`: `mount` is where the writable layer is
    /// mounted, `layer` the folder with its hives.
    async fn initialize_legacy_writable_layer(
        &self,
        mount: &Path,
        layer: &Path,
        layer_data: &LayerData,
    ) -> Result<()>;
    /// `HcsAttachLayerStorageFilter`.
    async fn attach_layer_storage_filter(&self, layer: &Path, layer_data: &LayerData)
    -> Result<()>;
    /// `HcsDetachLayerStorageFilter`.
    async fn detach_layer_storage_filter(&self, layer: &Path) -> Result<()>;
    /// `HcsAttachOverlayFilter`.
    async fn attach_overlay_filter(&self, volume: &Path, layer_data: &LayerData) -> Result<()>;
    /// `HcsDetachOverlayFilter`; of the document it reads the filter's type.
    async fn detach_overlay_filter(&self, volume: &Path, layer_data: &LayerData) -> Result<()>;

    /// `ActivateLayer` of vmcompute.dll.
    async fn activate_layer(&self, layer: &Path) -> Result<()>;
    /// `DeactivateLayer` of vmcompute.dll.
    async fn deactivate_layer(&self, layer: &Path) -> Result<()>;
    /// `PrepareLayer` of vmcompute.dll; the parents nearest first.
    async fn prepare_layer(&self, layer: &Path, parents: &[PathBuf]) -> Result<()>;
    /// `UnprepareLayer` of vmcompute.dll.
    async fn unprepare_layer(&self, layer: &Path) -> Result<()>;
    /// `CreateLayer` of vmcompute.dll.
    async fn create_layer(&self, layer: &Path, parent: &Path) -> Result<()>;
    /// `CreateSandboxLayer` of vmcompute.dll; the parents nearest first.
    async fn create_scratch_layer(&self, layer: &Path, parents: &[PathBuf]) -> Result<()>;
    /// `ExpandSandboxSize` of vmcompute.dll; the size in bytes. Then the volume
    /// grows into it.
    async fn expand_scratch_size(&self, layer: &Path, size: u64) -> Result<()>;
    /// `DestroyLayer` of vmcompute.dll.
    async fn destroy_legacy_layer(&self, layer: &Path) -> Result<()>;
    /// `ImportLayer` of vmcompute.dll; the parents nearest first.
    async fn import_legacy_layer(
        &self,
        layer: &Path,
        source: &Path,
        parents: &[PathBuf],
    ) -> Result<()>;
    /// `ExportLayer` of vmcompute.dll; the parents nearest first.
    async fn export_legacy_layer(
        &self,
        layer: &Path,
        export: &Path,
        parents: &[PathBuf],
    ) -> Result<()>;
    /// `LayerExists` of vmcompute.dll.
    async fn layer_exists(&self, layer: &Path) -> Result<bool>;
    /// `GetLayerMountPath` of vmcompute.dll; empty where the layer has none.
    async fn get_layer_mount_path(&self, layer: &Path) -> Result<PathBuf>;
    /// `GetBaseImages` of vmcompute.dll: JSON text.
    async fn get_shared_base_images(&self) -> Result<String>;
    /// `ProcessBaseImage` of vmcompute.dll.
    async fn process_base_layer(&self, layer: &Path) -> Result<()>;
    /// `ProcessUtilityImage` of vmcompute.dll.
    async fn process_utility_vm_image(&self, image: &Path) -> Result<()>;
    /// `NameToGuid` of vmcompute.dll.
    async fn name_to_guid(&self, name: &str) -> Result<Uuid>;
    /// `GrantVmAccess` of vmcompute.dll.
    async fn grant_vm_access(&self, vm: &str, file: &Path) -> Result<()>;
}
