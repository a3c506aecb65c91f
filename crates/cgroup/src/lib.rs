//! Control groups, version 1, version 2 and hybrid.
//!
//! Does: finds the hierarchies a machine mounts, makes one group in each of
//! those that are needed, turns the resources of an OCI container into limits,
//! freezes, kills, counts and removes.
//!
//! Does not: speak to systemd (a `slice:prefix:name` path is refused), start
//! threads, or keep anything in memory but one directory descriptor for each
//! hierarchy.
//!
//! On a hybrid machine (version 1 controllers, and a version 2 mount with few
//! controllers or none) the group is made in the version 2 hierarchy too. Every
//! version 2 group can freeze and kill its processes at once and can be the
//! group a process is cloned into, whatever controllers it has.
//!
//! ```no_run
//! use cgroup::{Group, Hierarchies};
//! use oci_spec::runtime::{LinuxPids, LinuxResources};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let group = Group::create(&Hierarchies::detect()?, "demo-1")?;
//! let mut pids = LinuxPids::default();
//! pids.set_limit(64);
//! let mut resources = LinuxResources::default();
//! resources.set_pids(Some(pids));
//! group.apply(&resources)?;
//! let child = std::process::Command::new("sleep").arg("60").spawn()?;
//! group.add(child.id())?;
//! println!("{:?}", group.stats()?.memory_usage);
//! group.kill()?;
//! group.remove()?;
//! # Ok(())
//! # }
//! ```
#![cfg(target_os = "linux")]

mod apply;
mod controller;
mod convert;
mod devices;
mod dir;
mod error;
mod group;
mod hierarchies;
mod life;
mod oom;
mod place;
mod plan;
mod stats;

pub use convert::{blkio_weight_to_io_weight, shares_to_weight, swap_to_v2, weight_to_shares};
pub use error::Error;
pub use group::{Group, Record};
pub use hierarchies::Hierarchies;
pub use oom::OomWatch;
pub use place::Directory;
pub use stats::{DeviceIo, Hugetlb, Pressure, PressureLine, RdmaDevice, Stats};
