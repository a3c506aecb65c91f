//! The facade: compute systems through blocking calls with the names of the
//! reference's package `hcsshim`, in Rust's spelling.
//!
//! Does
//! - make, open and list containers ([`create_container`], [`open_container`],
//!   [`get_containers`]) on the host of this platform, or on any other
//!   [`ComputeService`] ([`Hcs`]);
//! - run them and processes in them ([`Container`], [`Process`]), with blocking
//!   streams ([`Stdio`]);
//! - give the reference's errors ([`ContainerError`], [`ProcessError`]), error
//!   values (`ERR_*`) and predicates ([`is_not_exist`], [`is_pending`], ...).
//!
//! Does not
//! - offer async calls: the traits of the crate `compute` are those. A call of
//!   this crate blocks its thread, also where that thread runs async code;
//! - know image layers or networks yet.
//!
//! # Example
//! One command in a container of its own. It is run on the host in memory that
//! tests use, so that it needs no rights; `examples/lifecycle.rs` runs a real one.
//!
//! ```
//! use std::io::Read;
//! use std::sync::Arc;
//!
//! use compute::fake::FakeService;
//! use hcsshim::{ContainerConfig, Hcs, Layer, ProcessConfig, SystemType, is_pending};
//!
//! # fn main() -> hcsshim::Result<()> {
//! let service = FakeService::linux();
//! let hcs = Hcs::new(Arc::new(service.clone()));
//!
//! let config = ContainerConfig {
//!     system_type: SystemType::Container,
//!     name: "web".into(),
//!     layers: vec![Layer { path: "/srv/rootfs".into(), ..Default::default() }],
//!     ..Default::default()
//! };
//! let container = hcs.create_container("web", &config)?;
//! container.start()?;
//! let process = container.create_process(&ProcessConfig {
//!     command_line: "echo hello".into(),
//!     create_std_out_pipe: true,
//!     ..Default::default()
//! })?;
//! # let inside = service.inside("web").unwrap();
//! # inside.write_stdout(process.pid(), b"hello\n").unwrap();
//! # inside.exit_process(process.pid(), 0);
//!
//! let mut output = String::new();
//! let mut stdout = process.stdio()?.stdout.expect("a pipe was asked for");
//! stdout.read_to_string(&mut output).expect("what the process writes");
//! process.wait()?;
//! assert_eq!((output.as_str(), process.exit_code()?), ("hello\n", 0));
//!
//! // An end that was asked for is pending until `wait` has seen it.
//! assert!(is_pending(&container.terminate().unwrap_err()));
//! container.wait()?;
//! container.close()
//! # }
//! ```
//!
//! # Threads
//! The first call makes a runtime of two threads, which lives as long as the
//! program. A call from a thread that runs async code is made on a thread of its
//! own meanwhile, so it does not panic there; it does hold that thread up. Handles
//! can be shared between threads: a `wait` in one does not keep another from a
//! `kill`.

#![forbid(unsafe_code)]

mod additional_json;
mod blocking;
mod container;
mod error;
mod error_values;
mod hcs;
mod predicates;
mod process;
mod properties;
mod stdio;
#[cfg(not(any(target_os = "linux", windows)))]
mod unsupported;
mod wait;

pub use compute::ComputeService;
pub use compute::error::facade::{ContainerError, ProcessError};
pub use compute::error::{Cause, Named, SystemCode};
pub use hcs_schema::schema1::{
    AssignedDevice, ComputeSystemQuery, ContainerConfig, ContainerProperties, HvRuntime, Layer,
    MappedDir, MappedPipe, MappedVirtualDisk, MappedVirtualDiskController, MemoryStats,
    NetworkStats, ProcessConfig, ProcessListItem, ProcessorStats, RequestType,
    ResourceModificationRequestResponse, ResourceType, Statistics, StorageStats,
};
pub use hcs_schema::{ErrorEvent, SystemType};

pub use container::Container;
pub use error::{Error, Result};
pub use error_values::*;
pub use hcs::{Hcs, create_container, get_containers, open_container};
pub use predicates::{
    is_access_is_denied, is_already_closed, is_already_stopped, is_not_exist, is_not_supported,
    is_operation_invalid_state, is_pending, is_timeout,
};
pub use process::Process;
pub use stdio::{Input, Output, Stdio};

/// A [`RequestType`]: the resource is added to the container.
pub const ADD: RequestType = RequestType::Add;
/// A [`RequestType`]: the resource is removed from the container.
pub const REMOVE: RequestType = RequestType::Remove;
/// A [`ResourceType`]: a network endpoint; the setting is its id.
pub const NETWORK: ResourceType = ResourceType::Network;

/// The [`SystemType`] of a container.
pub const CONTAINER_TYPE: SystemType = SystemType::Container;
/// The [`SystemType`] of a virtual machine.
pub const VIRTUAL_MACHINE_TYPE: SystemType = SystemType::VirtualMachine;
/// The [`SystemType`] of the host itself.
pub const HOST_TYPE: SystemType = SystemType::Host;

/// The exit code that the reference's callers report for a process that could
/// not be started.
pub const WAIT_ERR_EXEC_FAILED: i32 = 32767;
/// A time limit, in milliseconds, that never passes (`INFINITE` of Windows).
pub const TIMEOUT_INFINITE: u32 = 0xffff_ffff;

/// The example of the project's front page compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
