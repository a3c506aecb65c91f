//! Sockets of a family that neither std nor tokio knows.
//!
//! tokio's TCP stream waits for any kind of stream socket: all it asks Windows
//! for is whether there is something to read, to accept or room to write. Its
//! functions for addresses are not used.

use std::io;
use std::os::windows::io::{AsRawSocket, FromRawSocket, OwnedSocket};
use std::sync::OnceLock;

use tokio::io::Interest;
use tokio::net::TcpStream;
use windows_sys::Win32::Foundation::{HANDLE, HANDLE_FLAG_INHERIT, SetHandleInformation};
use windows_sys::Win32::Networking::WinSock::{
    AF_HYPERV, INVALID_SOCKET, SOCK_STREAM, SOCKADDR, SOCKET, SOCKET_ERROR,
    WSA_FLAG_NO_HANDLE_INHERIT, WSA_FLAG_OVERLAPPED, WSADATA, WSAEWOULDBLOCK, WSAGetLastError,
    WSASocketW, WSAStartup, accept, bind, connect, listen, setsockopt,
};
use windows_sys::Win32::System::Hypervisor::HV_PROTOCOL_RAW;

/// How many may wait to be accepted; Windows takes no more anyway.
const BACKLOG: i32 = 0x7fff_ffff;

/// A socket that is not connected. None of its calls blocks.
#[derive(Debug)]
pub(super) struct Socket(std::net::TcpStream);

impl Socket {
    /// One of `AF_HYPERV`.
    pub(super) fn hyper_v() -> io::Result<Self> {
        Self::new(AF_HYPERV, HV_PROTOCOL_RAW.cast_signed())
    }

    pub(super) fn new(family: u16, protocol: i32) -> io::Result<Self> {
        start()?;
        // SAFETY: takes numbers and no structure.
        let socket = unsafe {
            WSASocketW(
                family.into(),
                SOCK_STREAM,
                protocol,
                std::ptr::null(),
                0,
                WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT,
            )
        };
        // SAFETY: it was just made for us.
        unsafe { own(socket) }.map(Self)
    }

    /// Sets an option of `AF_HYPERV`.
    pub(super) fn set_option(&self, option: u32, value: u32) -> io::Result<()> {
        let bytes = value.to_ne_bytes();
        // SAFETY: the socket is open, and the value is as long as told.
        check(unsafe {
            setsockopt(
                raw(&self.0),
                HV_PROTOCOL_RAW.cast_signed(),
                option.cast_signed(),
                bytes.as_ptr(),
                const { size_of_i32::<u32>() },
            )
        })
    }

    /// Connects. The address is the structure of the socket's family.
    pub(super) async fn connect<A>(self, address: &A) -> io::Result<TcpStream> {
        let (pointer, size) = sized(address);
        // SAFETY: the socket is open, and the address is as long as told.
        match check(unsafe { connect(raw(&self.0), pointer, size) }) {
            Err(error) if error.raw_os_error() != Some(WSAEWOULDBLOCK) => return Err(error),
            _ => {}
        }
        let stream = TcpStream::from_std(self.0)?;
        stream.writable().await?;
        match stream.take_error()? {
            Some(error) => Err(error),
            None => Ok(stream),
        }
    }

    /// Listens. The address is the structure of the socket's family.
    pub(super) fn listen<A>(self, address: &A) -> io::Result<Incoming> {
        let (pointer, size) = sized(address);
        // SAFETY: the socket is open, and the address is as long as told.
        check(unsafe { bind(raw(&self.0), pointer, size) })?;
        // SAFETY: the socket is open.
        check(unsafe { listen(raw(&self.0), BACKLOG) })?;
        TcpStream::from_std(self.0).map(Incoming)
    }
}

/// A socket that listens.
#[derive(Debug)]
pub(super) struct Incoming(TcpStream);

impl Incoming {
    /// Waits for somebody; gives his address, the structure of the socket's
    /// family. Who gives up waiting loses nobody.
    pub(super) async fn accept<A: Default>(&self) -> io::Result<(TcpStream, A)> {
        let accepted = self.0.async_io(Interest::READABLE, || {
            let mut address = A::default();
            let mut size = const { size_of_i32::<A>() };
            // SAFETY: the socket is open, and the structure as long as told.
            let socket = unsafe { accept(raw(&self.0), (&raw mut address).cast(), &raw mut size) };
            // SAFETY: it was just made for us.
            unsafe { own(socket) }.map(|socket| (socket, address))
        });
        let (socket, address) = accepted.await?;
        Ok((TcpStream::from_std(socket)?, address))
    }

    #[cfg(test)]
    pub(super) fn port(&self) -> u16 {
        self.0.local_addr().expect("an address of the internet").port()
    }
}

/// Starts Windows's sockets once for this process, as std does for its own.
fn start() -> io::Result<()> {
    static STARTED: OnceLock<i32> = OnceLock::new();
    const VERSION: u16 = 0x202;
    let code = *STARTED.get_or_init(|| {
        let mut data = WSADATA::default();
        // SAFETY: the structure is ours. Nobody ends them again.
        unsafe { WSAStartup(VERSION, &raw mut data) }
    });
    if code == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(code)) }
}

/// Takes over what a call made: none of its calls blocks, and no child inherits
/// it.
///
/// # Safety
/// The socket is nobody else's, or none.
unsafe fn own(socket: SOCKET) -> io::Result<std::net::TcpStream> {
    if socket == INVALID_SOCKET {
        return Err(last_error());
    }
    // SAFETY: it is a socket, and ours.
    let owned = unsafe { OwnedSocket::from_raw_socket(socket as u64) };
    // SAFETY: it is open. What listens hands this down in spite of the flag.
    if unsafe { SetHandleInformation(socket as HANDLE, HANDLE_FLAG_INHERIT, 0) } == 0 {
        return Err(io::Error::last_os_error());
    }
    let stream = std::net::TcpStream::from(owned);
    stream.set_nonblocking(true)?;
    Ok(stream)
}

#[allow(clippy::cast_possible_truncation, reason = "a socket is as wide as a pointer")]
fn raw(socket: &impl AsRawSocket) -> SOCKET {
    socket.as_raw_socket() as SOCKET
}

fn sized<A>(address: &A) -> (*const SOCKADDR, i32) {
    ((&raw const *address).cast(), const { size_of_i32::<A>() })
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "evaluated by the compiler, which checks it"
)]
const fn size_of_i32<T>() -> i32 {
    assert!(size_of::<T>() < 0x1_0000);
    size_of::<T>() as i32
}

fn check(result: i32) -> io::Result<()> {
    if result == SOCKET_ERROR { Err(last_error()) } else { Ok(()) }
}

fn last_error() -> io::Error {
    // SAFETY: no arguments.
    io::Error::from_raw_os_error(unsafe { WSAGetLastError() })
}
