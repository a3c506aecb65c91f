//! A stand-in for computecore.dll: the calls of the Host Compute Service that an
//! operation tracks, run by `hcs-gateway`.
//!
//! Differences from the real DLL: systems in namespaces, access to files for
//! virtual machines, state files and live migration are not supported; security
//! descriptors are not looked at. A system whose creation goes on takes calls
//! already: they are made when it is there.
#![cfg(windows)]
// It is called from C and calls back; every block says why it is sound.
#![allow(unsafe_code)]

mod call;
mod callback;
mod object;
mod operation;
mod operations;
mod processes;
mod service;
mod systems;
mod unsupported;
