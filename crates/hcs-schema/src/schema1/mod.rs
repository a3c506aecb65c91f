//! Schema 1: the documents of the first generation of compute systems.
//!
//! Containers are described by [`ContainerConfig`], processes by [`ProcessConfig`], and what is
//! known of a running system by [`ContainerProperties`].

mod container;
mod process;
mod properties;
mod request;

pub use container::{
    AssignedDevice, ContainerConfig, HvRuntime, Layer, MappedDir, MappedPipe, MappedVirtualDisk,
};
pub use process::ProcessConfig;
pub use properties::{
    ContainerProperties, GuestConnectionInfo, GuestDefinedCapabilities,
    MappedVirtualDiskController, MemoryStats, NetworkStats, ProcessListItem, ProcessorStats,
    Statistics, StorageStats,
};
pub use request::{
    ComputeSystemQuery, PropertyQuery, PropertyType, RequestType,
    ResourceModificationRequestResponse, ResourceType,
};
