//! Schema 2: the documents of the second generation of compute systems.
//!
//! [`ComputeSystem`] describes a container or a virtual machine, [`ProcessParameters`] a process
//! in it; [`ModifySettingRequest`] changes a running system, and [`PropertyQuery`] asks for its
//! [`Properties`].

mod adapters;
mod client;
mod container;
mod cpu_group;
mod credential_guard;
mod device_extension;
mod devices;
mod disks;
mod hv_socket;
mod metrics;
mod migration;
mod numa;
mod process;
mod properties;
mod registry;
mod shares;
mod storage;
mod system;
mod time_zone;
mod topology;
mod vm;

pub use adapters::{
    InterruptModerationName, InterruptModerationValue, IovSettings, NetworkAdapter,
    VirtualPciDevice, VirtualPciFunction,
};
pub use client::{APIKey, BasicAuth, Configuration, ContextKey};
pub use container::{
    Container, Device, DeviceType, GuestOs, IsolationType, MappedDirectory, MappedPipe, Memory,
    Networking, Processor, SiloProperties,
};
pub use cpu_group::{
    CPUGroupOperation, CPUGroupPropertyCode, CpuGroup, CpuGroupAffinity, CpuGroupConfig,
    CpuGroupConfigurations, CpuGroupProperty, CreateGroupOperation, DeleteGroupOperation,
    HostProcessorModificationRequest, LogicalProcessor, ProcessorLimits, ProcessorTopology,
};
pub use credential_guard::{
    ContainerCredentialGuardAddInstanceRequest, ContainerCredentialGuardHvSocketServiceConfig,
    ContainerCredentialGuardInstance, ContainerCredentialGuardModifyOperation,
    ContainerCredentialGuardOperationRequest, ContainerCredentialGuardRemoveInstanceRequest,
    ContainerCredentialGuardState, ContainerCredentialGuardSystemInfo,
};
pub use device_extension::{
    ContainerDefinitionDevice, DeviceCategory, DeviceExtension, DeviceExtensionNamespace,
    DeviceInstance, DeviceNamespace, InterfaceClass, ObjectDirectory, ObjectNamespace,
    ObjectSymlink,
};
pub use devices::{
    Battery, ComPort, Devices, EnhancedModeVideo, FlexibleIoDevice, GuestCrashReporting, Keyboard,
    Mouse, RdpConnectionOptions, SharedMemoryConfiguration, SharedMemoryRegion,
    SharedMemoryRegionInfo, VideoMonitor, WindowsCrashReporting,
};
pub use disks::{Attachment, Scsi, VirtualPMemController, VirtualPMemDevice, VirtualPMemMapping};
pub use hv_socket::{
    HvSocket, HvSocket2, HvSocketAddress, HvSocketServiceConfig, HvSocketSystemConfig,
};
pub use metrics::{
    BlkIOEntry, BlkIOStat, CPUStat, CPUUsage, CgroupStats, HugetlbStat, MemoryEntry,
    MemoryOomControl, MemoryStat, Metrics, NetworkStat, PidsStat, RdmaEntry, RdmaStat, Throttle,
};
pub use migration::{
    BlackoutExitedEventDetails, CompatibilityInfo, MemoryMigrationTransferThrottleParams,
    MigrationCancelOptions, MigrationCompressionSettings, MigrationEvent, MigrationFinalOperation,
    MigrationFinalizedOptions, MigrationInitializeOptions, MigrationMemoryTransport,
    MigrationNetworkSettings, MigrationOrigin, MigrationResult, MigrationStartOptions,
    MigrationTransferOptions, OperationSystemMigrationNotificationInfo, StartOptions,
};
pub use numa::{
    Numa, NumaNode, NumaNodeMemory, NumaNodeProcessor, NumaProcessors, NumaSetting, Range,
};
pub use process::{
    CloseHandle, ConsoleSize, ProcessDetails, ProcessModifyRequest, ProcessParameters,
    ProcessStatus,
};
pub use properties::{
    CacheQueryStatsResponse, ContainerMemoryInformation, GuestConnectionInfo,
    MemoryInformationForVm, MemoryStats, ProcessorStats, Properties, PropertyQuery,
    PropertyResponse, PropertyType, Statistics, StorageStats, VirtualNodeInfo, VmMemory,
};
pub use registry::{RegistryChanges, RegistryHive, RegistryKey, RegistryValue, RegistryValueType};
pub use shares::{
    Plan9, Plan9Share, Plan9ShareFlags, VirtualSmb, VirtualSmbShare, VirtualSmbShareOptions,
};
pub use storage::{CimMount, FileSystemFilterType, Layer, Storage, StorageQoS};
pub use system::{
    ComputeSystem, HostedSystem, ModificationRequest, ModifySettingRequest, PauseNotification,
    PauseOptions, SaveOptions, ServiceProperties, Version,
};
pub use time_zone::{SystemTime, TimeZoneInformation};
pub use topology::{
    MemoryBackingType, Topology, VirtualMachineMemory, VirtualMachineProcessor, VirtualSlitType,
};
pub use vm::{
    Chipset, DebugOptions, FirmwareFile, GuestConnection, GuestState, IsolationSettings,
    LinuxKernelDirect, RestoreState, SecuritySettings, Uefi, UefiBootEntry, VirtualMachine,
};
