//! The life of compute systems on this machine, through the compute traits.
#![cfg(target_os = "linux")]

mod clients;
mod documents;
mod processes;
mod refusals;
mod states;
mod stdio;
