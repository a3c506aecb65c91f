//! What is known of a running system.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::MappedVirtualDisk;
use crate::document::document;
use crate::schema2::Version;
use crate::{SystemType, Timestamp};

document! {
    /// A compute system's properties; also an entry of the list of all compute systems.
    pub struct ContainerProperties {
        /// The system's id.
        pub id: String = always "Id",
        /// Its state, such as `Created`, `Running`, `Paused` or `Stopped`.
        pub state: String = always "State",
        /// Its name.
        pub name: String = always "Name",
        /// Its kind.
        pub system_type: SystemType = always "SystemType",
        /// The operating system inside: `Windows` or `Linux`.
        pub runtime_os_type: String = "RuntimeOsType",
        /// Who manages it.
        pub owner: String = always "Owner",
        /// The GUID of its silo; for process isolation.
        pub silo_guid: String = "SiloGuid",
        /// The GUID of its runtime: for a virtual machine the machine's id.
        pub runtime_id: Uuid = "RuntimeId",
        /// Whether it is a template for other utility VMs.
        pub is_runtime_template: bool = "IsRuntimeTemplate",
        /// The image that it runs.
        pub runtime_image_path: String = "RuntimeImagePath",
        /// Whether it has stopped.
        pub stopped: bool = "Stopped",
        /// How it ended, such as `UnexpectedExit`.
        pub exit_type: String = "ExitType",
        /// Whether updates wait to be installed.
        pub are_updates_pending: bool = "AreUpdatesPending",
        /// The root of its object namespace.
        pub ob_root: String = "ObRoot",
        /// Its statistics, where they were asked for.
        pub statistics: Statistics = "Statistics",
        /// Its processes, where they were asked for.
        pub process_list: Vec<ProcessListItem> = "ProcessList",
        /// The controllers of its virtual disks by number, where they were asked for.
        pub mapped_virtual_disk_controllers: BTreeMap<i64, MappedVirtualDiskController> = "MappedVirtualDiskControllers",
        /// The connection to its guest, where it was asked for.
        pub guest_connection_info: GuestConnectionInfo = "GuestConnectionInfo",
    }

    /// Figures about a running system.
    pub struct Statistics {
        /// When the figures were taken.
        pub timestamp: Timestamp = "Timestamp",
        /// When the system started.
        pub container_start_time: Timestamp = "ContainerStartTime",
        /// Time since the start, in units of 100 ns.
        pub uptime_100ns: u64 = "Uptime100ns",
        /// Memory in use.
        pub memory: MemoryStats = "Memory",
        /// Processor time used.
        pub processor: ProcessorStats = "Processor",
        /// Storage traffic.
        pub storage: StorageStats = "Storage",
        /// Network traffic, for each endpoint.
        pub network: Vec<NetworkStats> = "Network",
    }

    /// Memory in use.
    pub struct MemoryStats {
        /// Bytes committed.
        pub usage_commit_bytes: u64 = "MemoryUsageCommitBytes",
        /// The most bytes committed at a time.
        pub usage_commit_peak_bytes: u64 = "MemoryUsageCommitPeakBytes",
        /// Bytes of private working set.
        pub usage_private_working_set_bytes: u64 = "MemoryUsagePrivateWorkingSetBytes",
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

    /// Network traffic of an endpoint.
    pub struct NetworkStats {
        /// Bytes that came in.
        pub bytes_received: u64 = "BytesReceived",
        /// Bytes that went out.
        pub bytes_sent: u64 = "BytesSent",
        /// Packets that came in.
        pub packets_received: u64 = "PacketsReceived",
        /// Packets that went out.
        pub packets_sent: u64 = "PacketsSent",
        /// Incoming packets that were dropped.
        pub dropped_packets_incoming: u64 = "DroppedPacketsIncoming",
        /// Outgoing packets that were dropped.
        pub dropped_packets_outgoing: u64 = "DroppedPacketsOutgoing",
        /// The endpoint's id.
        pub endpoint_id: String = "EndpointId",
        /// The id of the endpoint's instance.
        pub instance_id: String = "InstanceId",
    }

    /// A process of a running system.
    pub struct ProcessListItem {
        /// When the process was created.
        pub create_timestamp: Timestamp = "CreateTimestamp",
        /// The program's name.
        pub image_name: String = "ImageName",
        /// Time in kernel mode, in units of 100 ns.
        pub kernel_time_100ns: u64 = "KernelTime100ns",
        /// Bytes committed.
        pub memory_commit_bytes: u64 = "MemoryCommitBytes",
        /// Bytes of private working set.
        pub memory_working_set_private_bytes: u64 = "MemoryWorkingSetPrivateBytes",
        /// Bytes of shared working set.
        pub memory_working_set_shared_bytes: u64 = "MemoryWorkingSetSharedBytes",
        /// The process id.
        pub process_id: u32 = "ProcessId",
        /// Time in user mode, in units of 100 ns.
        pub user_time_100ns: u64 = "UserTime100ns",
    }

    /// A controller of virtual disks.
    pub struct MappedVirtualDiskController {
        /// The disks by their number on the controller.
        pub mapped_virtual_disks: BTreeMap<i64, MappedVirtualDisk> = "MappedVirtualDisks",
    }

    /// The connection to the agent in a utility VM.
    pub struct GuestConnectionInfo {
        /// The schema versions that the guest understands.
        pub supported_schema_versions: Vec<Version> = "SupportedSchemaVersions",
        /// The version of the protocol that was agreed on.
        pub protocol_version: u32 = "ProtocolVersion",
        /// What the guest can do.
        pub guest_defined_capabilities: GuestDefinedCapabilities = "GuestDefinedCapabilities",
    }

    /// What the agent in a utility VM can do.
    pub struct GuestDefinedCapabilities {
        /// Namespaces can be added on their own.
        pub namespace_add_request_supported: bool = "NamespaceAddRequestSupported",
        /// Processes can be signalled.
        pub signal_process_supported: bool = "SignalProcessSupported",
        /// The agent's stacks can be dumped.
        pub dump_stacks_supported: bool = "DumpStacksSupported",
        /// The state of a container that has ended can be deleted.
        pub delete_container_state_supported: bool = "DeleteContainerStateSupported",
        /// Containers can be updated while they run.
        pub update_container_supported: bool = "UpdateContainerSupported",
        /// The agent can forward logs.
        pub log_forwarding_supported: bool = "LogForwardingSupported",
        /// Containers of the host-process kind can run.
        pub host_process_container_supported: bool = "HostProcessContainerSupported",
    }
}
