//! The programs under test, of the profile that the suites were built with.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The folder that cargo puts this profile's programs in.
///
/// Programs of other packages are no dependencies of a test: they are built
/// here, once for each process, where there is a cargo to do it. A guest
/// without one finds them beside the suite.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let exe = std::env::current_exe().unwrap_or_default();
        let folder = exe.parent().unwrap_or(Path::new("."));
        let folder =
            if folder.ends_with("deps") { folder.parent().unwrap_or(folder) } else { folder };
        build(folder);
        folder.to_owned()
    })
}

fn build(folder: &Path) {
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
    for package in ["hcs-worker", "runhcs"] {
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

/// The worker.
pub fn worker() -> PathBuf {
    folder().join("hcs-worker")
}

/// The OCI runtime.
pub fn runhcs() -> PathBuf {
    folder().join("runhcs")
}

/// A client in a process of its own, see `src/bin/client.rs`.
pub fn client() -> PathBuf {
    folder().join("e2e-client")
}
