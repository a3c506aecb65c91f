//! What an OCI spec asks of a Windows host.
//!
//! Does: tell what a [`Spec`] is of (a Linux or a Windows container, isolated or
//! not), read its [`Annotations`], and make of it what a host is given: options
//! of a utility VM ([`uvm`]), [`layers`], [`process_parameters`], documents of a
//! [`container`], the processes of a [host process container](host_process).
//!
//! Does not: make any of it, or look at the host. What depends on it (its build,
//! which boot files there are) is handed in ([`uvm::Host`]).

#![forbid(unsafe_code)]

mod annotation;
pub mod container;
mod expand;
pub mod host_process;
mod hv_socket;
pub mod internal_keys;
pub mod keys;
pub mod layers;
mod process;
mod registry;
mod resources;
mod runtime_options;
mod sandbox;
pub mod spec;
pub mod uvm;
mod windows_path;

pub use annotation::{Annotations, InvalidGuid};
pub use expand::{AnnotationConflict, AnnotationConflicts, process_annotations};
pub use hv_socket::hv_socket_table;
pub use process::{ProcessError, ProcessHost, WantedStreams, process_parameters};
pub use registry::registry_values;
pub use runtime_options::RuntimeOptions;
pub use sandbox::{Sandbox, SandboxError, SandboxRole, sandbox};
pub use spec::Spec;
