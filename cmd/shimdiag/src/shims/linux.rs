//! Shims by their processes: the names of their sockets tell nothing.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use shim_protos::ttrpc::asynchronous::transport::Socket;
use tokio::net::UnixStream;

use super::Shim;

/// The program of a shim.
const PROGRAM: &str = "containerd-shim-runhcs-v1";

/// Calls the shim at an address.
pub(super) async fn dial(address: &str) -> Result<Socket> {
    let stream = UnixStream::connect(address).await;
    Ok(Socket::new(stream.with_context(|| format!("connecting to {address}"))?))
}

/// All that run.
pub(super) fn find() -> Result<Vec<Shim>> {
    let mut shims = Vec::new();
    for entry in fs::read_dir("/proc").context("listing the processes")? {
        let entry = entry.context("listing the processes")?;
        // Most have no such file, and one may have ended by now.
        let Ok(line) = fs::read(entry.path().join("cmdline")) else { continue };
        // One that has not begun to listen, or that is about to end, has no socket.
        shims.extend(shim_of(&line).filter(|shim| Path::new(&shim.address).exists()));
    }
    Ok(shims)
}

/// The shim of a command line, whose arguments end with a zero byte each.
fn shim_of(line: &[u8]) -> Option<Shim> {
    let words: Vec<&str> = std::str::from_utf8(line).ok()?.split('\0').collect();
    let (program, words) = words.split_first()?;
    if Path::new(program).file_name()? != PROGRAM || !words.contains(&"serve") {
        return None;
    }
    let value = |flag: &str| {
        let at = words.iter().position(|word| *word == flag)?;
        words.get(at + 1).copied()
    };
    let (namespace, id, socket) = (value("--namespace")?, value("--id")?, value("--socket")?);
    let address = socket.strip_prefix("unix://")?.to_owned();
    Some(Shim { name: format!("{namespace}-{id}"), address })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shim_is_told_by_its_command_line() {
        let line = |words: &[&str]| words.iter().flat_map(|word| [word, "\0"]).collect::<String>();
        let words = [
            "/usr/bin/containerd-shim-runhcs-v1",
            "--namespace",
            "k8s.io",
            "--id",
            "web",
            "serve",
            "--socket",
            "unix:///run/containerd/s/1",
        ];
        let shim = shim_of(line(&words).as_bytes()).unwrap();
        assert_eq!(
            (shim.name.as_str(), shim.address.as_str()),
            ("k8s.io-web", "/run/containerd/s/1")
        );
        // It is about to start one, or another program, or nothing at all.
        assert_eq!(shim_of(line(&words[..5]).as_bytes()), None);
        assert_eq!(shim_of(line(&words[1..]).as_bytes()), None);
        assert_eq!(shim_of(b""), None);
        assert_eq!(shim_of(b"\xff\0serve\0"), None);
    }
}
