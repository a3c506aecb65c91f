//! Devices of a virtual machine.

use std::collections::BTreeMap;

use super::{
    HvSocket2, NetworkAdapter, Plan9, Scsi, VirtualPMemController, VirtualPciDevice, VirtualSmb,
};
use crate::document::document;

document! {
    /// Devices of a virtual machine.
    pub struct Devices {
        /// Serial ports by number, from `0`.
        pub com_ports: BTreeMap<String, ComPort> = "ComPorts",
        /// SCSI controllers by number or GUID.
        pub scsi: BTreeMap<String, Scsi> = "Scsi",
        /// The controller of persistent memory.
        pub virtual_pmem: Option<VirtualPMemController> = "VirtualPMem",
        /// Network adapters by GUID.
        pub network_adapters: BTreeMap<String, NetworkAdapter> = "NetworkAdapters",
        /// A screen.
        pub video_monitor: Option<VideoMonitor> = "VideoMonitor",
        /// A keyboard.
        pub keyboard: Option<Keyboard> = "Keyboard",
        /// A mouse.
        pub mouse: Option<Mouse> = "Mouse",
        /// Hyper-V sockets.
        pub hv_socket: Option<HvSocket2> = "HvSocket",
        /// A screen for enhanced sessions.
        pub enhanced_mode_video: Option<EnhancedModeVideo> = "EnhancedModeVideo",
        /// Reports of crashes.
        pub guest_crash_reporting: Option<GuestCrashReporting> = "GuestCrashReporting",
        /// Folders shared over SMB.
        pub virtual_smb: Option<VirtualSmb> = "VirtualSmb",
        /// Folders shared over Plan 9.
        pub plan9: Option<Plan9> = "Plan9",
        /// The host's battery.
        pub battery: Option<Battery> = "Battery",
        /// Devices emulated by a program, by GUID.
        pub flexible_iov: BTreeMap<String, FlexibleIoDevice> = "FlexibleIov",
        /// Memory shared with the host.
        pub shared_memory: Option<SharedMemoryConfiguration> = "SharedMemory",
        /// PCI devices of the host, by GUID.
        pub virtual_pci: BTreeMap<String, VirtualPciDevice> = "VirtualPci",
    }

    /// A serial port.
    pub struct ComPort {
        /// The host's pipe behind it.
        pub named_pipe: String = "NamedPipe",
        /// Whether it is made for a debugger.
        pub optimize_for_debugger: bool = "OptimizeForDebugger",
    }

    /// A screen.
    pub struct VideoMonitor {
        /// Its width in pixels.
        pub horizontal_resolution: i32 = "HorizontalResolution",
        /// Its height in pixels.
        pub vertical_resolution: i32 = "VerticalResolution",
        /// Who may look at it.
        pub connection_options: Option<RdpConnectionOptions> = "ConnectionOptions",
    }

    /// A screen for enhanced sessions.
    pub struct EnhancedModeVideo {
        /// Who may look at it.
        pub connection_options: Option<RdpConnectionOptions> = "ConnectionOptions",
    }

    /// Who may look at a screen.
    pub struct RdpConnectionOptions {
        /// The security identifiers of users who may.
        pub access_sids: Vec<String> = "AccessSids",
        /// The pipe to connect to.
        pub named_pipe: String = "NamedPipe",
    }

    /// A keyboard; it has no settings.
    pub struct Keyboard {
    }

    /// A mouse; it has no settings.
    pub struct Mouse {
    }

    /// The host's battery; it has no settings.
    pub struct Battery {
    }

    /// Reports of a guest's crashes.
    pub struct GuestCrashReporting {
        /// For Windows.
        pub windows_crash_settings: Option<WindowsCrashReporting> = "WindowsCrashSettings",
    }

    /// Reports of crashes of Windows.
    pub struct WindowsCrashReporting {
        /// The file for the dump.
        pub dump_file_name: String = "DumpFileName",
        /// The most bytes of the dump.
        pub max_dump_size: i64 = "MaxDumpSize",
        /// What the dump holds: `Disabled`, `Mini`, `Full` or `Kernel`.
        pub dump_type: String = "DumpType",
    }

    /// A device that a program of the host emulates.
    pub struct FlexibleIoDevice {
        /// The GUID of the program's class.
        pub emulator_id: String = "EmulatorId",
        /// Where it runs: `Internal`, `External` or `ExternalRestricted`.
        pub hosting_model: String = "HostingModel",
        /// What it is told.
        pub configuration: Vec<String> = "Configuration",
    }

    /// Memory that a machine shares with its host.
    pub struct SharedMemoryConfiguration {
        /// The regions.
        pub regions: Vec<SharedMemoryRegion> = "Regions",
    }

    /// A region of shared memory.
    pub struct SharedMemoryRegion {
        /// The name of the host's section object.
        pub section_name: String = "SectionName",
        /// Where the region begins in the section, in bytes.
        pub start_offset: i32 = "StartOffset",
        /// Its length in bytes.
        pub length: i32 = "Length",
        /// Whether the guest may write to it.
        pub allow_guest_write: bool = "AllowGuestWrite",
        /// Whether the guest isn't told of it.
        pub hidden_from_guest: bool = "HiddenFromGuest",
    }

    /// Where a region of shared memory lies.
    pub struct SharedMemoryRegionInfo {
        /// The name of the host's section object.
        pub section_name: String = "SectionName",
        /// The region's address in the guest.
        pub guest_physical_address: i32 = "GuestPhysicalAddress",
    }
}
