//! The options of a utility VM.

mod lcow;
mod wcow;

use std::collections::BTreeMap;

use hcs_schema::schema2::HvSocketServiceConfig;
use uuid::Uuid;

use crate::{InvalidGuid, Spec, hv_socket_table, internal_keys, keys, windows_path};

pub use lcow::{LcowOptions, RootfsType, VpciDeviceId};
pub use wcow::{IsolationType, WcowOptions};

/// What the options take from the host.
#[derive(Clone, Copy)]
pub struct Host<'a> {
    /// The build of Windows.
    pub build: u16,
    /// Whether its processors are ARM64 and not x86-64.
    pub is_arm64: bool,
    /// The number of its processors.
    pub processors: u32,
    /// The folder of the running program.
    pub program_folder: &'a str,
    /// The folder that `%ProgramFiles%` names.
    pub program_files: &'a str,
    /// The folder that a relative path begins at.
    pub current_folder: &'a str,
    /// The level of the log, as the guest agent is told it: `info`, ...
    pub log_level: &'a str,
    /// Whether there is a file or folder of this path.
    pub exists: &'a dyn Fn(&str) -> bool,
}

/// The options that utility VMs of both kinds have.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UvmOptions {
    /// The id of the compute system.
    pub id: String,
    /// Who manages it.
    pub owner: String,
    /// The memory in MB.
    pub memory_size_in_mb: u64,
    /// The size of the low gap for devices, in MB.
    pub low_mmio_gap_in_mb: u64,
    /// Where the high gap for devices begins, in MB.
    pub high_mmio_base_in_mb: u64,
    /// The size of the high gap for devices, in MB.
    pub high_mmio_gap_in_mb: u64,
    /// Whether the memory is virtual memory of the host.
    pub allow_overcommit: bool,
    /// Whether all memory, also that of devices, is physical.
    pub fully_physically_backed: bool,
    /// Whether virtual memory is committed when it is first used.
    pub enable_deferred_commit: bool,
    /// The number of processors.
    pub processor_count: i32,
    /// The most processor time; 0 for no limit.
    pub processor_limit: i32,
    /// The share of processor time; 0 for the default.
    pub processor_weight: i32,
    /// The most storage operations a second; 0 for no limit.
    pub storage_qos_iops_maximum: i32,
    /// The most bytes a second to and from storage; 0 for no limit.
    pub storage_qos_bandwidth_maximum: i32,
    /// The CPU group; empty for none.
    pub cpu_group_id: String,
    /// The resource partition.
    pub resource_partition_id: Option<Uuid>,
    /// The address of the network configuration proxy; empty for none.
    pub network_config_proxy: String,
    /// Where processes that crash leave their dumps; empty for nowhere.
    pub process_dump_location: String,
    /// Whether folders can be shared read-only alone.
    pub no_writable_file_shares: bool,
    /// The number of SCSI controllers.
    pub scsi_controller_count: u32,
    /// The folder for dumps of the VM; empty for none.
    pub dump_directory_path: String,
    /// Hyper-V socket services, by GUID.
    pub additional_hyperv_config: BTreeMap<String, HvSocketServiceConfig>,
    /// The most memory of a virtual NUMA node, in MB.
    pub max_memory_size_per_numa_node: u64,
    /// The most processors of a virtual NUMA node.
    pub max_processors_per_numa_node: u32,
    /// The physical NUMA nodes to prefer.
    pub preferred_physical_numa_nodes: Option<Vec<u32>>,
    /// The physical NUMA node of each virtual one.
    pub numa_mapped_physical_nodes: Option<Vec<u32>>,
    /// The processors of each virtual NUMA node.
    pub numa_processor_counts: Option<Vec<u32>>,
    /// The memory of each virtual NUMA node.
    pub numa_memory_blocks_counts: Option<Vec<u64>>,
    /// The named pipe of the serial console; empty for none.
    pub console_pipe: String,
}

/// The options that confidential utility VMs of both kinds have.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConfidentialOptions {
    /// The file of the guest state; empty for none.
    pub guest_state_file_path: String,
    /// The security policy in base64; empty for none.
    pub security_policy: String,
    /// Whether there is one.
    pub security_policy_enabled: bool,
    /// Which enforcer it is for.
    pub security_policy_enforcer: String,
    /// The file with the measurements of the VM.
    pub uvm_reference_info_file: String,
    /// The file with the signed hashes of the measurements.
    pub uvm_hash_envelope_reference_info_file: String,
}

/// The options of a utility VM.
#[derive(Debug, Clone, PartialEq)]
pub enum CreateOptions {
    /// Of one for Linux containers.
    Lcow(Box<LcowOptions>),
    /// Of one for Windows containers.
    Wcow(Box<WcowOptions>),
}

/// A spec has no utility VM, or one that can't be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// The spec's container does not run in a utility VM.
    #[error("cannot create UVM opts for non-isolated spec")]
    NotIsolated,
    /// The spec has Hyper-V isolation, but is neither of Linux nor of Windows.
    #[error("cannot create UVM opts spec is not LCOW or WCOW")]
    NoSystem,
    /// An annotation is not a GUID.
    #[error(transparent)]
    Guid(#[from] InvalidGuid),
    /// A confidential VM has too little memory.
    #[error("minimum 2048MB of memory is required for confidential pods, got: {0}")]
    TooLittleMemory(u64),
    /// There is no such isolation.
    #[error("invalid WCOW isolation type {0:?}")]
    IsolationType(String),
    /// Disks are to be kept, and nobody says where.
    #[error(
        "{:?} must be set to a non-empty path when {:?} is enabled",
        keys::WCOW_DEBUG_DATA_PATH,
        keys::WCOW_DEBUG_MODE
    )]
    NoDebugDataPath,
}

impl CreateOptions {
    /// The options that a spec asks for. Its annotations have been expanded
    /// ([`crate::process_annotations`]).
    ///
    /// Devices of a Linux spec become devices of the VM and are taken off the
    /// spec, so that its container doesn't get them as well.
    ///
    /// # Errors
    /// The spec is not of a container in a utility VM, or what it asks for can't be.
    pub fn from_spec(
        spec: &mut Spec,
        id: &str,
        owner: &str,
        host: &Host<'_>,
    ) -> Result<Self, OptionsError> {
        if !spec.is_isolated() {
            return Err(OptionsError::NotIsolated);
        }
        let common = UvmOptions::from_spec(spec, id, owner, host)?;
        if spec.is_lcow() {
            Ok(Self::Lcow(Box::new(LcowOptions::from_spec(spec, common, host))))
        } else if spec.is_wcow() {
            Ok(Self::Wcow(Box::new(WcowOptions::from_spec(spec, common, host)?)))
        } else {
            Err(OptionsError::NoSystem)
        }
    }
}

impl UvmOptions {
    fn from_spec(spec: &Spec, id: &str, owner: &str, host: &Host<'_>) -> Result<Self, InvalidGuid> {
        let all = spec.annotations();
        Ok(Self {
            id: id.to_owned(),
            owner: owner.to_owned(),
            memory_size_in_mb: spec.memory_in_mb(keys::MEMORY_SIZE_IN_MB).unwrap_or(1024),
            low_mmio_gap_in_mb: all.u64(keys::MEMORY_LOW_MMIO_GAP_IN_MB).unwrap_or(0),
            high_mmio_base_in_mb: all.u64(keys::MEMORY_HIGH_MMIO_BASE_IN_MB).unwrap_or(0),
            high_mmio_gap_in_mb: all.u64(keys::MEMORY_HIGH_MMIO_GAP_IN_MB).unwrap_or(0),
            allow_overcommit: all.bool(keys::ALLOW_OVERCOMMIT).unwrap_or(true),
            fully_physically_backed: false,
            enable_deferred_commit: all.bool(keys::ENABLE_DEFERRED_COMMIT).unwrap_or(false),
            processor_count: spec
                .cpu_count(keys::PROCESSOR_COUNT)
                .unwrap_or(if host.processors == 1 { 1 } else { 2 }),
            processor_limit: spec.cpu_limit(keys::PROCESSOR_LIMIT).unwrap_or(0),
            processor_weight: spec.cpu_weight(keys::PROCESSOR_WEIGHT).unwrap_or(0),
            storage_qos_iops_maximum: spec
                .storage_iops(keys::STORAGE_QOS_IOPS_MAXIMUM)
                .unwrap_or(0),
            storage_qos_bandwidth_maximum: spec
                .storage_bps(keys::STORAGE_QOS_BANDWIDTH_MAXIMUM)
                .unwrap_or(0),
            cpu_group_id: all.string(keys::CPU_GROUP_ID),
            resource_partition_id: all.guid(keys::RESOURCE_PARTITION_ID)?,
            network_config_proxy: all.string(keys::NETWORK_CONFIG_PROXY),
            process_dump_location: all.string(keys::CONTAINER_PROCESS_DUMP_LOCATION),
            no_writable_file_shares: all.bool(keys::DISABLE_WRITABLE_FILE_SHARES).unwrap_or(false),
            scsi_controller_count: 1,
            dump_directory_path: all.string(keys::DUMP_DIRECTORY_PATH),
            additional_hyperv_config: hv_socket_table(all),
            max_memory_size_per_numa_node: all
                .u64(keys::NUMA_MAXIMUM_MEMORY_SIZE_PER_NODE)
                .unwrap_or(0),
            max_processors_per_numa_node: all
                .u32(keys::NUMA_MAXIMUM_PROCESSORS_PER_NODE)
                .unwrap_or(0),
            preferred_physical_numa_nodes: all.u32_list(keys::NUMA_PREFERRED_PHYSICAL_NODES),
            numa_mapped_physical_nodes: all.u32_list(keys::NUMA_MAPPED_PHYSICAL_NODES),
            numa_processor_counts: all.u32_list(keys::NUMA_COUNT_OF_PROCESSORS),
            numa_memory_blocks_counts: all.u64_list(keys::NUMA_COUNT_OF_MEMORY_BLOCKS),
            console_pipe: all.string(internal_keys::UVM_CONSOLE_PIPE),
        })
    }

    /// Makes all memory physical where the spec asks for it; tells whether it does.
    fn back_physically(&mut self, spec: &Spec) -> bool {
        let all = spec.annotations().bool(keys::FULLY_PHYSICALLY_BACKED) == Some(true);
        if all {
            self.fully_physically_backed = true;
            self.allow_overcommit = false;
        }
        all
    }
}

impl Host<'_> {
    /// A path that begins at a drive.
    fn absolute(&self, path: &str) -> String {
        if windows_path::is_absolute(path) {
            windows_path::clean(path)
        } else {
            windows_path::join(self.current_folder, path)
        }
    }

    fn has(&self, folder: &str, file: &str) -> bool {
        (self.exists)(&windows_path::join(folder, file))
    }
}
