//! Devices and object names that a container's definition adds.

use crate::document::document;

document! {
    /// Devices and object names to add to a container.
    pub struct ContainerDefinitionDevice {
        /// The additions.
        pub device_extension: Vec<DeviceExtension> = "device_extension",
    }

    /// An addition.
    pub struct DeviceExtension {
        /// The devices that it is about.
        pub device_category: Option<DeviceCategory> = "device_category",
        /// What is added to the namespaces.
        pub namespace: Option<DeviceExtensionNamespace> = "namespace",
    }

    /// A kind of devices.
    pub struct DeviceCategory {
        /// Its name.
        pub name: String = "name",
        /// The interface classes that belong to it.
        pub interface_class: Vec<InterfaceClass> = "interface_class",
    }

    /// An interface class of devices.
    pub struct InterfaceClass {
        /// Its kind: `PrimaryInterface`, `DeviceInterface` and the like.
        pub type_: String = "type",
        /// Its GUID.
        pub identifier: String = "identifier",
        /// Whether child devices belong to it too.
        pub recurse: bool = "recurse",
    }

    /// What is added to the namespaces.
    pub struct DeviceExtensionNamespace {
        /// To the namespace of objects.
        pub ob: Option<ObjectNamespace> = "ob",
        /// To the namespace of devices.
        pub device: Option<DeviceNamespace> = "device",
    }

    /// Additions to the namespace of devices.
    pub struct DeviceNamespace {
        /// Whether the driver store must be shown.
        pub requires_driverstore: bool = "requires_driverstore",
        /// Kinds of devices.
        pub device_category: Vec<DeviceCategory> = "device_category",
        /// Single devices.
        pub device_instance: Vec<DeviceInstance> = "device_instance",
    }

    /// A single device.
    pub struct DeviceInstance {
        /// Its instance id.
        pub id: String = "id",
        /// Its location.
        pub location_path: String = "location_path",
        /// The name of its port.
        pub port_name: String = "port_name",
        /// The interface classes that it offers.
        pub interface_class: Vec<InterfaceClass> = "interface_class",
    }

    /// Additions to the namespace of objects.
    pub struct ObjectNamespace {
        /// Whether names of the host show through: `true` or `false`.
        pub shadow: String = "shadow",
        /// Symbolic links.
        pub symlink: Vec<ObjectSymlink> = "symlink",
        /// Directories.
        pub objdir: Vec<ObjectDirectory> = "objdir",
    }

    /// A directory of objects.
    pub struct ObjectDirectory {
        /// Its name.
        pub name: String = "name",
        /// The directory whose security descriptor it gets.
        pub clonesd: String = "clonesd",
        /// Whether names of the host show through: `true` or `false`.
        pub shadow: String = "shadow",
        /// Symbolic links in it.
        pub symlink: Vec<ObjectSymlink> = "symlink",
        /// Directories in it.
        pub objdir: Vec<ObjectDirectory> = "objdir",
    }

    /// A symbolic link to an object.
    pub struct ObjectSymlink {
        /// Its name.
        pub name: String = "name",
        /// What it points to.
        pub path: String = "path",
        /// Where it is seen: `Local` or `Global`.
        pub scope: String = "scope",
        /// The object whose path is cloned.
        pub pathtoclone: String = "pathtoclone",
        /// The access that is granted.
        pub access_mask: i32 = "access_mask",
    }
}
