//! A stand-in for vmcompute.dll: the older calls of the Host Compute Service, run by
//! `hcs-gateway`.
//!
//! A call that takes long gives `ERROR_VMCOMPUTE_OPERATION_PENDING` and is completed
//! by a notification, which is kept until a callback is registered.
//!
//! Differences from the real DLL: image layers, networks and access to files for
//! virtual machines are not supported; [`names`] says what `NameToGuid` gives.
#![cfg(windows)]
// It is called from C and calls back; every block says why it is sound.
#![allow(unsafe_code)]

mod answer;
mod callbacks;
mod hub;
mod layers;
mod names;
mod networks;
mod objects;
mod processes;
mod service;
mod systems;
