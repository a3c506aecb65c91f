//! Queries and changes.

use serde_json::Value;

use crate::SystemType;
use crate::document::document;
use crate::string_enum::string_enum;

document! {
    /// Which compute systems to list; an empty list accepts all.
    pub struct ComputeSystemQuery {
        /// Systems with one of these ids.
        pub ids: Vec<String> = "Ids",
        /// Systems of one of these kinds.
        pub types: Vec<SystemType> = "Types",
        /// Systems with one of these names.
        pub names: Vec<String> = "Names",
        /// Systems that one of these manages.
        pub owners: Vec<String> = "Owners",
    }

    /// Which properties of a system to get; none for the basic ones.
    pub struct PropertyQuery {
        /// The properties.
        pub property_types: Vec<PropertyType> = "PropertyTypes",
    }

    /// A change to a running system.
    pub struct ResourceModificationRequestResponse {
        /// What kind of resource changes.
        pub resource: ResourceType = always "ResourceType",
        /// The resource, in the form that belongs to its kind.
        pub data: Option<Value> = always "Settings",
        /// What is done with it.
        pub request: RequestType = "RequestType",
    }
}

string_enum! {
    /// Properties that can be asked for.
    pub enum PropertyType {
        /// Figures about the running system.
        Statistics = "Statistics",
        /// The processes.
        ProcessList = "ProcessList",
        /// The virtual disks.
        MappedVirtualDisk = "MappedVirtualDisk",
        /// The connection to the guest.
        GuestConnection = "GuestConnection",
    }

    /// What is done with a resource.
    pub enum RequestType {
        /// It is added.
        Add = "Add",
        /// It is removed.
        Remove = "Remove",
    }

    /// Resources that can change while a system runs.
    pub enum ResourceType {
        /// A network endpoint; the setting is its id.
        Network = "Network",
    }
}
