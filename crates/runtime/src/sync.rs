//! The channel between a process that sets a container up and the one that waits for it.
//!
//! A pair of sequenced-packet sockets: each message is a tag, some bytes and perhaps a descriptor.
//! Both ends are close-on-exec, so a successful `execve` reads as the end of the channel.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};

/// The largest message.
pub(crate) const MESSAGE_LIMIT: usize = 4096;

/// What a message says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Tag {
    /// Parent to child: what was asked for is done, go on.
    Go = b'G',
    /// Parent to child: run the user's program.
    Start = b'S',
    /// Child to parent: write the id maps of this process's user name space.
    Map = b'M',
    /// Child to parent: the process that goes on in my place is this pidfd.
    Successor = b'P',
    /// Child to parent: run the hooks of the runtime's name spaces.
    Hooks = b'H',
    /// Child to parent: the controlling end of the terminal.
    Console = b'T',
    /// Child to parent: the descriptor of a seccomp listener.
    Listener = b'L',
    /// Child to parent: name spaces, one descriptor a message, the kind in the bytes.
    Namespace = b'N',
    /// Child to parent: the container's root.
    Root = b'D',
    /// Child to parent: everything is set up.
    Ready = b'R',
    /// Child to parent: an encoded [`crate::Error`].
    Failed = b'E',
}

impl Tag {
    fn read(byte: u8) -> Option<Self> {
        use Tag::{
            Console, Failed, Go, Hooks, Listener, Map, Namespace, Ready, Root, Start, Successor,
        };
        [Go, Start, Map, Successor, Hooks, Console, Listener, Namespace, Root, Ready, Failed]
            .into_iter()
            .find(|tag| *tag as u8 == byte)
    }
}

/// A message as it arrived.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) tag: Tag,
    pub(crate) bytes: Vec<u8>,
    pub(crate) fd: Option<OwnedFd>,
}

/// One end of the channel.
#[derive(Debug)]
pub(crate) struct Channel(OwnedFd);

impl Channel {
    pub(crate) fn pair() -> io::Result<(Self, Self)> {
        let (a, b) = rustix::net::socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )?;
        Ok((Self(a), Self(b)))
    }

    pub(crate) fn send(&self, tag: Tag) -> io::Result<()> {
        self.send_all(tag, &[], None)
    }

    pub(crate) fn send_fd(&self, tag: Tag, bytes: &[u8], fd: BorrowedFd<'_>) -> io::Result<()> {
        self.send_all(tag, bytes, Some(fd))
    }

    pub(crate) fn send_bytes(&self, tag: Tag, bytes: &[u8]) -> io::Result<()> {
        self.send_all(tag, bytes, None)
    }

    fn send_all(&self, tag: Tag, bytes: &[u8], fd: Option<BorrowedFd<'_>>) -> io::Result<()> {
        let fds = fd.map_or([self.0.as_fd()], |fd| [fd]);
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if fd.is_some() && !control.push(SendAncillaryMessage::ScmRights(&fds)) {
            return Err(io::Error::other("no space for a descriptor"));
        }
        let tag = [tag as u8];
        let parts = [IoSlice::new(&tag), IoSlice::new(bytes)];
        rustix::net::sendmsg(&self.0, &parts, &mut control, SendFlags::NOSIGNAL)?;
        Ok(())
    }

    /// The next message; nothing when the other end is closed.
    pub(crate) fn receive(&self) -> io::Result<Option<Message>> {
        let mut buffer = [0; MESSAGE_LIMIT];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = loop {
            let mut parts = [IoSliceMut::new(&mut buffer)];
            match rustix::net::recvmsg(&self.0, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC) {
                Err(rustix::io::Errno::INTR) => {}
                // The other end died with a message of ours unread.
                Err(rustix::io::Errno::CONNRESET) => return Ok(None),
                other => break other?,
            }
        };
        let fd = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
            _ => None,
        });
        let Some((tag, bytes)) = buffer[..received.bytes].split_first() else { return Ok(None) };
        if received.flags.contains(ReturnFlags::TRUNC) {
            return Err(io::Error::other("a message of the container's process is too long"));
        }
        let tag = Tag::read(*tag)
            .ok_or_else(|| io::Error::other("a message of the container's process is unknown"))?;
        Ok(Some(Message { tag, bytes: bytes.to_vec(), fd }))
    }

    /// Waits in a child for the parent's word; a parent that is gone is an error.
    pub(crate) fn expect(&self, tag: Tag) -> io::Result<()> {
        match self.receive()? {
            Some(message) if message.tag == tag => Ok(()),
            Some(_) => Err(io::Error::other("unexpected message of the parent")),
            None => Err(io::Error::other("the parent is gone")),
        }
    }
}

impl Channel {
    /// Whether the other end is closed.
    pub(crate) fn is_closed(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let mut fds = [PollFd::new(&self.0, PollFlags::empty())];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&at_once)).is_ok() && fds[0].revents().contains(PollFlags::HUP)
    }

    /// The same channel under a number above those that a program gets.
    pub(crate) fn out_of_the_way(&self, preserved: usize) -> Result<Self, crate::Error> {
        crate::child::out_of_the_way(&self.0, preserved).map(Self)
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
