//! A new network name space has its loopback interface up.

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use std::os::fd::AsFd as _;

use crate::error::{At, Error};
use crate::sys;

/// Brings `lo` up in the network name space of the calling process.
pub(crate) fn loopback_up() -> Result<(), Error> {
    let field = "linux.namespaces";
    let socket = socket_with(AddressFamily::UNIX, SocketType::DGRAM, SocketFlags::CLOEXEC, None)
        .at(field, "make a socket for lo")?;
    sys::loopback_up(socket.as_fd()).at(field, "bring lo up")
}
