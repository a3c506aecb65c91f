//! What a container is made of.

use crate::SystemType;
use crate::document::document;

document! {
    /// The description from which a container is created.
    pub struct ContainerConfig {
        /// The kind of compute system; must be [`SystemType::Container`].
        pub system_type: SystemType = always "SystemType",
        /// The container's name, mostly its id.
        pub name: String = always "Name",
        /// Who manages the container, such as the name of a platform.
        pub owner: String = "Owner",
        /// The scratch volume, as `\\?\Volume{GUID}`; for process isolation.
        pub volume_path: String = "VolumePath",
        /// Whether flushes to the scratch are ignored until the container has started.
        pub ignore_flushes_during_boot: bool = "IgnoreFlushesDuringBoot",
        /// The folder that holds the scratch layer.
        pub layer_folder_path: String = "LayerFolderPath",
        /// The read-only layers, the topmost first. An empty list is written as `null`.
        pub layers: Vec<Layer> = always "Layers",
        /// A credential specification (JSON text) for a group managed service account.
        pub credentials: String = "Credentials",
        /// The number of processors to make visible; 0 for all.
        pub processor_count: u32 = "ProcessorCount",
        /// The share of processor time relative to other containers, 1 to 10,000; 0 for the default.
        pub processor_weight: u64 = "ProcessorWeight",
        /// The most processor time, in hundredths of a percent, 1 to 10,000; 0 for no limit.
        pub processor_maximum: i64 = "ProcessorMaximum",
        /// The most storage operations a second; 0 for no limit.
        pub storage_iops_maximum: u64 = "StorageIOPSMaximum",
        /// The most bytes a second to and from storage; 0 for no limit.
        pub storage_bandwidth_maximum: u64 = "StorageBandwidthMaximum",
        /// The size of the scratch in bytes; 0 for the default.
        pub storage_sandbox_size: u64 = "StorageSandboxSize",
        /// The most memory in megabytes; 0 for no limit.
        pub memory_maximum_in_mb: i64 = "MemoryMaximumInMB",
        /// The host name that processes in the container see.
        pub host_name: String = "HostName",
        /// Host folders to show in the container.
        pub mapped_directories: Vec<MappedDir> = "MappedDirectories",
        /// Host pipes to show in the container.
        pub mapped_pipes: Vec<MappedPipe> = "MappedPipes",
        /// Whether the container gets a utility VM of its own (hypervisor isolation).
        pub hv_partition: bool = always "HvPartition",
        /// The id of the container whose network is shared.
        pub network_shared_container_name: String = "NetworkSharedContainerName",
        /// The ids of the network endpoints to connect.
        pub endpoint_list: Vec<String> = "EndpointList",
        /// How the utility VM starts; for hypervisor isolation.
        pub hv_runtime: Option<HvRuntime> = "HvRuntime",
        /// Whether the container is for installing updates.
        pub servicing: bool = "Servicing",
        /// Whether names without a dot may be looked up by DNS.
        pub allow_unqualified_dns_query: bool = "AllowUnqualifiedDNSQuery",
        /// The DNS suffixes to try, separated by commas.
        pub dns_search_list: String = "DNSSearchList",
        /// `Linux` for a Linux container in a utility VM, otherwise empty.
        pub container_type: String = "ContainerType",
        /// Whether the container ends when its last handle is closed.
        pub terminate_on_last_handle_closed: bool = "TerminateOnLastHandleClosed",
        /// Virtual disks to mount in the container.
        pub mapped_virtual_disks: Vec<MappedVirtualDisk> = "MappedVirtualDisks",
        /// Host devices to assign to the container.
        pub assigned_devices: Vec<AssignedDevice> = "AssignedDevices",
    }

    /// A read-only layer.
    pub struct Layer {
        /// The layer's id, a GUID.
        pub id: String = always "ID",
        /// The layer's folder on the host.
        pub path: String = always "Path",
    }

    /// A host folder shown in the container.
    pub struct MappedDir {
        /// The folder on the host.
        pub host_path: String = always "HostPath",
        /// Where the container sees it.
        pub container_path: String = always "ContainerPath",
        /// Whether the container may only read it.
        pub read_only: bool = always "ReadOnly",
        /// The most bytes a second; 0 for no limit.
        pub bandwidth_maximum: u64 = always "BandwidthMaximum",
        /// The most operations a second; 0 for no limit.
        pub iops_maximum: u64 = always "IOPSMaximum",
        /// Whether the folder is shown in the utility VM instead of in the container.
        pub create_in_utility_vm: bool = always "CreateInUtilityVM",
        /// Whether Linux owners and modes are kept beside the files.
        pub linux_metadata: bool = "LinuxMetadata",
    }

    /// A host pipe shown in the container.
    pub struct MappedPipe {
        /// The pipe on the host.
        pub host_path: String = always "HostPath",
        /// The pipe's name in the container.
        pub container_pipe_name: String = always "ContainerPipeName",
    }

    /// How the utility VM of a container starts.
    pub struct HvRuntime {
        /// The folder of the utility VM's image.
        pub image_path: String = "ImagePath",
        /// Whether the VM is booted rather than cloned from a template.
        pub skip_template: bool = "SkipTemplate",
        /// The file of the Linux initial RAM disk, below the image's folder.
        pub linux_initrd_file: String = "LinuxInitrdFile",
        /// The file of the Linux kernel, below the image's folder.
        pub linux_kernel_file: String = "LinuxKernelFile",
        /// What is added to the Linux kernel's command line.
        pub linux_boot_parameters: String = "LinuxBootParameters",
        /// What to boot from: `Vhd` for a virtual disk.
        pub boot_source: String = "BootSource",
        /// Whether the boot source may be written to.
        pub writable_boot_source: bool = "WritableBootSource",
    }

    /// A virtual disk mounted in a container.
    pub struct MappedVirtualDisk {
        /// The disk's file on the host.
        pub host_path: String = "HostPath",
        /// Where the disk is mounted.
        pub container_path: String = always "ContainerPath",
        /// Whether the disk is mounted in the utility VM instead of in the container.
        pub create_in_utility_vm: bool = "CreateInUtilityVM",
        /// Whether the disk may only be read.
        pub read_only: bool = "ReadOnly",
        /// The host's cache: empty, `Disabled`, `Enabled`, `Private` or `PrivateAllowSharing`.
        pub cache: String = "Cache",
        /// Whether the disk is attached without mounting it.
        pub attach_only: bool = "AttachOnly",
    }

    /// A host device assigned to a container.
    pub struct AssignedDevice {
        /// The GUID of the interface class that the device belongs to.
        pub interface_class_guid: String = "InterfaceClassGuid",
    }
}
