//! What the stand-in DLLs and their gateway say to each other, and the client's
//! end of it.
//!
//! Does: carry the calls of a compute service over one TCP connection on
//! loopback ([`protocol`]), and the streams of processes over connections of
//! their own ([`Client`]). Plain threads, so that it can live in a DLL.
//!
//! Does not: export the functions of a DLL (its neighbours do), or run anything
//! (the program `hcs-gateway` does).

#![forbid(unsafe_code)]

mod client;
mod dispatch;
pub mod frame;
pub mod protocol;
mod reader;

pub use client::Client;
