//! Processors of the host: their topology, and the groups they are split into.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::document::document;
use crate::field::field;
use crate::string_enum::string_enum;

document! {
    /// The CPU group that a virtual machine belongs to.
    pub struct CpuGroup {
        /// The group's id, a GUID.
        pub id: String = "Id",
    }

    /// All CPU groups of the host.
    pub struct CpuGroupConfigurations {
        /// The groups.
        pub cpu_groups: Vec<CpuGroupConfig> = "CpuGroups",
    }

    /// A CPU group.
    pub struct CpuGroupConfig {
        /// The group's id, a GUID.
        pub group_id: String = "GroupId",
        /// The processors that it has.
        pub affinity: Option<CpuGroupAffinity> = "Affinity",
        /// Its properties.
        pub group_properties: Vec<CpuGroupProperty> = "GroupProperties",
        /// The hypervisor's number of the group.
        pub hypervisor_group_id: u64 = "HypervisorGroupId",
    }

    /// The processors of a CPU group.
    pub struct CpuGroupAffinity {
        /// How many.
        pub logical_processor_count: i32 = "LogicalProcessorCount",
        /// Their numbers.
        pub logical_processors: Vec<i32> = "LogicalProcessors",
    }

    /// A property of a CPU group.
    pub struct CpuGroupProperty {
        /// Which property.
        pub property_code: CPUGroupPropertyCode = "PropertyCode",
        /// Its value.
        pub property_value: u32 = "PropertyValue",
    }

    /// A change to the host's processors.
    pub struct HostProcessorModificationRequest {
        /// What is done.
        pub operation: CPUGroupOperation = "Operation",
        /// A [`CreateGroupOperation`], [`DeleteGroupOperation`] or a property to set.
        pub operation_details: Option<Value> = "OperationDetails",
    }

    /// A CPU group to create.
    pub struct CreateGroupOperation {
        /// The group's id, a GUID.
        pub group_id: String = "GroupId",
        /// The number of its processors.
        pub logical_processor_count: u32 = "LogicalProcessorCount",
        /// The numbers of its processors.
        pub logical_processors: Vec<u32> = "LogicalProcessors",
    }

    /// A CPU group to delete.
    pub struct DeleteGroupOperation {
        /// The group's id, a GUID.
        pub group_id: String = "GroupId",
    }

    /// The host's processors.
    pub struct ProcessorTopology {
        /// How many.
        pub logical_processor_count: u32 = "LogicalProcessorCount",
        /// Each of them.
        pub logical_processors: Vec<LogicalProcessor> = "LogicalProcessors",
    }

    /// A processor of the host.
    pub struct LogicalProcessor {
        /// Its number.
        pub lp_index: u32 = "LpIndex",
        /// Its NUMA node.
        pub node_number: u8 = "NodeNumber",
        /// Its package (socket).
        pub package_id: u32 = "PackageId",
        /// Its core.
        pub core_id: u32 = "CoreId",
        /// The number that the root partition has for it.
        pub root_vp_index: i32 = "RootVpIndex",
    }

    /// The limits of a running virtual machine's processor time.
    pub struct ProcessorLimits {
        /// The most time of each processor, in thousandths of a percent.
        pub limit: u64 = "Limit",
        /// The share relative to other machines.
        pub weight: u64 = "Weight",
        /// The time of each processor that is kept, in thousandths of a percent.
        pub reservation: u64 = "Reservation",
        /// The highest frequency in MHz; 0 for no limit.
        pub maximum_frequency_mhz: u32 = "MaximumFrequencyMHz",
    }
}

string_enum! {
    /// What is done with a CPU group.
    pub enum CPUGroupOperation {
        /// It is created.
        CreateGroup = "CreateGroup",
        /// It is deleted.
        DeleteGroup = "DeleteGroup",
        /// A property of it is set.
        SetProperty = "SetProperty",
    }
}

/// The number of a CPU group's property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CPUGroupPropertyCode(pub u32);

impl CPUGroupPropertyCode {
    /// The most processor time of the group.
    pub const CPU_CAPACITY: Self = Self(0x0001_0000);
    /// The group's scheduling priority.
    pub const CPU_SCHEDULING_PRIORITY: Self = Self(0x0002_0000);
    /// How many idle processors are kept for the group.
    pub const IDLE_LP_RESERVE: Self = Self(0x0003_0000);
}

field! { CPUGroupPropertyCode => |value| value.0 == 0; }
