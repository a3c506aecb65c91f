//! The socket that a shim is called through, where containerd's own shims have theirs.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow, bail};
use futures_util::stream::unfold;
use rustix::fs::Mode;
use rustix::process::umask;
use sha2::{Digest, Sha256};
use shim_protos::ttrpc::asynchronous::transport::{Listener, Socket};
use tokio::net::{UnixListener, UnixStream};

use crate::address::Address;
use crate::bundle::os_text;

/// What an address begins with.
pub(crate) const ADDRESS_PREFIX: &str = "unix://";

/// What an address is.
pub(crate) const ADDRESS_KIND: &str = "unix";

/// The folder of the sockets of all shims.
const FOLDER: &str = "/run/containerd/s";

/// How long another shim at the same address may take to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two looks at it.
const PAUSE: Duration = Duration::from_millis(20);

/// Before the next client is accepted after one that could not be: most likely there
/// are too many open files, and that does not change at once.
const RELIEF: Duration = Duration::from_millis(100);

/// The address for an id, of one containerd and namespace.
pub(crate) fn address(containerd: &str, namespace: &str, id: &str) -> String {
    let name = format!("{}/{namespace}/{id}", containerd.trim_end_matches('/'));
    let mut address = format!("{ADDRESS_PREFIX}{FOLDER}/");
    for byte in Sha256::digest(name) {
        // A string takes all.
        let _ = write!(address, "{byte:02x}");
    }
    address
}

/// Calls the shim at an address.
pub(crate) async fn dial(address: &Address) -> anyhow::Result<Socket> {
    let stream = UnixStream::connect(address.path()).await;
    let stream = stream.map_err(|error| anyhow!("connect {address}: {}", os_text(&error)))?;
    Ok(Socket::new(stream))
}

/// The name of a socket, removed when dropped unless it is another's by then.
#[derive(Debug)]
pub(crate) struct Name {
    path: PathBuf,
    identity: Option<(u64, u64)>,
}

impl Name {
    /// Frees the name for another.
    pub(crate) fn release(self) {
        drop(self);
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        if self.identity.is_some() && identity(fs::symlink_metadata(&self.path)) == self.identity {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn identity(file: io::Result<Metadata>) -> Option<(u64, u64)> {
    file.ok().map(|file| (file.dev(), file.ino()))
}

/// Listens at an address. A socket there that nobody listens on is a dead shim's, and
/// is removed.
pub(crate) async fn bind(address: &Address) -> anyhow::Result<(Listener, Name)> {
    let path = Path::new(address.path());
    let listener = claim(path).await.with_context(|| format!("listening on {address}"))?;
    let name = Name { path: path.to_owned(), identity: identity(fs::symlink_metadata(path)) };
    listener.set_nonblocking(true)?;
    let clients = unfold(UnixListener::from_std(listener)?, |listener| async {
        let accepted = listener.accept().await;
        if accepted.is_err() {
            tokio::time::sleep(RELIEF).await;
        }
        Some((accepted.map(|(stream, _)| stream), listener))
    });
    Ok((Listener::new(clients), name))
}

async fn claim(path: &Path) -> anyhow::Result<StdListener> {
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o711)
            .create(folder)
            .with_context(|| format!("making {}", folder.display()))?;
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        match bind_private(path) {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() != ErrorKind::AddrInUse => return Err(error.into()),
            Err(_) if Instant::now() > deadline => bail!("another shim serves it"),
            Err(_) => {}
        }
        match StdStream::connect(path) {
            // One that is about to end gives its name up first.
            Ok(_) => tokio::time::sleep(PAUSE).await,
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => remove(path)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A socket for its owner alone, from the moment it is there.
fn bind_private(path: &Path) -> io::Result<StdListener> {
    // No other thread makes files yet.
    let mask = umask(Mode::RWXG | Mode::RWXO | Mode::XUSR);
    let listener = StdListener::bind(path);
    umask(mask);
    listener
}

/// Removes a file, which may be gone already.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn at(folder: &Path) -> Address {
        let text = format!("unix://{}", folder.join("s/socket").display());
        Address::parse(&text).expect("an address")
    }

    #[test]
    fn the_address_is_where_containerd_s_own_shims_have_theirs() {
        let address = address("/run/containerd/containerd.sock", "default", "c1");
        // printf /run/containerd/containerd.sock/default/c1 | sha256sum
        let name = "d25aa4ef11a84e954e74a5bcff06557d0b6ea8d0c00243896f29826694bbd888";
        assert_eq!(address, format!("unix:///run/containerd/s/{name}"));
    }

    #[tokio::test]
    async fn a_socket_is_its_owner_s_and_goes_with_its_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let address = at(folder.path());
        let (_listener, name) = bind(&address).await.expect("listen");
        let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode(Path::new(address.path())), 0o600);
        assert_eq!(mode(&folder.path().join("s")), 0o711);
        drop(name);
        assert!(!Path::new(address.path()).exists());
    }

    #[tokio::test]
    async fn a_dead_shim_s_socket_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let address = at(folder.path());
        fs::create_dir(folder.path().join("s")).expect("a folder");
        drop(StdListener::bind(address.path()).expect("a socket that nobody listens on"));
        let (_listener, _name) = bind(&address).await.expect("listen");
        dial(&address).await.expect("connect");
    }

    #[tokio::test]
    async fn a_name_that_is_another_s_by_now_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let address = at(folder.path());
        let (listener, name) = bind(&address).await.expect("listen");
        drop(listener);
        // Another one, so that the new file can't have the first one's number.
        let _keep = fs::File::create(folder.path().join("other"));
        let (_next, _next_name) = bind(&address).await.expect("listen again");
        let next = identity(fs::symlink_metadata(address.path()));
        if name.identity != next {
            drop(name);
            assert!(Path::new(address.path()).exists());
        }
    }

    #[tokio::test]
    async fn a_shim_that_ends_is_waited_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let address = at(folder.path());
        let (listener, name) = bind(&address).await.expect("listen");
        let next = tokio::spawn({
            let address = address.clone();
            async move { bind(&address).await.map(drop) }
        });
        tokio::time::sleep(PAUSE * 3).await;
        assert!(!next.is_finished());
        drop((name, listener));
        next.await.expect("join").expect("listen after it");
    }
}
