//! What is known of a running compute system.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Metrics, ProcessDetails, SharedMemoryRegionInfo, Version};
use crate::document::document;
use crate::string_enum::string_enum;
use crate::{RawJson, SystemType, Timestamp};

document! {
    /// Which properties to get; none for the basic ones.
    pub struct PropertyQuery {
        /// The properties.
        pub property_types: Vec<PropertyType> = "PropertyTypes",
        /// Questions in the form that belongs to a property, by its name.
        pub queries: BTreeMap<String, Value> = "Queries",
    }

    /// A compute system's properties.
    pub struct Properties {
        /// The system's id.
        pub id: String = "Id",
        /// Its kind.
        pub system_type: SystemType = "SystemType",
        /// The operating system inside: `Windows` or `Linux`.
        pub runtime_os_type: String = "RuntimeOsType",
        /// Its name.
        pub name: String = "Name",
        /// Who manages it.
        pub owner: String = "Owner",
        /// The GUID of its runtime: for a virtual machine the machine's id.
        pub runtime_id: String = "RuntimeId",
        /// The GUID that the host has for it.
        pub system_guid: String = "SystemGUID",
        /// The id of the template that it was cloned from.
        pub runtime_template_id: String = "RuntimeTemplateId",
        /// Its state, such as `Created`, `Running`, `Paused` or `Stopped`.
        pub state: String = "State",
        /// Whether it has stopped.
        pub stopped: bool = "Stopped",
        /// How it ended, such as `UnexpectedExit`.
        pub exit_type: String = "ExitType",
        /// Its memory; for a virtual machine.
        pub memory: Option<MemoryInformationForVm> = "Memory",
        /// Its statistics.
        pub statistics: Option<Statistics> = "Statistics",
        /// Its processes.
        pub process_list: Vec<ProcessDetails> = "ProcessList",
        /// Whether it ends when its last handle is closed.
        pub terminate_on_last_handle_closed: bool = "TerminateOnLastHandleClosed",
        /// The id of the utility VM in which it runs.
        pub hosting_system_id: String = "HostingSystemId",
        /// Memory that it shares with its host.
        pub shared_memory_region_info: Vec<SharedMemoryRegionInfo> = "SharedMemoryRegionInfo",
        /// The connection to its guest.
        pub guest_connection_info: Option<GuestConnectionInfo> = "GuestConnectionInfo",
        /// Answers to the queries, by the property's name.
        pub property_responses: BTreeMap<String, PropertyResponse> = "PropertyResponses",
        /// The metrics of a Linux container in a utility VM.
        pub metrics: Option<Metrics> = "LCOWMetrics",
    }

    /// The answer to a query.
    pub struct PropertyResponse {
        /// The property, in its own form.
        pub response: Option<RawJson> = "Response",
    }

    /// Figures about a running system.
    pub struct Statistics {
        /// When the figures were taken.
        pub timestamp: Timestamp = "Timestamp",
        /// When the system started.
        pub container_start_time: Timestamp = "ContainerStartTime",
        /// Time since the start, in units of 100 ns.
        pub uptime_100ns: u64 = "Uptime100ns",
        /// Processor time used.
        pub processor: Option<ProcessorStats> = "Processor",
        /// Memory in use.
        pub memory: Option<MemoryStats> = "Memory",
        /// Storage traffic.
        pub storage: Option<StorageStats> = "Storage",
    }

    /// Processor time used, in units of 100 ns.
    pub struct ProcessorStats {
        /// All time.
        pub total_runtime_100ns: u64 = "TotalRuntime100ns",
        /// Time in user mode.
        pub runtime_user_100ns: u64 = "RuntimeUser100ns",
        /// Time in kernel mode.
        pub runtime_kernel_100ns: u64 = "RuntimeKernel100ns",
    }

    /// Memory in use.
    pub struct MemoryStats {
        /// Bytes committed.
        pub memory_usage_commit_bytes: u64 = "MemoryUsageCommitBytes",
        /// The most bytes committed at a time.
        pub memory_usage_commit_peak_bytes: u64 = "MemoryUsageCommitPeakBytes",
        /// Bytes of private working set.
        pub memory_usage_private_working_set_bytes: u64 = "MemoryUsagePrivateWorkingSetBytes",
    }

    /// Storage traffic.
    pub struct StorageStats {
        /// Reads, counted in units of 8 KB.
        pub read_count_normalized: u64 = "ReadCountNormalized",
        /// Bytes read.
        pub read_size_bytes: u64 = "ReadSizeBytes",
        /// Writes, counted in units of 8 KB.
        pub write_count_normalized: u64 = "WriteCountNormalized",
        /// Bytes written.
        pub write_size_bytes: u64 = "WriteSizeBytes",
    }

    /// The memory of a virtual machine.
    pub struct MemoryInformationForVm {
        /// The number of virtual NUMA nodes.
        pub virtual_node_count: u32 = "VirtualNodeCount",
        /// All memory.
        pub virtual_machine_memory: Option<VmMemory> = "VirtualMachineMemory",
        /// Each virtual NUMA node.
        pub virtual_nodes: Vec<VirtualNodeInfo> = "VirtualNodes",
    }

    /// The state of a virtual machine's memory, in megabytes.
    pub struct VmMemory {
        /// How much is free, in percent of the demand.
        pub available_memory: i32 = "AvailableMemory",
        /// How much is kept free, in percent of the demand.
        pub available_memory_buffer: i32 = "AvailableMemoryBuffer",
        /// How much is kept for the machine.
        pub reserved_memory: u64 = "ReservedMemory",
        /// How much the machine has.
        pub assigned_memory: u64 = "AssignedMemory",
        /// Whether the host pages the machine's memory out.
        pub slp_active: bool = "SlpActive",
        /// Whether memory is balanced between machines.
        pub balancing_enabled: bool = "BalancingEnabled",
        /// Whether the amount of memory is being changed.
        pub dm_operation_in_progress: bool = "DmOperationInProgress",
    }

    /// A virtual NUMA node.
    pub struct VirtualNodeInfo {
        /// Its number.
        pub virtual_node_index: i32 = "VirtualNodeIndex",
        /// The host's node that it lies on.
        pub physical_node_number: i32 = "PhysicalNodeNumber",
        /// The number of its processors.
        pub virtual_processor_count: i32 = "VirtualProcessorCount",
        /// Its memory in use, in pages.
        pub memory_usage_in_pages: i32 = "MemoryUsageInPages",
    }

    /// The memory of a container.
    pub struct ContainerMemoryInformation {
        /// Bytes of the host.
        pub total_physical_bytes: i32 = "TotalPhysicalBytes",
        /// Bytes in use.
        pub total_usage: i32 = "TotalUsage",
        /// Bytes committed.
        pub committed_bytes: i32 = "CommittedBytes",
        /// Bytes committed that are shared.
        pub shared_committed_bytes: i32 = "SharedCommittedBytes",
        /// The most bytes that may be committed.
        pub commit_limit_bytes: i32 = "CommitLimitBytes",
        /// The most bytes that were committed.
        pub peak_commitment_bytes: i32 = "PeakCommitmentBytes",
    }

    /// The use of the processors' third-level cache.
    pub struct CacheQueryStatsResponse {
        /// Bytes occupied.
        pub l3_occupancy_bytes: i32 = "L3OccupancyBytes",
        /// Bytes carried over the memory bus.
        pub l3_total_bw_bytes: i32 = "L3TotalBwBytes",
        /// Bytes carried over the memory bus of the own node.
        pub l3_local_bw_bytes: i32 = "L3LocalBwBytes",
    }

    /// The connection to the agent in a utility VM.
    pub struct GuestConnectionInfo {
        /// The schema versions that the guest understands.
        pub supported_schema_versions: Vec<Version> = "SupportedSchemaVersions",
        /// The version of the protocol that was agreed on.
        pub protocol_version: i32 = "ProtocolVersion",
        /// What the guest can do, in its own form.
        pub guest_defined_capabilities: Option<Value> = "GuestDefinedCapabilities",
    }
}

string_enum! {
    /// Properties that can be asked for.
    pub enum PropertyType {
        /// The memory of a virtual machine.
        Memory = "Memory",
        /// The memory as the guest sees it.
        GuestMemory = "GuestMemory",
        /// Figures about the running system.
        Statistics = "Statistics",
        /// The processes.
        ProcessList = "ProcessList",
        /// Whether the system ends when its last handle is closed.
        TerminateOnLastHandleClosed = "TerminateOnLastHandleClosed",
        /// Memory shared with the host.
        SharedMemoryRegion = "SharedMemoryRegion",
        /// Credential guard instances; of the compute service.
        ContainerCredentialGuard = "ContainerCredentialGuard",
        /// The connection to the guest.
        GuestConnection = "GuestConnection",
        /// Whether the guest's heartbeat is heard.
        ICHeartbeatStatus = "ICHeartbeatStatus",
        /// The host's processors; of the compute service.
        ProcessorTopology = "ProcessorTopology",
        /// The CPU groups; of the compute service.
        CPUGroup = "CpuGroup",
        /// The GUID that the host has for the system.
        SystemGUID = "SystemGUID",
    }
}
