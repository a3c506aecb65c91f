//! Handing a console to whoever listens on a Unix socket.

use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::anyhow;
use compute::Process;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

/// The message that goes with the console: the name of its file, as runc sends it.
const NAME: &[u8] = b"/dev/ptmx";

/// Connects to the socket before there is a process, so that a wrong path
/// costs nothing.
pub(super) fn connect(path: Option<&Path>) -> anyhow::Result<Option<UnixStream>> {
    let Some(path) = path else {
        return Ok(None);
    };
    let stream = UnixStream::connect(path);
    Ok(Some(stream.map_err(|error| {
        anyhow!("connecting to the console socket {}: {error}", path.display())
    })?))
}

/// Sends a process's console.
pub(super) async fn send(socket: &UnixStream, process: &dyn Process) -> anyhow::Result<()> {
    let console = process.console().await?;
    let console = console.ok_or_else(|| {
        anyhow!("this host does not give the console of process {} away", process.pid())
    })?;
    // Whoever gets it expects a console like any other: reads wait.
    rustix::io::ioctl_fionbio(&console, false)
        .map_err(|error| anyhow!("preparing the console: {error}"))?;
    let files = [console.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    control.push(SendAncillaryMessage::ScmRights(&files));
    sendmsg(socket, &[IoSlice::new(NAME)], &mut control, SendFlags::NOSIGNAL)
        .map_err(|error| anyhow!("sending the console: {error}"))?;
    Ok(())
}
