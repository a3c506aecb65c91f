//! Builds and checks the verity disks of container image layers.
//!
//! Does: what the historical `dmverity-vhd` does with archives of `docker save`, OCI image
//! layouts and single layers, and beside it says what an image file is and whether it is
//! whole.
//!
//! Does not: ask registries or a Docker daemon; `docker save` gives the archive.
#![forbid(unsafe_code)]

mod app;
mod cli;
mod commands;
mod console;
mod digest;
mod files;
mod historic;
mod image;
mod input;
mod layers;

use std::process::ExitCode;

fn main() -> ExitCode {
    app::main()
}
