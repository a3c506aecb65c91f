//! The shim next to containerd's own, under one containerd: what
//! `cargo xtask bench shim` runs. It reports and never judges.

#[cfg(target_os = "linux")]
#[path = "../support/figures.rs"]
mod figures;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod stage;
#[cfg(target_os = "linux")]
mod tasks;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    stage::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("the figures are of containerd on Linux");
}
