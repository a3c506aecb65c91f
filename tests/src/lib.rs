//! What the end-to-end suites share.
//!
//! Each suite in `tests/` drives the real programs against one peer: the
//! kernel, runc, containerd, the OCI runtime specification, e2fsprogs, a killer, time. A test
//! gets a [`Stage`]: folders, names and control groups of its own, which it has
//! to leave as it found them, and which are cleared when it fails. One without
//! containers gets a [`tools::Place`]. Where the machine cannot run a test, they
//! say `left out: <test>: <why>`.
#![cfg(target_os = "linux")]

pub mod bundle;
pub mod containerd;
pub mod cri;
pub mod drive;
pub mod image;
pub mod leaks;
pub mod machine;
pub mod mount;
pub mod oci;
pub mod programs;
pub mod random;
pub mod rootfs;
pub mod stage;
pub mod tools;
pub mod wine;

pub use stage::{Stage, on_stage};
