//! The machine's containerd runs its containers. The peer is containerd.
#![cfg(target_os = "linux")]

mod harness;
mod tasks;
