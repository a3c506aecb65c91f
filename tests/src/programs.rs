//! The programs under test, of the profile that the suites were built with.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

/// Packages that are built together, each with a program of its name.
struct Built(&'static [&'static str], Once);

static CONTAINERS: Built = Built(&["hcs-worker", "runhcs", "hcs-gateway"], Once::new());
static SHIM: Built = Built(&["containerd-shim-runhcs-v1", "hcs-worker", "shimdiag"], Once::new());
static CONFORMANCE: Built = Built(&["conformance"], Once::new());
static IMAGES: Built = Built(&["tar2ext4", "dmverity-vhd"], Once::new());

impl Built {
    /// The folder that cargo puts this profile's programs in.
    ///
    /// Programs of other packages are no dependencies of a test: they are built
    /// here, once for each process, where there is a cargo to do it. A guest
    /// without one finds them beside the suite.
    fn folder(&self) -> PathBuf {
        let exe = std::env::current_exe().unwrap_or_default();
        let folder = exe.parent().unwrap_or(Path::new("."));
        // Where tests and examples have theirs.
        let is_below = folder.ends_with("deps") || folder.ends_with("examples");
        let folder = if is_below { folder.parent().unwrap_or(folder) } else { folder };
        self.1.call_once(|| build(folder, self.0));
        folder.to_owned()
    }
}

fn build(folder: &Path, packages: &[&str]) {
    if crate::machine::in_guest() {
        return;
    }
    let (Some(cargo), Some(manifest)) =
        (std::env::var_os("CARGO"), option_env!("CARGO_MANIFEST_DIR"))
    else {
        return;
    };
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    for package in packages {
        let mut command = Command::new(&cargo);
        command
            .args(["build", "--quiet", "-p", package, "--profile", profile])
            .current_dir(manifest);
        if let Some(target) = folder.parent() {
            command.arg("--target-dir").arg(target);
        }
        match command.status() {
            Ok(status) if status.success() => {}
            other => eprintln!("building {package}: {other:?}; the one that is there is used"),
        }
    }
}

/// The folder with containerd's shim, and the worker beside it.
pub fn shims() -> PathBuf {
    SHIM.folder()
}

/// The worker.
pub fn worker() -> PathBuf {
    CONTAINERS.folder().join("hcs-worker")
}

/// The OCI runtime.
pub fn runhcs() -> PathBuf {
    CONTAINERS.folder().join("runhcs")
}

/// The way from the stand-in DLLs to the Linux host.
pub fn gateway() -> PathBuf {
    CONTAINERS.folder().join("hcs-gateway")
}

/// The suite of what every host has to do.
pub fn conformance() -> PathBuf {
    CONFORMANCE.folder().join("conformance")
}

/// The converter of layers.
pub fn tar2ext4() -> PathBuf {
    IMAGES.folder().join("tar2ext4")
}

/// The maker of VHDs with dm-verity.
pub fn dmverity_vhd() -> PathBuf {
    IMAGES.folder().join("dmverity-vhd")
}

/// A client in a process of its own, see `src/bin/client.rs`.
pub fn client() -> PathBuf {
    CONTAINERS.folder().join("e2e-client")
}
