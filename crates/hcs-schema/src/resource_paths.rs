//! Paths of the resources that a
//! [`ModifySettingRequest`](crate::schema2::ModifySettingRequest) changes.

/// GPUs of a virtual machine.
pub const GPU: &str = "VirtualMachine/ComputeTopology/Gpu";
/// The size of a virtual machine's memory.
pub const MEMORY: &str = "VirtualMachine/ComputeTopology/Memory/SizeInMB";
/// The CPU group of a virtual machine.
pub const CPU_GROUP: &str = "VirtualMachine/ComputeTopology/Processor/CpuGroup";
/// The processors of a virtual machine that stay idle.
pub const IDLED_PROCESSORS: &str = "VirtualMachine/ComputeTopology/Processor/IdledProcessors";
/// The highest frequency of a virtual machine's processors.
pub const CPU_FREQUENCY_POWER_CAP: &str =
    "VirtualMachine/ComputeTopology/Processor/CpuFrequencyPowerCap";
/// The limits of a virtual machine's processor time.
pub const CPU_LIMITS: &str = "VirtualMachine/ComputeTopology/Processor/Limits";
/// The licence of a virtual machine.
pub const LICENSING: &str = "VirtualMachine/Devices/Licensing";
/// Folders that a virtual machine sees over Plan 9.
pub const PLAN9_SHARES: &str = "VirtualMachine/Devices/Plan9/Shares";
/// Memory that a virtual machine shares with its host.
pub const SHARED_MEMORY_REGIONS: &str = "VirtualMachine/Devices/SharedMemory/Regions";
/// Folders that a virtual machine sees over SMB.
pub const VIRTUAL_SMB_SHARES: &str = "VirtualMachine/Devices/VirtualSmb/Shares";
/// The socket over which a virtual machine migrates.
pub const LIVE_MIGRATION_SOCKET: &str = "hcs:/VirtualMachine/LiveMigrationSocket";

/// Devices assigned to a container.
pub const SILO_DEVICES: &str = "Container/Devices/Generic";
/// Host folders shown in a container.
pub const SILO_MAPPED_DIRECTORIES: &str = "Container/MappedDirectories";
/// Host pipes shown in a container.
pub const SILO_MAPPED_PIPES: &str = "Container/MappedPipes";
/// The limit of a container's memory.
pub const SILO_MEMORY: &str = "Container/Memory/SizeInMB";
/// Whether a container's registry is flushed.
pub const SILO_REGISTRY_FLUSH_STATE: &str = "Container/RegistryFlushState";
/// The limits of a container's processor time.
pub const SILO_PROCESSOR: &str = "Container/Processor";

/// A serial port of a virtual machine.
pub fn com_port(port: u32) -> String {
    format!("VirtualMachine/Devices/ComPorts/{port}")
}

/// A device that a program emulates for a virtual machine.
pub fn flexible_iov(device: &str) -> String {
    format!("VirtualMachine/Devices/FlexibleIov/{device}")
}

/// A host pipe shown in a virtual machine.
pub fn mapped_pipe(pipe: &str) -> String {
    format!("VirtualMachine/Devices/MappedPipes/{pipe}")
}

/// A network adapter of a virtual machine.
pub fn network_adapter(adapter: &str) -> String {
    format!("VirtualMachine/Devices/NetworkAdapters/{adapter}")
}

/// A disk on a SCSI controller of a virtual machine.
pub fn scsi_attachment(controller: &str, lun: u32) -> String {
    format!("VirtualMachine/Devices/Scsi/{controller}/Attachments/{lun}")
}

/// A PCI device assigned to a virtual machine.
pub fn virtual_pci(device: &str) -> String {
    format!("VirtualMachine/Devices/VirtualPci/{device}")
}

/// A device of a virtual machine's persistent memory.
pub fn virtual_pmem_device(device: u32) -> String {
    format!("VirtualMachine/Devices/VirtualPMem/Devices/{device}")
}

/// A file mapped at an offset (in bytes) of a device of persistent memory.
pub fn virtual_pmem_mapping(device: u32, offset: u64) -> String {
    format!("VirtualMachine/Devices/VirtualPMem/Devices/{device}/Mappings/{offset}")
}

/// The rules of a Hyper-V socket service of a virtual machine, by its GUID.
pub fn hv_socket_service(service: &str) -> String {
    format!("VirtualMachine/Devices/HvSocket/HvSocketConfig/ServiceTable/{service}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_put_in_their_places() {
        assert_eq!(scsi_attachment("0", 5), "VirtualMachine/Devices/Scsi/0/Attachments/5");
        assert_eq!(
            virtual_pmem_mapping(1, 4096),
            "VirtualMachine/Devices/VirtualPMem/Devices/1/Mappings/4096"
        );
        assert_eq!(
            hv_socket_service("g"),
            "VirtualMachine/Devices/HvSocket/HvSocketConfig/ServiceTable/g"
        );
    }
}
