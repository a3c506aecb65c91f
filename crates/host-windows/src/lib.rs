//! The Windows host: the services' DLLs behind the traits of the floor below,
//! and the Windows calls that programs need.
//!
//! Does: run compute systems through vmcompute.dll (`WindowsHost`), reach
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
pub mod conpty;
pub mod console;
pub mod dll;
pub mod exec;
mod hub;
pub mod named_pipe;
mod network;
mod os_version;
pub mod pipe;
mod service;
mod vmcompute;
pub mod wide;
#[cfg(test)]
mod wine;

pub use network::WindowsNetworks;
pub use os_version::{RevisionError, build, build_revision, os_version};
pub use service::WindowsHost;
