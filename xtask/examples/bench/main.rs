//! Figures of containers next to those of runc and crun: what
//! `cargo xtask bench compute` runs. It reports and never judges.

#[cfg(target_os = "linux")]
mod api;
#[cfg(target_os = "linux")]
#[path = "../support/figures.rs"]
mod figures;
#[cfg(target_os = "linux")]
#[path = "../support/layer.rs"]
mod layer;
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
    eprintln!("the figures are of containers on Linux");
}
