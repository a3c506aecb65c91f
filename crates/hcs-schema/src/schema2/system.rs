//! Compute systems as a whole, and what is asked of them.

use serde_json::Value;

use super::{Container, PropertyType, VirtualMachine};
use crate::RawJson;
use crate::document::document;
use crate::guest_request::RequestType;

document! {
    /// The description from which a compute system is created.
    ///
    /// It has one of [`container`](Self::container), [`virtual_machine`](Self::virtual_machine)
    /// and [`hosted_system`](Self::hosted_system).
    pub struct ComputeSystem {
        /// Who manages the system, such as the name of a platform.
        pub owner: String = "Owner",
        /// The version of the schema that the document uses.
        pub schema_version: Option<Version> = "SchemaVersion",
        /// The id of the utility VM in which the system runs.
        pub hosting_system_id: String = "HostingSystemId",
        /// The system, where it runs in a utility VM; a [`HostedSystem`] or what the guest takes.
        pub hosted_system: Option<Value> = "HostedSystem",
        /// The container.
        pub container: Option<Container> = "Container",
        /// The virtual machine.
        pub virtual_machine: Option<VirtualMachine> = "VirtualMachine",
        /// Whether the system ends when its last handle is closed.
        pub should_terminate_on_last_handle_closed: bool = "ShouldTerminateOnLastHandleClosed",
    }

    /// The version of a schema, and of other things that have two numbers.
    pub struct Version {
        /// The first number.
        pub major: i32 = "Major",
        /// The second number.
        pub minor: i32 = "Minor",
    }

    /// A container that runs in a utility VM.
    pub struct HostedSystem {
        /// The version of the schema that the container uses.
        pub schema_version: Option<Version> = "SchemaVersion",
        /// The container.
        pub container: Option<Container> = "Container",
    }

    /// A change to a running compute system.
    pub struct ModifySettingRequest {
        /// What changes; see [`resource_paths`](crate::resource_paths).
        pub resource_path: String = "ResourcePath",
        /// What is done with it.
        pub request_type: RequestType = "RequestType",
        /// The settings, in the form that belongs to the path.
        pub settings: Option<Value> = "Settings",
        /// A request that is passed on to the guest.
        pub guest_request: Option<Value> = "GuestRequest",
    }

    /// A change to the compute service itself.
    pub struct ModificationRequest {
        /// What changes.
        pub property_type: PropertyType = "PropertyType",
        /// The settings, in the form that belongs to the property.
        pub settings: Option<Value> = "Settings",
    }

    /// What the compute service says of itself.
    pub struct ServiceProperties {
        /// The answers, in the order of the questions.
        pub properties: Vec<RawJson> = "Properties",
    }

    /// How a system is paused.
    pub struct PauseOptions {
        /// How deep: `Suspend`, `MemoryLow`, `MemoryMedium` or `MemoryHigh`.
        pub suspension_level: String = "SuspensionLevel",
        /// What is told to the system that runs inside.
        pub hosted_notification: Option<PauseNotification> = "HostedNotification",
    }

    /// What a hosted system is told before it is paused.
    pub struct PauseNotification {
        /// Why: `Save` or `Template`.
        pub reason: String = "Reason",
    }

    /// How a system is saved.
    pub struct SaveOptions {
        /// What the state is for: `ToFile` or `AsTemplate`.
        pub save_type: String = "SaveType",
        /// The file for the state.
        pub save_state_file_path: String = "SaveStateFilePath",
    }
}

impl Version {
    /// Schema 1.0: the documents of [`schema1`](crate::schema1).
    pub const V10: Self = Self::new(1, 0);
    /// Schema 2.1; needs build 17763 (Windows Server 2019).
    pub const V21: Self = Self::new(2, 1);
    /// Schema 2.5, with SEV-SNP isolation; needs build 20348 (Windows Server 2022).
    pub const V25: Self = Self::new(2, 5);

    /// A version of two numbers.
    pub const fn new(major: i32, minor: i32) -> Self {
        Self { major, minor, extra: crate::Extra::EMPTY }
    }
}
