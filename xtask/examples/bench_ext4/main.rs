//! Measures `tar2ext4` beside `cp` of the same tar and `mke2fs -d` of its unpacked tree.
//! `cargo xtask bench ext4` builds the program and starts this.
#![cfg_attr(not(target_os = "linux"), allow(unused))]

#[cfg(target_os = "linux")]
#[path = "../support/figures.rs"]
mod figures;
#[cfg(target_os = "linux")]
mod material;
#[cfg(target_os = "linux")]
mod run;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    match run::run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench ext4: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {}
