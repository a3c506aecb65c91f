//! The names of the calls, as the reference's errors have them: what stands
//! before the error for those of computestorage.dll, the title of those of
//! vmcompute.dll.

/// [`StorageService::import_layer`](crate::StorageService::import_layer).
pub const IMPORT_LAYER: &str = "failed to import layer";
/// [`StorageService::export_layer`](crate::StorageService::export_layer).
pub const EXPORT_LAYER: &str = "failed to export layer";
/// [`StorageService::export_legacy_writable_layer`](crate::StorageService::export_legacy_writable_layer);
/// the reference does not have it.
pub const EXPORT_LEGACY_WRITABLE_LAYER: &str = "failed to export legacy writable layer";
/// [`StorageService::destroy_layer`](crate::StorageService::destroy_layer).
pub const DESTROY_LAYER: &str = "failed to destroy layer";
/// [`StorageService::setup_base_os_volume`](crate::StorageService::setup_base_os_volume)
/// and `HcsSetupBaseOSLayer`.
pub const SETUP_BASE_OS: &str = "failed to setup base OS layer";
/// [`StorageService::initialize_writable_layer`](crate::StorageService::initialize_writable_layer);
/// the reference spells it this way.
pub const INITIALIZE_WRITABLE_LAYER: &str = "failed to intitialize container layer";
/// [`StorageService::initialize_legacy_writable_layer`](crate::StorageService::initialize_legacy_writable_layer);
/// the reference does not have it.
pub const INITIALIZE_LEGACY_WRITABLE_LAYER: &str = "failed to initialize legacy writable layer";
/// [`StorageService::attach_layer_storage_filter`](crate::StorageService::attach_layer_storage_filter).
pub const ATTACH_LAYER_STORAGE_FILTER: &str = "failed to attach layer storage filter";
/// [`StorageService::detach_layer_storage_filter`](crate::StorageService::detach_layer_storage_filter).
pub const DETACH_LAYER_STORAGE_FILTER: &str = "failed to detach layer storage filter";
/// [`StorageService::attach_overlay_filter`](crate::StorageService::attach_overlay_filter).
pub const ATTACH_OVERLAY_FILTER: &str = "failed to attach overlay filter";
/// [`StorageService::detach_overlay_filter`](crate::StorageService::detach_overlay_filter).
pub const DETACH_OVERLAY_FILTER: &str = "failed to detach overlay filter";
/// `HcsFormatWritableLayerVhd`.
pub const FORMAT_WRITABLE_LAYER_VHD: &str = "failed to format writable layer vhd";
/// `HcsGetLayerVhdMountPath`.
pub const GET_LAYER_VHD_MOUNT_PATH: &str = "failed to get vhd mount path";

/// [`StorageService::activate_layer`](crate::StorageService::activate_layer).
pub const ACTIVATE_LAYER: &str = "hcsshim::ActivateLayer";
/// [`StorageService::deactivate_layer`](crate::StorageService::deactivate_layer).
pub const DEACTIVATE_LAYER: &str = "hcsshim::DeactivateLayer";
/// [`StorageService::prepare_layer`](crate::StorageService::prepare_layer).
pub const PREPARE_LAYER: &str = "hcsshim::PrepareLayer";
/// [`StorageService::unprepare_layer`](crate::StorageService::unprepare_layer).
pub const UNPREPARE_LAYER: &str = "hcsshim::UnprepareLayer";
/// [`StorageService::create_layer`](crate::StorageService::create_layer).
pub const CREATE_LAYER: &str = "hcsshim::CreateLayer";
/// [`StorageService::create_scratch_layer`](crate::StorageService::create_scratch_layer).
pub const CREATE_SCRATCH_LAYER: &str = "hcsshim::CreateScratchLayer";
/// [`StorageService::expand_scratch_size`](crate::StorageService::expand_scratch_size).
pub const EXPAND_SCRATCH_SIZE: &str = "hcsshim::ExpandScratchSize";
/// [`StorageService::destroy_legacy_layer`](crate::StorageService::destroy_legacy_layer).
pub const DESTROY_LEGACY_LAYER: &str = "hcsshim::DestroyLayer";
/// [`StorageService::import_legacy_layer`](crate::StorageService::import_legacy_layer).
pub const IMPORT_LEGACY_LAYER: &str = "hcsshim::ImportLayer";
/// [`StorageService::export_legacy_layer`](crate::StorageService::export_legacy_layer).
pub const EXPORT_LEGACY_LAYER: &str = "hcsshim::ExportLayer";
/// [`StorageService::layer_exists`](crate::StorageService::layer_exists).
pub const LAYER_EXISTS: &str = "hcsshim::LayerExists";
/// [`StorageService::get_layer_mount_path`](crate::StorageService::get_layer_mount_path).
pub const GET_LAYER_MOUNT_PATH: &str = "hcsshim::GetLayerMountPath";
/// [`StorageService::get_shared_base_images`](crate::StorageService::get_shared_base_images).
pub const GET_SHARED_BASE_IMAGES: &str = "hcsshim::GetSharedBaseImages";
/// [`StorageService::process_base_layer`](crate::StorageService::process_base_layer).
pub const PROCESS_BASE_LAYER: &str = "hcsshim::ProcessBaseLayer";
/// [`StorageService::process_utility_vm_image`](crate::StorageService::process_utility_vm_image).
pub const PROCESS_UTILITY_VM_IMAGE: &str = "hcsshim::ProcessUtilityVMImage";
/// [`StorageService::name_to_guid`](crate::StorageService::name_to_guid).
pub const NAME_TO_GUID: &str = "hcsshim::NameToGuid";
/// [`StorageService::grant_vm_access`](crate::StorageService::grant_vm_access).
pub const GRANT_VM_ACCESS: &str = "hcsshim::GrantVmAccess";
