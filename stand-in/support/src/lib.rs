//! What the stand-in DLLs share.
//!
//! Does: handles that are never given twice (`Table`), callbacks on threads of
//! the DLL (`Sink`), arguments and results as C has them (`Text`, `Out`,
//! `exports!`), the streams of a process as named pipes (`process_information`).
//!
//! Does not: know what a call means; that is the DLLs' and the gateway's.
// It meets C: strings, pipes and out parameters are pointers. Each block says why
// it is sound.
#![allow(unsafe_code)]

mod failure;
mod handles;
mod returned;
mod sink;

#[cfg(windows)]
mod args;
#[cfg(windows)]
mod gateway;
#[cfg(windows)]
mod pipe;
#[cfg(windows)]
mod process_info;
#[cfg(windows)]
mod relay;
#[cfg(windows)]
mod thread;

pub use failure::{Failure, checked, document};
pub use handles::Table;
pub use returned::{Returned, guard};
pub use sink::Sink;

#[cfg(windows)]
pub use args::{Out, Text, wide};
#[cfg(windows)]
pub use gateway::client;
#[cfg(windows)]
pub use process_info::process_information;
