//! What a container is made of.

use super::{
    ContainerCredentialGuardState, ContainerDefinitionDevice, HvSocket, RegistryChanges, Storage,
};
use crate::document::document;
use crate::string_enum::string_enum;

document! {
    /// A container.
    pub struct Container {
        /// What the operating system inside is told.
        pub guest_os: Option<GuestOs> = "GuestOs",
        /// Layers and scratch.
        pub storage: Option<Storage> = "Storage",
        /// Host folders to show in the container.
        pub mapped_directories: Vec<MappedDirectory> = "MappedDirectories",
        /// Host pipes to show in the container.
        pub mapped_pipes: Vec<MappedPipe> = "MappedPipes",
        /// The limit of memory.
        pub memory: Option<Memory> = "Memory",
        /// The limits of processor time.
        pub processor: Option<Processor> = "Processor",
        /// The network.
        pub networking: Option<Networking> = "Networking",
        /// Which Hyper-V sockets may be used.
        pub hv_socket: Option<HvSocket> = "HvSocket",
        /// The credential guard instance of a group managed service account.
        pub container_credential_guard: Option<ContainerCredentialGuardState> = "ContainerCredentialGuard",
        /// Changes to the registry before the start.
        pub registry_changes: Option<RegistryChanges> = "RegistryChanges",
        /// Host devices to assign.
        pub assigned_devices: Vec<Device> = "AssignedDevices",
        /// Devices and object names to add to the container's namespaces.
        pub additional_device_namespace: Option<ContainerDefinitionDevice> = "AdditionalDeviceNamespace",
        /// How the container is set apart, where it isn't as usual.
        pub isolation_type: IsolationType = "IsolationType",
    }

    /// What the operating system in a container is told.
    pub struct GuestOs {
        /// The host name.
        pub host_name: String = "HostName",
    }

    /// A host folder shown in a container.
    pub struct MappedDirectory {
        /// The folder.
        pub host_path: String = "HostPath",
        /// What the path is relative to: `AbsolutePath` (where empty) or `VirtualSmbPipeName`.
        pub host_path_type: String = "HostPathType",
        /// Where the container sees it.
        pub container_path: String = "ContainerPath",
        /// Whether the container may only read it.
        pub read_only: bool = "ReadOnly",
    }

    /// A host pipe shown in a container.
    pub struct MappedPipe {
        /// The pipe's name in the container.
        pub container_pipe_name: String = "ContainerPipeName",
        /// The pipe on the host.
        pub host_path: String = "HostPath",
        /// What the path is relative to: `AbsolutePath` (where empty) or `VirtualSmbPipeName`.
        pub host_path_type: String = "HostPathType",
    }

    /// The limit of a container's memory.
    pub struct Memory {
        /// The most memory in megabytes; 0 for no limit.
        pub size_in_mb: u64 = "SizeInMB",
    }

    /// The limits of a container's processor time.
    pub struct Processor {
        /// The number of processors; 0 for all.
        pub count: i32 = "Count",
        /// The most time, in hundredths of a percent, 1 to 10,000; 0 for no limit.
        pub maximum: i32 = "Maximum",
        /// The share relative to other containers, 1 to 10,000; 0 for the default.
        pub weight: i32 = "Weight",
    }

    /// A container's network.
    pub struct Networking {
        /// Whether names without a dot may be looked up by DNS.
        pub allow_unqualified_dns_query: bool = "AllowUnqualifiedDnsQuery",
        /// The DNS suffixes to try, separated by commas.
        pub dns_search_list: String = "DnsSearchList",
        /// The id of the container whose network is shared.
        pub network_shared_container_name: String = "NetworkSharedContainerName",
        /// The id of the network namespace.
        pub namespace: String = "Namespace",
        /// The ids of the endpoints to connect.
        pub network_adapters: Vec<String> = "NetworkAdapters",
    }

    /// A host device assigned to a container.
    pub struct Device {
        /// How the device is named.
        pub type_: DeviceType = "Type",
        /// The GUID of the interface class; for [`DeviceType::ClassGUID`].
        pub interface_class_guid: String = "InterfaceClassGuid",
        /// The location or instance path; for [`DeviceType::DeviceInstanceID`].
        pub location_path: String = "LocationPath",
    }

    /// The silo (job object) of a container.
    pub struct SiloProperties {
        /// Whether the container has a silo.
        pub enabled: bool = "Enabled",
        /// The name of the job object.
        pub job_name: String = "JobName",
    }
}

string_enum! {
    /// How a container is set apart from its host.
    pub enum IsolationType {
        /// Its processes run in the host's own namespaces.
        HostProcess = "HostProcess",
    }

    /// How an assigned device is named.
    pub enum DeviceType {
        /// All devices of an interface class.
        ClassGUID = "ClassGuid",
        /// One device, by its instance.
        DeviceInstanceID = "DeviceInstance",
        /// A GPU that the host shares.
        GPUMirror = "GpuMirror",
    }
}
