//! Windows programs under Wine, whose containers are real ones of this machine.
//!
//! The peer is Wine: it loads our programs and the stand-in DLLs as Windows
//! would. What runs is the whole Windows path: the search for DLLs, UTF-16,
//! callbacks, overlapped pipes, the lifetimes of handles.
#![cfg(target_os = "linux")]

mod c_programs;
mod conformance;
mod exports;
mod facade;
mod missing;
mod runhcs;
mod shim;
mod stress;

use e2e::wine::Wine;
use e2e::{Stage, on_stage};

/// Runs a test on a stage of its own with a Wine of its own.
fn under_wine(test: &str, body: impl FnOnce(&Stage, &Wine)) {
    on_stage(test, async |stage| {
        if let Some(wine) = Wine::new(test, stage) {
            body(stage, &wine);
        }
    });
}
