//! `runhcs`, an OCI runtime whose containers are compute systems.
//!
//! Does: the commands and flags of the reference's `runhcs` and what users of
//! `runc` expect beside them, over any [`compute::ComputeService`].
//!
//! Does not: run utility VMs, or make containers itself: the service does.
//!
//! [`main`] is the program on this machine's service; [`run`] is the same on
//! any other, for tests.

// Making containers is for Unix hosts so far; the rest is the same everywhere.
#![cfg_attr(not(unix), allow(dead_code))]

mod app;
mod cli;
mod commands;
mod config;
mod container;
mod context;
mod host;
mod json;
mod log;
mod record;
mod signals;
mod store;
mod table;
#[cfg(unix)]
mod unix;

pub use app::{Environment, run};
pub use host::main;
