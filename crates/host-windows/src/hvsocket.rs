//! Sockets between the host, utility VMs and containers (`AF_HYPERV`).
//!
//! An address is a VM and a service in it. A Linux guest knows services as ports
//! of vsock. Source: Microsoft's "Make your own integration services" and
//! `hvsocket.h` of the Windows SDK.

mod address;
mod listener;
mod socket;
mod stream;

use std::io;
use std::time::Duration;

use windows_sys::Win32::Networking::WinSock::{
    WSAEAFNOSUPPORT, WSAEPROTONOSUPPORT, WSAESOCKTNOSUPPORT,
};
use windows_sys::Win32::System::Hypervisor::{
    HVSOCKET_CONNECT_TIMEOUT, HVSOCKET_CONNECT_TIMEOUT_MAX, HVSOCKET_CONNECTED_SUSPEND,
    HVSOCKET_HIGH_VTL,
};

use crate::named_pipe::require_runtime;
use socket::Socket;

pub use address::{Address, AddressError, ServiceId, VmId};
pub use listener::{Listener, listen};
pub use stream::Stream;

/// Why a socket could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HvSocketError {
    /// This system has no such sockets.
    #[error("failed to make a Hyper-V socket: is the Hyper-V feature installed?")]
    Unsupported(#[source] io::Error),
    /// A socket could not be made.
    #[error("failed to make a Hyper-V socket")]
    Make(#[source] io::Error),
    /// A socket does not take an option.
    #[error("failed to set {option} of a Hyper-V socket")]
    Option {
        /// The option.
        option: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Nobody could be reached.
    #[error("failed to connect to Hyper-V socket {address}: does its VM run, and listen there?")]
    Connect {
        /// Whom.
        address: Address,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// An address could not be listened on.
    #[error("failed to listen on Hyper-V socket {address}")]
    Listen {
        /// Where.
        address: Address,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Nobody could be waited for.
    #[error("failed to accept on Hyper-V socket {address}")]
    Accept {
        /// Where.
        address: Address,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// How to connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// How long to try, in whole milliseconds and no more than 5 minutes, which
    /// is the most that Windows takes. Without it Windows decides.
    pub connect_timeout: Option<Duration>,
    /// Stay connected while the VM is paused.
    pub connected_suspend: bool,
    /// Connect to the guest's higher trust level (VTL 2, a paravisor).
    pub high_vtl: bool,
}

impl Options {
    /// What to set, by name.
    fn settings(self) -> impl Iterator<Item = (&'static str, u32, u32)> {
        let timeout = self.connect_timeout.map(|timeout| {
            let most = Duration::from_millis(HVSOCKET_CONNECT_TIMEOUT_MAX.into());
            u32::try_from(timeout.min(most).as_millis()).unwrap_or(HVSOCKET_CONNECT_TIMEOUT_MAX)
        });
        let truth = |truth: bool| truth.then_some(1);
        [
            ("HVSOCKET_CONNECT_TIMEOUT", HVSOCKET_CONNECT_TIMEOUT, timeout),
            (
                "HVSOCKET_CONNECTED_SUSPEND",
                HVSOCKET_CONNECTED_SUSPEND,
                truth(self.connected_suspend),
            ),
            ("HVSOCKET_HIGH_VTL", HVSOCKET_HIGH_VTL, truth(self.high_vtl)),
        ]
        .into_iter()
        .filter_map(|(name, option, value)| Some((name, option, value?)))
    }
}

/// Connects to a service of a VM. Who gives up waiting leaves no socket.
///
/// # Errors
/// This system has no such sockets, or nobody answers. A socket is registered
/// with the runtime: outside of one it is an error.
pub async fn connect(address: Address, options: Options) -> Result<Stream, HvSocketError> {
    let failed = |source| HvSocketError::Connect { address, source };
    require_runtime().map_err(failed)?;
    let socket = new_socket()?;
    for (name, option, value) in options.settings() {
        socket
            .set_option(option, value)
            .map_err(|source| HvSocketError::Option { option: name, source })?;
    }
    let stream = socket.connect(&address.to_raw()).await.map_err(failed)?;
    Ok(Stream::new(stream, address))
}

fn new_socket() -> Result<Socket, HvSocketError> {
    Socket::hyper_v().map_err(|error| match error.raw_os_error() {
        Some(WSAEAFNOSUPPORT | WSAEPROTONOSUPPORT | WSAESOCKTNOSUPPORT) => {
            HvSocketError::Unsupported(error)
        }
        _ => HvSocketError::Make(error),
    })
}

#[cfg(test)]
mod tests;
