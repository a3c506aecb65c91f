//! Installing a seccomp filter, and handing its listener to the one who asked for it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use oci_spec::runtime::LinuxSeccomp;
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix,
    SocketFlags, SocketType,
};

use crate::error::{At, Error};
use crate::sync::{Channel, Tag};
use crate::sys::{self, Side};

const FIELD: &str = "linux.seccomp";

/// A compiled filter.
#[derive(Debug)]
pub(crate) struct Filter {
    program: seccomp::Program,
    listener: Option<Listener>,
}

/// Who handles notifications.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    path: PathBuf,
    metadata: Option<String>,
}

impl Filter {
    /// Compiles a profile for this machine.
    pub(crate) fn prepare(profile: &LinuxSeccomp) -> Result<Self, Error> {
        let arch = seccomp::Arch::native()
            .ok_or_else(|| Error::unsupported(FIELD, "no filter is known for this machine"))?;
        let program = seccomp::compile(profile, arch)
            .map_err(|error| Error::invalid(FIELD, error.to_string()))?;
        let listener = match profile.listener_path() {
            Some(path) if program.needs_listener => {
                Some(Listener { path: path.clone(), metadata: profile.listener_metadata().clone() })
            }
            _ => None,
        };
        Ok(Self { program, listener })
    }

    pub(crate) fn listener(&self) -> Option<&Listener> {
        self.listener.as_ref()
    }

    /// Installs the filter on the calling process. A listener reaches the parent before this
    /// returns.
    pub(crate) fn install(&self, channel: &Channel) -> Result<(), Error> {
        if self.listener.is_none() {
            return sys::install_filter(&self.program).map(drop).at(FIELD, "install the filter");
        }
        let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
            .at(FIELD, "make a pipe for the listener")?;
        // The filter may hold up any call but write (no profile may, says crate seccomp), so a
        // helper that shares the descriptors, but not the filter, sends the listener on.
        // SAFETY: the process is a copy with one thread.
        let helper = match unsafe { sys::clone(libc::CLONE_FILES as u64, None) }
            .at(FIELD, "make a helper for the listener")?
        {
            Side::Child => {
                let sent = send_listener(&read, channel);
                sys::exit_now(i32::from(sent.is_err()));
            }
            Side::Parent(helper) => helper,
        };
        let installed = sys::install_filter(&self.program).at(FIELD, "install the filter");
        let number =
            installed.as_ref().ok().and_then(Option::as_ref).map_or(-1, |fd| fd.as_raw_fd());
        let told = rustix::io::write(&write, &number.to_le_bytes());
        let _listener = installed?;
        told.at(FIELD, "tell of the listener")?;
        channel.expect(Tag::Go).at(FIELD, "hand the listener over")?;
        let _ = crate::wait::wait_for_end(&helper.pidfd);
        Ok(())
    }
}

fn send_listener(read: &OwnedFd, channel: &Channel) -> io::Result<()> {
    let mut number = [0; 4];
    rustix::io::read(read, &mut number)?;
    let number = i32::from_le_bytes(number);
    if number < 0 {
        return Ok(());
    }
    // SAFETY: the process that shares our descriptors keeps this one open until it is told to go on.
    let listener = unsafe { BorrowedFd::borrow_raw(number) };
    channel.send_fd(Tag::Listener, &[], listener)
}

impl Listener {
    /// Gives the listener to its handler with the state of the container's process.
    pub(crate) fn deliver(&self, listener: OwnedFd, pid: u32, state: &str) -> Result<(), Error> {
        let field = "linux.seccomp.listenerPath";
        let metadata = serde_json::to_string(self.metadata.as_deref().unwrap_or_default())
            .map_err(|error| Error::invalid("linux.seccomp.listenerMetadata", error.to_string()))?;
        let message = format!(
            r#"{{"ociVersion":"{}","fds":["seccompFd"],"pid":{pid},"metadata":{metadata},"state":{state}}}"#,
            crate::OCI_VERSION
        );
        let socket = connect(&self.path)
            .at_with(|| (field.into(), format!("connect to {}", self.path.display())))?;
        let fds = [listener.as_fd()];
        let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        control.push(SendAncillaryMessage::ScmRights(&fds));
        let parts = [io::IoSlice::new(message.as_bytes())];
        rustix::net::sendmsg(&socket, &parts, &mut control, SendFlags::NOSIGNAL)
            .at(field, "send the listener")?;
        Ok(())
    }
}

fn connect(path: &Path) -> io::Result<OwnedFd> {
    let socket = rustix::net::socket_with(
        AddressFamily::UNIX,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket)
}
