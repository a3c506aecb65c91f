//! OCI containers on kernel primitives.
//!
//! Makes a container from an OCI runtime specification: [`create`] sets everything up and leaves
//! the first process waiting, [`Container::start`] executes the program, [`Container::exec`] adds
//! processes, [`wait`] tells how they ended. All of the specification is honoured; what can't be
//! is an [`Error`] that names the field.
//!
//! The calling process must have one thread, for it is copied, and is the parent of all the
//! processes it makes: when it dies they die. All mounts are made inside the container's own mount
//! name space, by Linux's newer mount calls (5.12 at the least), so a dead process leaks none.
//!
//! Does: name spaces new or joined, id maps, overlay or directory roots, mounts of all kinds with
//! recursive and propagation options, devices, masks, users, the five capability sets, limits,
//! scheduling, seccomp with listener, labels, hooks, terminals, bind mounts while it runs. Works
//! without root where the kernel lets a user make user name spaces.
//!
//! Does not: control groups (the caller makes one and passes it), resctrl, network devices, state
//! on disk.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use runtime::{CreateOptions, create, wait};
//!
//! let spec = oci_spec::runtime::Spec::load("/bundle/config.json")?;
//! let mut container = create(CreateOptions::new("demo", "/bundle", spec))?;
//! container.start()?;
//! let status = loop {
//!     if let Some(status) = wait(&container.init().pidfd)? {
//!         break status;
//!     }
//!     std::thread::sleep(std::time::Duration::from_millis(1));
//! };
//! println!("{status}");
//! container.delete()?;
//! # Ok(())
//! # }
//! ```

#![cfg(target_os = "linux")]
// clone3, the newer mount calls, setns, seccomp and execve have no safe wrapper; module sys holds
// nearly all of it.
#![allow(unsafe_code)]

mod attend;
mod capabilities;
mod cgroup_mount;
mod check;
mod child;
mod console;
mod container;
mod copy_up;
mod devices;
mod enter;
mod error;
mod filesystem;
mod filter;
mod hooks;
mod idmap;
mod init;
mod label;
mod launch;
mod masks;
mod mount_options;
mod mounts;
mod namespaces;
mod network;
mod options;
mod path;
mod plan;
mod reaper;
mod rootfs;
mod schedule;
mod state;
mod sync;
mod sys;
mod sysctl;
mod wait;

pub use container::{Container, create};
pub use error::{Error, ErrorKind};
pub use options::{CreateOptions, Init, ProcessIo, RootFs, Spawned};
pub use wait::{ExitStatus, signal, wait};

/// The version of the OCI runtime specification that this crate follows.
pub const OCI_VERSION: &str = "1.2.1";
