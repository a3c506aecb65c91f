//! The program on this machine: its arguments, its service, its records.

use compute::ComputeService;

use crate::app::{Environment, run};
use crate::store::Records;

/// Runs the program with this process's arguments and streams; gives its exit
/// code.
pub fn main() -> u8 {
    let mut environment = Environment {
        service: &service,
        records: records(),
        stdout: &mut std::io::stdout(),
        stderr: &mut std::io::stderr(),
    };
    run(std::env::args_os().skip(1), &mut environment)
}

#[cfg(target_os = "linux")]
fn service() -> anyhow::Result<Box<dyn ComputeService>> {
    Ok(Box::new(host_linux::LinuxHost::new()))
}

#[cfg(windows)]
fn service() -> anyhow::Result<Box<dyn ComputeService>> {
    Ok(Box::new(host_windows::WindowsHost::new()))
}

#[cfg(not(any(target_os = "linux", windows)))]
fn service() -> anyhow::Result<Box<dyn ComputeService>> {
    anyhow::bail!("this operating system has no compute service: run it on Linux or Windows")
}

#[cfg(target_os = "linux")]
fn records() -> Records {
    Records::Folder(host_linux::Roots::from_env().state.join("runhcs"))
}

#[cfg(windows)]
fn records() -> Records {
    Records::Registry
}

#[cfg(not(any(target_os = "linux", windows)))]
fn records() -> Records {
    let named = std::env::var_os("HCSSHIM_STATE_DIR").filter(|value| !value.is_empty());
    let folder =
        named.map_or_else(|| std::env::temp_dir().join("hcsshim"), std::path::PathBuf::from);
    Records::Folder(folder.join("runhcs"))
}
