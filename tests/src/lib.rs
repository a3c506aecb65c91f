//! What the end-to-end suites share.
//!
//! Each suite in `tests/` drives the real programs against one peer: the
//! kernel, runc, the OCI runtime specification, a killer, time. A test gets a
//! [`Stage`]: folders, names and control groups of its own, which it has to
//! leave as it found them, and which are cleared when it fails. Where the
//! machine cannot run a test, the stage says `left out: <test>: <why>`.
#![cfg(target_os = "linux")]

pub mod bundle;
pub mod drive;
pub mod leaks;
pub mod machine;
pub mod oci;
pub mod programs;
pub mod rootfs;
pub mod stage;

pub use stage::{Stage, on_stage};
