//! The Windows host: the services' DLLs behind the traits of the floor below,
//! and the Windows calls that programs need.
//!
//! Does: run compute systems through vmcompute.dll or computecore.dll, as the build
//! has it (`WindowsHost`), reach
//! networks through computenetwork.dll and vmcompute.dll (`WindowsNetworks`), and
//! wrap what Windows has for programs: pipes, consoles, processes.
//!
//! Does not: need any of those DLLs to start. Each DLL and each export is looked
//! for at its first use; a missing one makes that call fail, with its name
//! (`dll::DllError`).
#![cfg(windows)]
// All of it is calls of C functions; every block says why it is sound.
#![allow(unsafe_code)]

mod blocking;
mod callbacks;
pub mod compartment;
mod computecore;
pub mod conpty;
pub mod console;
pub mod device;
pub mod dll;
pub mod event_log;
pub mod exec;
mod failure;
mod handle;
mod hub;
pub mod hvsocket;
pub mod job;
pub mod job_container;
pub mod named_event;
pub mod named_pipe;
mod network;
mod nt;
pub mod object_directory;
mod os_version;
pub mod path;
pub mod pipe;
pub mod privilege;
mod process;
pub mod registry;
mod service;
pub mod standard_output;
mod storage;
mod streams;
mod system;
mod unkept;
pub mod virtdisk;
pub mod vm_access;
mod vmcompute;
pub mod wide;
#[cfg(test)]
mod wine;

pub use network::WindowsNetworks;
pub use os_version::{RevisionError, build, build_revision, os_version};
pub use service::{GENERATION, Generation, GenerationError, WindowsHost};
pub use storage::WindowsLayers;
