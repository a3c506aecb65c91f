//! Debian packages: found, installed as root, or named as missing.

use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::command;

/// A program and the package that has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tool {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
}

pub(crate) const RUNC: Tool = Tool { program: "runc", package: "runc" };
pub(crate) const CRUN: Tool = Tool { program: "crun", package: "crun" };
pub(crate) const CONTAINERD: Tool = Tool { program: "containerd", package: "containerd" };
/// Where Debian has them, which is in nobody's search path.
pub(crate) const CNI_PLUGINS: Tool =
    Tool { program: "/usr/lib/cni/bridge", package: "containernetworking-plugins" };
pub(crate) const BUSYBOX: Tool = Tool { program: "busybox", package: "busybox-static" };
pub(crate) const IP: Tool = Tool { program: "ip", package: "iproute2" };
/// What compiles C for Windows: a crate has some.
pub(crate) const MINGW: Tool =
    Tool { program: "x86_64-w64-mingw32-gcc", package: "gcc-mingw-w64-x86-64" };
pub(crate) const WINE: Tool = Tool { program: "wine", package: "wine" };
/// A `wine` can be there that runs 32 bits only.
pub(crate) const WINE64: Tool = Tool { program: "wineserver", package: "wine64" };
pub(crate) const E2FSCK: Tool = Tool { program: "e2fsck", package: "e2fsprogs" };
pub(crate) const VERITYSETUP: Tool = Tool { program: "veritysetup", package: "cryptsetup-bin" };
pub(crate) const QEMU_IMG: Tool = Tool { program: "qemu-img", package: "qemu-utils" };
pub(crate) const ZSTD: Tool = Tool { program: "zstd", package: "zstd" };
pub(crate) const SETFACL: Tool = Tool { program: "setfacl", package: "acl" };
pub(crate) const GETFATTR: Tool = Tool { program: "getfattr", package: "attr" };

/// Installs those of the tools that are not here.
///
/// # Errors
/// What is missing, and how to get it.
pub(crate) fn tools(tools: &[Tool]) -> Result<(), String> {
    let missing = || tools.iter().filter(|tool| command::find(tool.program).is_none());
    let packages: Vec<&str> = missing().map(|tool| tool.package).collect();
    if packages.is_empty() {
        return Ok(());
    }
    let hint = format!("missing: `apt-get install {}`", packages.join(" "));
    if !can_install() {
        return Err(hint);
    }
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(&packages);
    let installed = package_lists().and_then(|()| apt(&arguments));
    match installed {
        Ok(()) if missing().next().is_none() => Ok(()),
        Ok(()) => Err(format!("{hint} did not bring them")),
        Err(error) => Err(format!("{hint} ({error})")),
    }
}

fn can_install() -> bool {
    command::is_root() && command::find("apt-get").is_some()
}

/// Reads the package lists anew, once a run.
///
/// # Errors
/// Why they could not be read.
pub(crate) fn package_lists() -> Result<(), String> {
    static DONE: OnceLock<Result<(), String>> = OnceLock::new();
    DONE.get_or_init(|| apt(&["update"])).clone()
}

fn apt(arguments: &[&str]) -> Result<(), String> {
    let mut apt = Command::new("apt-get");
    apt.arg("--quiet=2")
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null());
    command::run(&mut apt).map_err(|error| format!("{error:#}"))
}
