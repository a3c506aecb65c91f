//! The embedded Linux host: compute systems on kernel primitives, one worker
//! process each.
//!
//! Does: make process-isolated compute systems from schema 1 and schema 2
//! documents and from OCI specs, behind the traits of [`compute`]. A worker
//! process (`hcs-worker`) runs each system; there is no daemon. Any process of
//! the same user can open a system by its id, also after its creator has gone.
//!
//! Does not: run utility VMs, networks or image layers; they have hosts of
//! their own behind other traits.
#![cfg(target_os = "linux")]
// The worker forks without exec and closes inherited files, which std has no
// safe call for; every block says why it is sound.
#![allow(unsafe_code)]

mod client;
mod document;
mod failure;
pub mod memory;
mod poststop;
mod proc;
mod reclaim;
mod roots;
mod store;
mod transport;
mod wire;
mod worker;

pub use client::{LinuxHost, StoppedSystem};
pub use reclaim::gc;
pub use roots::Roots;
pub use worker::run as run_worker;
