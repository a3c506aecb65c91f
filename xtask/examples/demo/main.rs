//! A container's life, step by step: what `cargo xtask demo` runs.

#[cfg(target_os = "linux")]
mod container;
#[cfg(target_os = "linux")]
#[path = "../support/layer.rs"]
mod layer;
#[cfg(target_os = "linux")]
mod leftovers;
#[cfg(target_os = "linux")]
mod narrator;
#[cfg(target_os = "linux")]
mod programs;
#[cfg(target_os = "linux")]
mod stage;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    stage::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("the demo runs containers on Linux");
}
