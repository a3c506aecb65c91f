//! Shims by their pipes.

use std::fs;

use anyhow::{Context as _, Result};
use host_windows::named_pipe::{self, DEFAULT_TIMEOUT};
use shim_protos::ttrpc::asynchronous::transport::Socket;

use super::Shim;

/// Where pipes are.
const PIPES: &str = r"\\.\pipe\";

/// What is before and behind the name of a shim in its pipe's.
const PREFIX: &str = r"ProtectedPrefix\Administrators\containerd-shim-";
const SUFFIX: &str = "-pipe";

/// Calls the shim at an address.
pub(super) async fn dial(address: &str) -> Result<Socket> {
    Ok(Socket::new(named_pipe::dial(address, DEFAULT_TIMEOUT).await?))
}

/// All that run.
pub(super) fn find() -> Result<Vec<Shim>> {
    let listing = || format!("listing the pipes in {PIPES}");
    let mut shims = Vec::new();
    for entry in fs::read_dir(PIPES).with_context(listing)? {
        let pipe = entry.with_context(listing)?.file_name();
        let pipe = pipe.to_string_lossy();
        if let Some(name) = pipe.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(SUFFIX)) {
            shims.push(Shim { name: name.to_owned(), address: format!("{PIPES}{pipe}") });
        }
    }
    Ok(shims)
}
