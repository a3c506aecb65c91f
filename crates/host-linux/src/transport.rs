//! Frames with open files on a Unix stream socket.
//!
//! Both ends keep what they read in a [`Inbox`] and take whole frames from it.
//! The files of a frame are sent with its first byte, so that they have arrived
//! when the frame is whole.

use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use gcs_protocol::{Header, MessageType};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags,
};

use crate::wire::FRAME_LIMIT;

/// The most files that one frame carries: a process's three streams.
pub(crate) const MAX_FILES: usize = 3;

/// A received frame.
#[derive(Debug)]
pub(crate) struct Frame {
    pub header: Header,
    pub body: Vec<u8>,
}

/// What was received and not yet taken.
#[derive(Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    files: VecDeque<OwnedFd>,
}

impl Inbox {
    /// Reads once from the socket. `Ok(false)`: the peer has closed it.
    pub(crate) fn receive(&mut self, socket: impl AsFd, flags: RecvFlags) -> io::Result<bool> {
        let mut bytes = [0u8; 16 << 10];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FILES))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = rustix::io::retry_on_intr(|| {
            rustix::net::recvmsg(
                &socket,
                &mut [IoSliceMut::new(&mut bytes)],
                &mut control,
                flags | RecvFlags::CMSG_CLOEXEC,
            )
        })?;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(files) = message {
                self.files.extend(files);
            }
        }
        if self.files.len() > 16 * MAX_FILES {
            return Err(io::Error::other("the peer sends files that no frame asks for"));
        }
        self.bytes.extend_from_slice(&bytes[..received.bytes]);
        Ok(received.bytes != 0)
    }

    /// The next whole frame, if it has arrived.
    pub(crate) fn next_frame(&mut self) -> io::Result<Option<Frame>> {
        let Some(head) = self.bytes.first_chunk::<{ Header::LEN }>() else {
            return Ok(None);
        };
        let header = Header::decode(*head, FRAME_LIMIT)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let end = Header::LEN + header.body as usize;
        if self.bytes.len() < end {
            return Ok(None);
        }
        let body = self.bytes[Header::LEN..end].to_vec();
        self.bytes.drain(..end);
        if self.bytes.is_empty() {
            // One large document must not stay with an idle connection.
            self.bytes.shrink_to(4 << 10);
        }
        Ok(Some(Frame { header, body }))
    }

    /// The next received file.
    pub(crate) fn next_file(&mut self) -> io::Result<OwnedFd> {
        self.files.pop_front().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "a frame's open file is missing")
        })
    }
}

/// A frame that waits to be sent, or is half sent.
#[derive(Debug)]
pub(crate) struct Outgoing {
    bytes: Vec<u8>,
    sent: usize,
    files: Vec<OwnedFd>,
}

impl Outgoing {
    pub(crate) fn new(
        kind: MessageType,
        id: u64,
        body: &[u8],
        files: Vec<OwnedFd>,
    ) -> io::Result<Self> {
        let header = Header::new(kind, body.len(), id)
            .ok()
            .filter(|header| header.body <= FRAME_LIMIT - 16)
            .ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!("a message of {} bytes passes the limit of {FRAME_LIMIT}", body.len()),
                )
            })?;
        let mut bytes = Vec::with_capacity(Header::LEN + body.len());
        bytes.extend_from_slice(&header.encode());
        bytes.extend_from_slice(body);
        Ok(Self { bytes, sent: 0, files })
    }

    /// Sends what the socket takes. `Ok(true)`: all of it is sent; `Ok(false)`:
    /// a socket that does not block is full.
    pub(crate) fn send(&mut self, socket: impl AsFd) -> io::Result<bool> {
        while self.sent < self.bytes.len() {
            let files: Vec<BorrowedFd<'_>> = self.files.iter().map(AsFd::as_fd).collect();
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FILES))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            if !files.is_empty() && !control.push(SendAncillaryMessage::ScmRights(&files)) {
                return Err(io::Error::other("a frame carries more files than it may"));
            }
            let sent = rustix::io::retry_on_intr(|| {
                rustix::net::sendmsg(
                    &socket,
                    &[IoSlice::new(&self.bytes[self.sent..])],
                    &mut control,
                    SendFlags::NOSIGNAL,
                )
            });
            match sent {
                Ok(sent) => self.sent += sent,
                Err(rustix::io::Errno::AGAIN) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
            self.files.clear();
        }
        Ok(true)
    }
}
