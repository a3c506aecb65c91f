//! Layers, and the limits of storage.

use crate::document::document;
use crate::string_enum::string_enum;

document! {
    /// A container's storage.
    pub struct Storage {
        /// The read-only layers, the topmost first.
        pub layers: Vec<Layer> = "Layers",
        /// The scratch: a volume (`\\?\Volume{GUID}`) or a folder.
        pub path: String = "Path",
        /// The limits of traffic.
        pub qos: Option<StorageQoS> = "QoS",
        /// Where a privileged container sees its root.
        pub privileged_container_root_path: String = "PrivilegedContainerRootPath",
    }

    /// A read-only layer.
    pub struct Layer {
        /// The layer's id, a GUID.
        pub id: String = "Id",
        /// The layer's folder or file.
        pub path: String = "Path",
        /// What the path is relative to: `AbsolutePath` (where empty) or `VirtualSmbShareName`.
        pub path_type: String = "PathType",
        /// The host's cache: empty, `Disabled`, `Enabled`, `Private` or `PrivateAllowSharing`.
        pub cache: String = "Cache",
    }

    /// The limits of storage traffic; 0 for no limit.
    pub struct StorageQoS {
        /// Operations a second.
        pub iops_maximum: i32 = "IopsMaximum",
        /// Bytes a second.
        pub bandwidth_maximum: i32 = "BandwidthMaximum",
    }

    /// A CIM (composite image) mounted as a volume.
    pub struct CimMount {
        /// The folder of the image.
        pub image_path: String = "ImagePath",
        /// The name of the file system in the image.
        pub file_system_name: String = "FileSystemName",
        /// The GUID of the volume.
        pub volume_guid: String = "VolumeGuid",
        /// Flags of the mount.
        pub mount_flags: u32 = "MountFlags",
    }
}

string_enum! {
    /// The filter that joins layers into one file system.
    pub enum FileSystemFilterType {
        /// The union file system filter.
        UnionFS = "UnionFS",
        /// The Windows container isolation file system filter.
        WCIFS = "WCIFS",
    }
}
