//! NUMA nodes.

use super::MemoryBackingType;
use crate::document::document;

document! {
    /// How a virtual machine is spread over NUMA nodes.
    pub struct Numa {
        /// The number of virtual nodes.
        pub virtual_node_count: u8 = "VirtualNodeCount",
        /// The host's nodes to use, the first choice first.
        pub preferred_physical_nodes: Vec<i64> = "PreferredPhysicalNodes",
        /// Each virtual node.
        pub settings: Vec<NumaSetting> = "Settings",
        /// The most memory of a node, in megabytes.
        pub max_size_per_node: u64 = "MaxSizePerNode",
    }

    /// A virtual node.
    pub struct NumaSetting {
        /// Its number.
        pub virtual_node_number: u32 = "VirtualNodeNumber",
        /// The host's node that it lies on.
        pub physical_node_number: u32 = "PhysicalNodeNumber",
        /// The virtual socket that it belongs to.
        pub virtual_socket_number: u32 = "VirtualSocketNumber",
        /// The number of its processors.
        pub count_of_processors: u32 = "CountOfProcessors",
        /// The amount of its memory, in megabytes.
        pub count_of_memory_blocks: u64 = "CountOfMemoryBlocks",
        /// What is behind its memory.
        pub memory_backing_type: MemoryBackingType = "MemoryBackingType",
    }

    /// How processors are spread over virtual nodes.
    pub struct NumaProcessors {
        /// Processors of a node.
        pub count_per_node: Range = "count_per_node",
        /// Nodes of a socket.
        pub node_per_socket: u32 = "node_per_socket",
    }

    /// A number with a limit.
    pub struct Range {
        /// The most.
        pub max: u32 = "max",
    }

    /// Where a virtual node lies.
    pub struct NumaNode {
        /// The virtual node's number.
        pub virtual_node_index: u32 = "VirtualNodeIndex",
        /// The host's node.
        pub physical_node_index: u32 = "PhysicalNodeIndex",
    }

    /// Memory of a host's node, in pages.
    pub struct NumaNodeMemory {
        /// All that machines may use.
        pub total_consumable_memory_in_pages: u64 = "TotalConsumableMemoryInPages",
        /// What is free.
        pub available_memory_in_pages: u64 = "AvailableMemoryInPages",
    }

    /// Processors of a host's node.
    pub struct NumaNodeProcessor {
        /// How many are assigned to machines.
        pub total_assigned_processors: u32 = "TotalAssignedProcessors",
        /// How many there are.
        pub total_available_processors: u32 = "TotalAvailableProcessors",
    }
}
