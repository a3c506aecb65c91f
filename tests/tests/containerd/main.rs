//! The machine's containerd runs its containers. The peer is containerd.
#![cfg(target_os = "linux")]

mod client;
mod cri;
mod harness;
mod kills;
mod load;
mod shimdiag;
mod table;
mod tasks;
mod telemetry;
