//! Disks and persistent memory of a virtual machine.

use std::collections::BTreeMap;

use crate::document::document;

document! {
    /// A SCSI controller.
    pub struct Scsi {
        /// What is attached, by number (LUN).
        pub attachments: BTreeMap<String, Attachment> = "Attachments",
    }

    /// A disk on a SCSI controller.
    pub struct Attachment {
        /// The kind: `VirtualDisk`, `Iso`, `PassThru` or `ExtensibleVirtualDisk`.
        pub type_: String = "Type",
        /// The disk's file or device on the host.
        pub path: String = "Path",
        /// Whether flushes are ignored.
        pub ignore_flushes: bool = "IgnoreFlushes",
        /// The host's cache: `Uncached`, `Cached` or `ReadOnlyCached`.
        pub caching_mode: String = "CachingMode",
        /// Whether writes to the disk's file are less careful.
        pub no_write_hardening: bool = "NoWriteHardening",
        /// Whether the growth of the disk's file isn't optimised.
        pub disable_expansion_optimization: bool = "DisableExpansionOptimization",
        /// Whether the relative path to the parent disk is ignored.
        pub ignore_relative_locator: bool = "IgnoreRelativeLocator",
        /// Whether traffic is attributed to who caused it.
        pub capture_io_attribution_context: bool = "CaptureIoAttributionContext",
        /// Whether the disk may only be read.
        pub read_only: bool = "ReadOnly",
        /// Whether the disk's file may lie on a compressed volume.
        pub support_compressed_volumes: bool = "SupportCompressedVolumes",
        /// Whether the disk's file may be sparse.
        pub always_allow_sparse_files: bool = "AlwaysAllowSparseFiles",
        /// The provider of a disk of the kind `ExtensibleVirtualDisk`.
        pub extensible_virtual_disk_type: String = "ExtensibleVirtualDiskType",
    }

    /// The controller of persistent memory.
    pub struct VirtualPMemController {
        /// The devices by number.
        pub devices: BTreeMap<String, VirtualPMemDevice> = "Devices",
        /// The most devices.
        pub maximum_count: u32 = "MaximumCount",
        /// The most bytes of a device.
        pub maximum_size_bytes: u64 = "MaximumSizeBytes",
        /// What is behind the devices: `Virtual` or `Physical`.
        pub backing: String = "Backing",
    }

    /// A device of persistent memory.
    pub struct VirtualPMemDevice {
        /// The host's file behind it.
        pub host_path: String = "HostPath",
        /// Whether it may only be read.
        pub read_only: bool = "ReadOnly",
        /// The file's format: `Vhd1` or `Vhdx`.
        pub image_format: String = "ImageFormat",
    }

    /// A file mapped into a part of a device of persistent memory.
    pub struct VirtualPMemMapping {
        /// The host's file.
        pub host_path: String = "HostPath",
        /// The file's format: `Vhd1` or `Vhdx`.
        pub image_format: String = "ImageFormat",
    }
}
