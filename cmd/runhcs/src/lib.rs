//! `runhcs`, an OCI runtime whose containers are compute systems.
//!
//! Does: the commands and flags of the reference's `runhcs` and what users of
//! `runc` expect beside them, over any [`compute::ComputeService`].
//!
//! Does not: run utility VMs, or make containers itself: the service does.
//!
//! [`main`] is the program on this machine's service; [`run`] is the same on
//! any other, for tests.

mod app;
mod cli;
mod commands;
mod config;
mod container;
mod context;
mod creation;
mod host;
mod json;
mod log;
mod pid_file;
mod process;
mod record;
mod signals;
mod store;
mod table;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

pub use app::{Environment, run};
pub use host::main;
pub use store::Records;
