//! Every document type by the name that the reference has for it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use hcs_schema::{guest_request, schema1, schema2};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// A document type.
pub(crate) struct Type {
    /// The reference's package.
    pub(crate) package: &'static str,
    /// The reference's name.
    pub(crate) name: &'static str,
    /// The text of the default value.
    pub(crate) zero: fn() -> String,
    /// Reads a text into the type and writes it again.
    pub(crate) rewrite: fn(&str) -> serde_json::Result<String>,
}

fn zero<T: Default + Serialize>() -> String {
    serde_json::to_string(&T::default()).unwrap()
}

fn rewrite<T: DeserializeOwned + Serialize>(text: &str) -> serde_json::Result<String> {
    serde_json::to_string(&serde_json::from_str::<T>(text)?)
}

macro_rules! types {
    ($($package:literal $module:ident: $($name:ident,)+;)+) => {
        /// All of them.
        pub(crate) const TYPES: &[Type] = &[$($(Type {
            package: $package,
            name: stringify!($name),
            zero: zero::<$module::$name>,
            rewrite: rewrite::<$module::$name>,
        },)+)+];
    };
}

types! {
    "schema1" schema1:
        AssignedDevice, ComputeSystemQuery, ContainerConfig, ContainerProperties,
        GuestConnectionInfo, GuestDefinedCapabilities, HvRuntime, Layer, MappedDir, MappedPipe,
        MappedVirtualDisk, MappedVirtualDiskController, MemoryStats, NetworkStats, ProcessConfig,
        ProcessListItem, ProcessorStats, PropertyQuery, ResourceModificationRequestResponse,
        Statistics, StorageStats,
    ;
    "schema2" schema2:
        APIKey, Attachment, BasicAuth, Battery, BlackoutExitedEventDetails, BlkIOEntry, BlkIOStat,
        CPUStat, CPUUsage, CacheQueryStatsResponse, CgroupStats, Chipset, CimMount, CloseHandle,
        ComPort, CompatibilityInfo, ComputeSystem, Configuration, ConsoleSize, Container,
        ContainerCredentialGuardAddInstanceRequest, ContainerCredentialGuardHvSocketServiceConfig,
        ContainerCredentialGuardInstance, ContainerCredentialGuardOperationRequest,
        ContainerCredentialGuardRemoveInstanceRequest, ContainerCredentialGuardState,
        ContainerCredentialGuardSystemInfo, ContainerDefinitionDevice, ContainerMemoryInformation,
        CpuGroup, CpuGroupAffinity, CpuGroupConfig, CpuGroupConfigurations, CpuGroupProperty,
        CreateGroupOperation, DebugOptions, DeleteGroupOperation, Device, DeviceCategory,
        DeviceExtension, DeviceExtensionNamespace, DeviceInstance, DeviceNamespace, Devices,
        EnhancedModeVideo, FirmwareFile, FlexibleIoDevice, GuestConnection, GuestConnectionInfo,
        GuestCrashReporting, GuestOs, GuestState, HostProcessorModificationRequest, HostedSystem,
        HugetlbStat, HvSocket, HvSocket2, HvSocketAddress, HvSocketServiceConfig,
        HvSocketSystemConfig, InterfaceClass, IovSettings, IsolationSettings, Keyboard, Layer,
        LinuxKernelDirect, LogicalProcessor, MappedDirectory, MappedPipe, Memory, MemoryEntry,
        MemoryInformationForVm, MemoryMigrationTransferThrottleParams, MemoryOomControl, MemoryStat,
        MemoryStats, Metrics, MigrationCancelOptions, MigrationCompressionSettings,
        MigrationFinalizedOptions, MigrationInitializeOptions, MigrationNetworkSettings,
        MigrationStartOptions, MigrationTransferOptions, ModificationRequest, ModifySettingRequest,
        Mouse, NetworkAdapter, NetworkStat, Networking, Numa, NumaNode, NumaNodeMemory,
        NumaNodeProcessor, NumaProcessors, NumaSetting, ObjectDirectory, ObjectNamespace,
        ObjectSymlink, OperationSystemMigrationNotificationInfo, PauseNotification, PauseOptions,
        PidsStat, Plan9, Plan9Share, ProcessDetails, ProcessModifyRequest, ProcessParameters,
        ProcessStatus, Processor, ProcessorLimits, ProcessorStats, ProcessorTopology, Properties,
        PropertyQuery, PropertyResponse, Range, RdmaEntry, RdmaStat, RdpConnectionOptions,
        RegistryChanges, RegistryKey, RegistryValue, RestoreState, SaveOptions, Scsi,
        SecuritySettings, ServiceProperties, SharedMemoryConfiguration, SharedMemoryRegion,
        SharedMemoryRegionInfo, SiloProperties, StartOptions, Statistics, Storage, StorageQoS,
        StorageStats, SystemTime, Throttle, TimeZoneInformation, Topology, Uefi, UefiBootEntry,
        Version, VideoMonitor, VirtualMachine, VirtualMachineMemory, VirtualMachineProcessor,
        VirtualNodeInfo, VirtualPMemController, VirtualPMemDevice, VirtualPMemMapping,
        VirtualPciDevice, VirtualPciFunction, VirtualSmb, VirtualSmbShare, VirtualSmbShareOptions,
        VmMemory, WindowsCrashReporting,
    ;
    "guestrequest" guest_request:
        NetworkModifyRequest, RS4NetworkModifyRequest,
    ;
}

/// What the reference writes for a type.
#[derive(serde::Deserialize)]
pub(crate) struct Row {
    pub(crate) pkg: String,
    #[serde(rename = "type")]
    pub(crate) name: String,
    pub(crate) zero: Box<RawValue>,
    pub(crate) full: Box<RawValue>,
    pub(crate) reread: Option<Box<RawValue>>,
}

impl Row {
    /// The type that the row is about.
    pub(crate) fn rust_type(&self) -> Option<&'static Type> {
        TYPES.iter().find(|ty| ty.package == self.pkg && ty.name == self.name)
    }
}

/// The rows of `HCSSHIM_GOLDEN`, else of the copy kept here, and those derived.
pub(crate) fn rows() -> Vec<Row> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let recorded = env::var_os("HCSSHIM_GOLDEN").map_or_else(|| own.clone(), PathBuf::from);
    let mut rows: Vec<Row> = Vec::new();
    let files = ["schema1", "schema2", "guestrequest"]
        .map(|name| recorded.join(format!("schema/{name}.jsonl")));
    for file in files.into_iter().chain([own.join("derived.jsonl")]) {
        let text =
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for line in text.lines() {
            let row: Row = serde_json::from_str(line).unwrap();
            if !rows.iter().any(|known| known.pkg == row.pkg && known.name == row.name) {
                rows.push(row);
            }
        }
    }
    rows
}
