//! Memory and processors of a virtual machine.

use super::{CpuGroup, Numa, NumaProcessors};
use crate::document::document;
use crate::string_enum::string_enum;

document! {
    /// Memory and processors of a virtual machine.
    pub struct Topology {
        /// Memory.
        pub memory: Option<VirtualMachineMemory> = "Memory",
        /// Processors.
        pub processor: Option<VirtualMachineProcessor> = "Processor",
        /// How both are spread over NUMA nodes.
        pub numa: Option<Numa> = "Numa",
    }

    /// Memory of a virtual machine.
    pub struct VirtualMachineMemory {
        /// Its size in megabytes.
        pub size_in_mb: u64 = "SizeInMB",
        /// What is behind it.
        pub backing: Option<MemoryBackingType> = "Backing",
        /// Whether the host may back it with its page file.
        pub allow_overcommit: bool = "AllowOvercommit",
        /// Whether the guest tells which pages it uses.
        pub enable_hot_hint: bool = "EnableHotHint",
        /// Whether the guest tells which pages it no longer uses.
        pub enable_cold_hint: bool = "EnableColdHint",
        /// Whether the guest tells which pages may be discarded.
        pub enable_cold_discard_hint: bool = "EnableColdDiscardHint",
        /// Whether the host commits memory only when the guest touches it.
        pub enable_deferred_commit: bool = "EnableDeferredCommit",
        /// The size of the gap for devices below 4 GB, in megabytes.
        pub low_mmio_gap_in_mb: u64 = "LowMmioGapInMB",
        /// Where the gap for devices above 4 GB begins, in megabytes.
        pub high_mmio_base_in_mb: u64 = "HighMmioBaseInMB",
        /// The size of the gap for devices above 4 GB, in megabytes.
        pub high_mmio_gap_in_mb: u64 = "HighMmioGapInMB",
        /// The table of distances between NUMA nodes that the guest sees.
        pub slit_type: Option<VirtualSlitType> = "SlitType",
    }

    /// Processors of a virtual machine.
    pub struct VirtualMachineProcessor {
        /// Their number.
        pub count: u32 = "Count",
        /// The most time of each, in thousandths of a percent, up to 100,000; 0 for no limit.
        pub limit: u64 = "Limit",
        /// The share relative to other machines, 1 to 10,000; 0 for the default.
        pub weight: u64 = "Weight",
        /// The time of each that is kept for the machine, in thousandths of a percent.
        pub reservation: u64 = "Reservation",
        /// The CPU group that the machine belongs to.
        pub cpu_group: Option<CpuGroup> = "CpuGroup",
        /// How the processors are spread over NUMA nodes.
        pub numa_processors_settings: Option<NumaProcessors> = "NumaProcessorsSettings",
    }
}

string_enum! {
    /// What is behind a virtual machine's memory.
    pub enum MemoryBackingType {
        /// Memory of the host that can't be paged out.
        Physical = "Physical",
        /// Memory of the host that can be paged out.
        Virtual = "Virtual",
        /// Some of both.
        Hybrid = "Hybrid",
    }

    /// The table of distances between NUMA nodes.
    pub enum VirtualSlitType {
        /// None.
        None = "None",
        /// The table of the host's firmware.
        Firmware = "Firmware",
        /// A table that the host has measured.
        Measured = "Measured",
        /// The table of the firmware, else the one measured.
        FirmwareFallbackMeasured = "FirmwareFallbackMeasured",
    }
}
