//! Sockets that wait for others.

use windows_sys::Win32::System::Hypervisor::SOCKADDR_HV;

use super::socket::Incoming;
use super::{Address, HvSocketError, Stream, new_socket};
use crate::named_pipe::require_runtime;

/// A socket that listens until it is dropped.
#[derive(Debug)]
pub struct Listener {
    incoming: Incoming,
    address: Address,
}

/// Listens on a service. The address's VM is who may connect: one VM,
/// [`VmId::CHILDREN`](super::VmId::CHILDREN), or all
/// ([`VmId::WILDCARD`](super::VmId::WILDCARD)), which the service's entry in the
/// VM's table must allow.
///
/// # Errors
/// This system has no such sockets, or the address is taken or not ours. A
/// socket is registered with the runtime: outside of one it is an error.
pub fn listen(address: Address) -> Result<Listener, HvSocketError> {
    let failed = |source| HvSocketError::Listen { address, source };
    require_runtime().map_err(failed)?;
    let incoming = new_socket()?.listen(&address.to_raw()).map_err(failed)?;
    Ok(Listener { incoming, address })
}

impl Listener {
    /// Where it listens.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Waits for somebody to connect. Who gives up waiting loses nobody.
    ///
    /// # Errors
    /// The system cannot. It may be called again.
    pub async fn accept(&self) -> Result<Stream, HvSocketError> {
        let address = self.address;
        let accepted = self.incoming.accept::<SOCKADDR_HV>().await;
        let (stream, peer) =
            accepted.map_err(|source| HvSocketError::Accept { address, source })?;
        // Windows always tells who it is.
        Ok(Stream::new(stream, Address::from_raw(&peer).unwrap_or(address)))
    }
}
