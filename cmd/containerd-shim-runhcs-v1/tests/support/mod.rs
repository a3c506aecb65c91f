//! What the tests of the program share.
#![allow(dead_code, reason = "not every test needs all of it")]

#[cfg(target_os = "linux")]
pub(crate) mod bundle;

use shim_protos::protobuf::Message;
use shim_protos::task::DeleteResponse;
use shim_protos::ttrpc::context::{self, Context};

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_containerd-shim-runhcs-v1");

/// The answer of `delete`.
pub(crate) fn response(bytes: &[u8]) -> DeleteResponse {
    DeleteResponse::parse_from_bytes(bytes).expect("a DeleteResponse")
}

/// The address of a shim on Linux.
#[cfg(unix)]
pub(crate) fn address(containerd: &str, namespace: &str, id: &str) -> String {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(format!("{containerd}/{namespace}/{id}"));
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("unix:///run/containerd/s/{hash}")
}

/// The address of a shim on Windows.
#[cfg(windows)]
pub(crate) fn address(_containerd: &str, namespace: &str, id: &str) -> String {
    format!(r"\\.\pipe\ProtectedPrefix\Administrators\containerd-shim-{namespace}-{id}-pipe")
}

/// Far more than any call here needs.
pub(crate) fn within() -> Context {
    context::with_timeout(60_000_000_000)
}
