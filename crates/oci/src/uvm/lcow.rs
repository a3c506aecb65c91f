//! The options of a utility VM for Linux containers.

use osversion::build;
use tracing::warn;

use super::{ConfidentialOptions, Host, UvmOptions};
use crate::{Spec, internal_keys, keys, windows_path};

/// The compressed kernel.
const KERNEL: &str = "kernel";
/// The kernel as it is in memory; what is started directly can be that.
const UNCOMPRESSED_KERNEL: &str = "vmlinux";
const INITRD: &str = "initrd.img";
const ROOTFS_VHD: &str = "rootfs.vhd";
const GUEST_STATE: &str = "kernel.vmgs";
const REFERENCE_INFO: &str = "reference_info.cose";
const HASH_ENVELOPE_REFERENCE_INFO: &str = "reference_info_hash_envelope.cose";
/// The first build that starts a Linux kernel without UEFI.
const DIRECT_BOOT_BUILD: u16 = 18286;

/// What the root filesystem of the VM is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootfsType {
    /// An initial RAM disk.
    Initrd,
    /// A virtual disk.
    Vhd,
    /// What the guest state says.
    None,
}

/// A function of a PCI device of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VpciDeviceId {
    /// The device.
    pub device_instance_id: String,
    /// Its function.
    pub virtual_function_index: u16,
}

/// The options of a utility VM for Linux containers.
#[derive(Debug, Clone, PartialEq)]
pub struct LcowOptions {
    /// Those of all utility VMs.
    pub common: UvmOptions,
    /// Those of confidential VMs.
    pub confidential: ConfidentialOptions,
    /// The file of the root filesystem with dm-verity; empty for none.
    pub dm_verity_rootfs_vhd: String,
    /// Whether the root filesystem is a SCSI disk with dm-verity.
    pub dm_verity_mode: bool,
    /// The device-mapper table on the kernel's command line.
    pub dm_verity_create_args: String,
    /// The folder with the boot files.
    pub boot_files_path: String,
    /// The kernel, a file in it.
    pub kernel_file: String,
    /// Whether the kernel is started without UEFI.
    pub kernel_direct: bool,
    /// The root filesystem, a file in the same folder.
    pub rootfs_file: String,
    /// What is added to the kernel's command line.
    pub kernel_boot_options: String,
    /// Whether the VM is talked to by its guest agent.
    pub use_guest_connection: bool,
    /// The guest agent's command line.
    pub exec_command_line: String,
    /// Whether the host listens to the agent's output.
    pub forward_stdout: bool,
    /// Whether the host listens to the agent's error output, its log.
    pub forward_stderr: bool,
    /// The most devices of persistent memory.
    pub vpmem_device_count: u32,
    /// The size of each, in bytes.
    pub vpmem_size_bytes: u64,
    /// Whether each holds one layer only.
    pub vpmem_no_multi_mapping: bool,
    /// What the root filesystem is.
    pub preferred_rootfs_type: RootfsType,
    /// Whether the guest tells which memory it doesn't use.
    pub enable_cold_discard_hint: bool,
    /// Whether the guest has a PCI bus.
    pub vpci_enabled: bool,
    /// Whether scratch disks are encrypted.
    pub enable_scratch_encryption: bool,
    /// Whether the guest doesn't follow the host's clock.
    pub disable_time_sync_service: bool,
    /// Whether the host compatibility layer is enabled, where the spec says it.
    pub hcl_enabled: Option<bool>,
    /// More vsock ports that the guest may use.
    pub extra_vsock_ports: Option<Vec<u32>>,
    /// Devices of the host, where the spec has any.
    pub assigned_devices: Option<Vec<VpciDeviceId>>,
    /// Whether the guest routes by policy.
    pub policy_based_routing: bool,
    /// Whether folders of the root filesystem get a writable overlay.
    pub writable_overlay_dirs: bool,
}

impl LcowOptions {
    /// What follows from others comes after them: boot files, then what the
    /// security policy leaves no choice of, then what the spec may choose in spite
    /// of it.
    pub(super) fn from_spec(spec: &mut Spec, common: UvmOptions, host: &Host<'_>) -> Self {
        let all = spec.annotations();
        let flag = |key| all.bool(key).unwrap_or(false);

        let mut options = Self::usual(common, host);
        options.enable_cold_discard_hint = flag(keys::ENABLE_COLD_DISCARD_HINT);
        set(&mut options.vpmem_device_count, all.u32(keys::VPMEM_COUNT));
        set(&mut options.vpmem_size_bytes, all.u64(keys::VPMEM_SIZE));
        set(&mut options.vpmem_no_multi_mapping, all.bool(keys::VPMEM_NO_MULTI_MAPPING));
        options.vpci_enabled = flag(keys::VPCI_ENABLED);
        options.extra_vsock_ports = all.u32_list(internal_keys::EXTRA_VSOCK_PORTS);
        options.enable_scratch_encryption = flag(keys::LCOW_ENCRYPTED_SCRATCH_DISK);
        options.kernel_boot_options = all.string(keys::KERNEL_BOOT_OPTIONS);
        options.disable_time_sync_service = flag(keys::DISABLE_LCOW_TIME_SYNC_SERVICE);
        options.writable_overlay_dirs = flag(internal_keys::WRITABLE_OVERLAY_DIRS);
        options.policy_based_routing = flag(internal_keys::NETWORKING_POLICY_BASED_ROUTING);
        options.hcl_enabled = all.bool(keys::LCOW_HCL_ENABLED);
        let arguments = all.get(internal_keys::EXTRA_LCOW_EXEC_ARGS).unwrap_or_default();
        if !arguments.is_empty() {
            options.exec_command_line += " ";
            options.exec_command_line += arguments;
        }
        if let Some(folder) = all.get(keys::BOOT_FILES_ROOT_PATH) {
            options.boot_from(folder, host);
        }
        options.choose_rootfs(spec);
        if all.bool(keys::KERNEL_DIRECT_BOOT).is_some_and(|direct| {
            options.kernel_direct = direct;
            !direct
        }) {
            options.kernel_file = KERNEL.to_owned();
        }
        if options.common.back_physically(spec) {
            options.vpmem_device_count = 0;
        }

        options.secure(spec);
        set_string(
            &mut options.confidential.guest_state_file_path,
            spec,
            keys::LCOW_GUEST_STATE_FILE,
        );
        set_string(&mut options.dm_verity_rootfs_vhd, spec, keys::DM_VERITY_ROOTFS_VHD);
        set(&mut options.dm_verity_mode, all.bool(keys::DM_VERITY_MODE));
        options.dm_verity_create_args = all.string(keys::DM_VERITY_CREATE_ARGS);

        options.assigned_devices = take_devices(spec);
        options
    }

    /// The options of a VM that nobody asks anything else of.
    fn usual(common: UvmOptions, host: &Host<'_>) -> Self {
        let mut options = Self {
            common,
            confidential: ConfidentialOptions {
                uvm_reference_info_file: REFERENCE_INFO.to_owned(),
                uvm_hash_envelope_reference_info_file: HASH_ENVELOPE_REFERENCE_INFO.to_owned(),
                ..ConfidentialOptions::default()
            },
            dm_verity_rootfs_vhd: String::new(),
            dm_verity_mode: false,
            dm_verity_create_args: String::new(),
            boot_files_path: String::new(),
            kernel_file: KERNEL.to_owned(),
            kernel_direct: host.build >= DIRECT_BOOT_BUILD && !host.is_arm64,
            rootfs_file: INITRD.to_owned(),
            kernel_boot_options: String::new(),
            use_guest_connection: true,
            exec_command_line: format!(
                "/bin/gcs -v4 -log-format json -loglevel {}",
                host.log_level
            ),
            forward_stdout: false,
            forward_stderr: true,
            vpmem_device_count: if host.is_arm64 { 0 } else { 64 },
            vpmem_size_bytes: 4 << 30,
            vpmem_no_multi_mapping: host.build < build::V19H1,
            preferred_rootfs_type: RootfsType::Initrd,
            enable_cold_discard_hint: false,
            vpci_enabled: false,
            enable_scratch_encryption: false,
            disable_time_sync_service: false,
            hcl_enabled: None,
            extra_vsock_ports: None,
            assigned_devices: None,
            policy_based_routing: false,
            writable_overlay_dirs: false,
        };
        let beside_program = windows_path::join(host.program_folder, "LinuxBootFiles");
        let folder = if (host.exists)(&beside_program) {
            beside_program
        } else {
            windows_path::join(host.program_files, "Linux Containers")
        };
        options.boot_from(&folder, host);
        options
    }

    /// Takes the boot files from a folder: a root filesystem on a disk rather than
    /// an initial RAM disk, and an uncompressed kernel, where it has them.
    fn boot_from(&mut self, folder: &str, host: &Host<'_>) {
        let folder = host.absolute(folder);
        if self.boot_files_path.to_lowercase() == folder.to_lowercase() {
            return;
        }
        if host.has(&folder, ROOTFS_VHD) {
            self.rootfs_file = ROOTFS_VHD.to_owned();
            self.preferred_rootfs_type = RootfsType::Vhd;
        }
        if self.kernel_direct && host.has(&folder, UNCOMPRESSED_KERNEL) {
            self.kernel_file = UNCOMPRESSED_KERNEL.to_owned();
        }
        self.boot_files_path = folder;
    }

    fn choose_rootfs(&mut self, spec: &Spec) {
        match spec.annotations().get(keys::PREFERRED_ROOTFS_TYPE) {
            Some("initrd") => self.preferred_rootfs_type = RootfsType::Initrd,
            Some("vhd") => self.preferred_rootfs_type = RootfsType::Vhd,
            Some(value) => warn!(value, "the preferred root filesystem must be 'initrd' or 'vhd'"),
            None => {}
        }
        let file = match self.preferred_rootfs_type {
            RootfsType::Initrd => INITRD,
            RootfsType::Vhd => ROOTFS_VHD,
            RootfsType::None => return,
        };
        self.rootfs_file = file.to_owned();
    }

    /// Sets what a security policy leaves no choice of. Without the hardware for
    /// it the VM starts as any other: nothing in it can be attested then.
    fn secure(&mut self, spec: &Spec) {
        let all = spec.annotations();
        let confidential = &mut self.confidential;
        confidential.security_policy = all.string(keys::LCOW_SECURITY_POLICY);
        confidential.security_policy_enforcer = all.string(keys::LCOW_SECURITY_POLICY_ENFORCER);
        for (file, key) in [
            (&mut confidential.uvm_reference_info_file, keys::LCOW_REFERENCE_INFO_FILE),
            (
                &mut confidential.uvm_hash_envelope_reference_info_file,
                keys::UVM_HASH_ENVELOPE_REFERENCE_INFO_FILE,
            ),
        ] {
            set_string(file, spec, key);
        }
        if confidential.security_policy.is_empty() {
            return;
        }
        confidential.security_policy_enabled = true;
        self.enable_scratch_encryption =
            all.bool(keys::LCOW_ENCRYPTED_SCRATCH_DISK).unwrap_or(true);
        if all.bool(keys::NO_SECURITY_HARDWARE) == Some(true) {
            return;
        }
        confidential.guest_state_file_path = GUEST_STATE.to_owned();
        // The kernel and its command line are in the guest state, and such a
        // kernel knows no persistent memory.
        self.vpmem_device_count = 0;
        self.kernel_boot_options = String::new();
        self.common.allow_overcommit = false;
        self.preferred_rootfs_type = RootfsType::None;
        self.rootfs_file = String::new();
        self.dm_verity_rootfs_vhd = ROOTFS_VHD.to_owned();
        self.dm_verity_mode = true;
    }
}

fn set<T>(option: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *option = value;
    }
}

fn set_string(option: &mut String, spec: &Spec, key: &str) {
    set(option, spec.annotations().get(key).map(str::to_owned));
}

/// Takes the devices off a spec. Those of other kinds are left out with a warning.
fn take_devices(spec: &mut Spec) -> Option<Vec<VpciDeviceId>> {
    let devices = std::mem::take(&mut spec.windows.as_mut()?.devices);
    if devices.is_empty() {
        return None;
    }
    let taken = devices.into_iter().filter_map(|device| {
        if matches!(device.id_type.as_str(), "vpci" | "vpci-instance-id" | "gpu") {
            return Some(VpciDeviceId::parse(&device.id));
        }
        warn!(device = device.id, kind = device.id_type, "device left out: its type is invalid");
        None
    });
    Some(taken.collect())
}

impl VpciDeviceId {
    /// A device, and behind a `/` or `\` the number of its function, if it has one.
    pub fn parse(id: &str) -> Self {
        let index = windows_path::file_name(id);
        match index.parse() {
            Ok(virtual_function_index) if !index.starts_with('+') => {
                Self { device_instance_id: windows_path::parent(id), virtual_function_index }
            }
            _ => Self { device_instance_id: id.to_owned(), virtual_function_index: 0 },
        }
    }
}
