//! Windows versions: the builds that have names, and which containers a host
//! can run.
//!
//! Does: hold a version ([`OsVersion`]), name builds ([`build`]), and tell
//! whether a host of one version runs a process-isolated container of another
//! ([`check_host_and_container_compat`]).
//!
//! Does not: ask the operating system. The Windows host has `os_version` for
//! that.
#![forbid(unsafe_code)]

pub mod build;
mod compat;
mod version;

pub use compat::check_host_and_container_compat;
pub use version::OsVersion;
