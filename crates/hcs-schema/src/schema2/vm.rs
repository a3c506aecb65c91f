//! What a virtual machine is made of, but for its processors, memory and devices.

use super::{Devices, MigrationInitializeOptions, RegistryChanges, StorageQoS, Topology, Version};
use crate::Bytes;
use crate::document::document;

document! {
    /// A virtual machine.
    pub struct VirtualMachine {
        /// The version of the virtual hardware; none for the newest.
        pub version: Option<Version> = "Version",
        /// Whether the machine stops when the guest resets it.
        pub stop_on_reset: bool = "StopOnReset",
        /// Firmware and board.
        pub chipset: Option<Chipset> = "Chipset",
        /// Memory and processors.
        pub compute_topology: Option<Topology> = "ComputeTopology",
        /// Devices.
        pub devices: Option<Devices> = "Devices",
        /// The files of firmware and run-time state.
        pub guest_state: Option<GuestState> = "GuestState",
        /// A saved state or a template to start from.
        pub restore_state: Option<RestoreState> = "RestoreState",
        /// Changes to the registry before the start.
        pub registry_changes: Option<RegistryChanges> = "RegistryChanges",
        /// The limits of storage traffic.
        pub storage_qos: Option<StorageQoS> = "StorageQoS",
        /// Files for finding faults.
        pub debug_options: Option<DebugOptions> = "DebugOptions",
        /// The connection to the agent in the guest.
        pub guest_connection: Option<GuestConnection> = "GuestConnection",
        /// TPM and isolation.
        pub security_settings: Option<SecuritySettings> = "SecuritySettings",
        /// The id of the host's resource partition.
        pub resource_partition_id: String = "ResourcePartitionId",
        /// How the machine is migrated, where it is the destination of a live migration.
        pub migration_options: Option<MigrationInitializeOptions> = "MigrationOptions",
    }

    /// Firmware and board of a virtual machine.
    pub struct Chipset {
        /// UEFI firmware.
        pub uefi: Option<Uefi> = "Uefi",
        /// Whether the number lock is off at the start.
        pub is_num_lock_disabled: bool = "IsNumLockDisabled",
        /// The serial number of the base board.
        pub base_board_serial_number: String = "BaseBoardSerialNumber",
        /// The serial number of the chassis.
        pub chassis_serial_number: String = "ChassisSerialNumber",
        /// The asset tag of the chassis.
        pub chassis_asset_tag: String = "ChassisAssetTag",
        /// Whether the hardware clock shows UTC.
        pub use_utc: bool = "UseUtc",
        /// A Linux kernel that starts without firmware.
        pub linux_kernel_direct: Option<LinuxKernelDirect> = "LinuxKernelDirect",
        /// Firmware given as a file.
        pub firmware_file: Option<FirmwareFile> = "FirmwareFile",
    }

    /// UEFI firmware.
    pub struct Uefi {
        /// Whether the firmware's debugger is on.
        pub enable_debugger: bool = "EnableDebugger",
        /// How the secure boot template is used: `Skip` or `Apply`.
        pub apply_secure_boot_template: String = "ApplySecureBootTemplate",
        /// The GUID of the secure boot template.
        pub secure_boot_template_id: String = "SecureBootTemplateId",
        /// What to boot.
        pub boot_this: Option<UefiBootEntry> = "BootThis",
        /// Where the firmware's output goes: `Default`, `Disabled`, `ComPort1` or `ComPort2`.
        pub console: String = "Console",
    }

    /// What the firmware boots.
    pub struct UefiBootEntry {
        /// The kind of device: `ScsiDrive`, `VmbFs`, `Network` or `File`.
        pub device_type: String = "DeviceType",
        /// The path of the file or device.
        pub device_path: String = "DevicePath",
        /// The number of the disk on its controller.
        pub disk_number: i32 = "DiskNumber",
        /// Data for the boot program.
        pub optional_data: String = "OptionalData",
        /// The host folder behind the root of a `VmbFs` device.
        pub vmb_fs_root_path: String = "VmbFsRootPath",
    }

    /// A Linux kernel that starts without firmware.
    pub struct LinuxKernelDirect {
        /// The kernel's file.
        pub kernel_file_path: String = "KernelFilePath",
        /// The file of the initial RAM disk.
        pub init_rd_path: String = "InitRdPath",
        /// The kernel's command line.
        pub kernel_cmd_line: String = "KernelCmdLine",
    }

    /// Firmware given as a file.
    pub struct FirmwareFile {
        /// Parameters for the firmware.
        pub parameters: Bytes = "Parameters",
    }

    /// The files of a machine's firmware and run-time state.
    pub struct GuestState {
        /// The file of the state that outlives the machine.
        pub guest_state_file_path: String = "GuestStateFilePath",
        /// The kind of that file: `FileMode` or `BlockStorage`.
        pub guest_state_file_type: String = "GuestStateFileType",
        /// The file of the state that ends with the machine.
        pub runtime_state_file_path: String = "RuntimeStateFilePath",
        /// Whether no change to the state is kept.
        pub force_transient_state: bool = "ForceTransientState",
    }

    /// A saved state or a template to start from.
    pub struct RestoreState {
        /// The file of the saved state.
        pub save_state_file_path: String = "SaveStateFilePath",
        /// The id of the template.
        pub template_system_id: String = "TemplateSystemId",
    }

    /// Files that are written when a guest fails.
    pub struct DebugOptions {
        /// The state at a crash of Windows.
        pub bugcheck_saved_state_file_name: String = "BugcheckSavedStateFileName",
        /// The state at a crash of Windows that could not write a dump.
        pub bugcheck_no_crashdump_saved_state_file_name: String = "BugcheckNoCrashdumpSavedStateFileName",
        /// The state at a triple fault.
        pub triple_fault_saved_state_file_name: String = "TripleFaultSavedStateFileName",
        /// The firmware's dump.
        pub firmware_dump_file_name: String = "FirmwareDumpFileName",
    }

    /// The connection between the compute service and the agent in the guest.
    pub struct GuestConnection {
        /// Whether it is a vsock rather than a Hyper-V socket.
        pub use_vsock: bool = "UseVsock",
        /// Whether it stays while the machine is suspended.
        pub use_connected_suspend: bool = "UseConnectedSuspend",
    }

    /// TPM and isolation of a machine.
    pub struct SecuritySettings {
        /// Whether the machine has a TPM.
        pub enable_tpm: bool = "EnableTpm",
        /// How the machine is shielded from its host.
        pub isolation: Option<IsolationSettings> = "Isolation",
    }

    /// How a machine is shielded from its host.
    pub struct IsolationSettings {
        /// The kind: `None`, `VirtualizationBasedSecurity`, `SecureNestedPaging`, `GuestStateOnly`.
        pub isolation_type: String = "IsolationType",
        /// The host that a debugger connects from.
        pub debug_host: String = "DebugHost",
        /// The port of the debugger.
        pub debug_port: i64 = "DebugPort",
        /// Data that is measured at the launch, in base64; a security policy's digest.
        pub launch_data: String = "LaunchData",
        /// Whether the host compatibility layer runs below the guest.
        pub hcl_enabled: Option<bool> = "HclEnabled",
    }
}
