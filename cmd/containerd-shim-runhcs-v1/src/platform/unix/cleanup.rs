//! What a shim that is gone leaves behind on Linux.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::mount::{UnmountFlags, unmount};
use rustix::net::sockopt::socket_peercred;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::endpoint::remove;
use crate::address::Address;
use crate::cli::Globals;

/// How long a killed shim may take to be gone.
const LIMIT: Duration = Duration::from_secs(10);

/// Kills the shim of this id where it lives: containerd has given it up.
#[allow(clippy::unused_async, reason = "as on Windows")]
pub(crate) async fn end_shim(globals: &Globals) {
    let address = Address::of(globals, &globals.id);
    // Whoever listens there says so himself; a process id in a file may be another's.
    let Ok(stream) = UnixStream::connect(address.path()) else { return };
    let Ok(shim) = socket_peercred(&stream).map(|listener| listener.pid) else { return };
    let _ = kill(shim);
}

fn kill(pid: Pid) -> io::Result<()> {
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    pidfd_send_signal(&process, Signal::KILL)?;
    let limit = Timespec::try_from(LIMIT).map_err(io::Error::other)?;
    poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&limit))?;
    Ok(())
}

/// Undoes the mounts in a bundle and removes the shim's socket; gives what failed.
#[allow(clippy::unused_async, reason = "as on Windows")]
pub(crate) async fn clear(globals: &Globals, bundle: &Path) -> Vec<(String, anyhow::Error)> {
    let mut failed = Vec::new();
    for path in mounts_in(bundle) {
        if let Err(error) = unmount(&path, UnmountFlags::DETACH | UnmountFlags::NOFOLLOW) {
            failed.push((format!("failed to unmount {}", path.display()), error.into()));
        }
    }
    let address = Address::of(globals, &globals.id);
    if let Err(error) = remove(Path::new(address.path())) {
        failed.push((format!("failed to remove {address}"), error.into()));
    }
    failed
}

/// What is mounted in a folder, the last first.
fn mounts_in(folder: &Path) -> Vec<PathBuf> {
    // What is not there has no mounts.
    let Ok(folder) = folder.canonicalize() else { return Vec::new() };
    let table = fs::read("/proc/self/mountinfo").unwrap_or_default();
    let lines = table.split(|byte| *byte == b'\n');
    let paths = lines.filter_map(|line| line.split(|byte| *byte == b' ').nth(4)).map(unescape);
    let mut inside: Vec<PathBuf> =
        paths.filter(|path| path.starts_with(&folder) && *path != folder).collect();
    inside.reverse();
    inside
}

/// A path as the kernel writes it: with a blank, a tab, a newline and a backslash as
/// three octal digits.
fn unescape(text: &[u8]) -> PathBuf {
    let mut path = Vec::new();
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        let octal = after.get(..3).filter(|_| *byte == b'\\');
        let octal = octal.and_then(|octal| std::str::from_utf8(octal).ok());
        match octal.and_then(|octal| u8::from_str_radix(octal, 8).ok()) {
            Some(meant) => {
                path.push(meant);
                rest = &after[3..];
            }
            None => {
                path.push(*byte);
                rest = after;
            }
        }
    }
    std::ffi::OsString::from_vec(path).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_the_kernel_writes_them() {
        assert_eq!(unescape(br"/a\040b\134c"), Path::new(r"/a b\c"));
        assert_eq!(unescape(br"/a\04"), Path::new(r"/a\04"));
    }

    #[test]
    fn a_folder_without_mounts_has_none() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(mounts_in(folder.path()).is_empty());
        assert!(mounts_in(&folder.path().join("none")).is_empty());
        assert!(mounts_in(Path::new("/")).contains(&PathBuf::from("/proc")));
    }
}
