//! A client of a worker: one connection, which is one handle to the system.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::OwnedFd;

use gcs_protocol::MessageType;
use rustix::net::RecvFlags;

use crate::transport::{Frame, Inbox, Outgoing};

/// A client that takes no messages is cut off when this many wait for it.
const MAX_WAITING: usize = 4096;

pub(super) struct Client {
    socket: OwnedFd,
    inbox: Inbox,
    outbox: VecDeque<Outgoing>,
    /// How often it holds each process open.
    pub(super) processes: HashMap<u32, u32>,
}

/// What a socket's turn brought.
pub(super) enum Turn {
    Open,
    Closed,
}

impl Client {
    pub(super) fn new(socket: OwnedFd) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&socket, true)?;
        Ok(Self {
            socket,
            inbox: Inbox::default(),
            outbox: VecDeque::new(),
            processes: HashMap::new(),
        })
    }

    pub(super) fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// Whether it waits for its socket to take more.
    pub(super) fn is_blocked(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// Reads what has arrived. An error means the same as a closed socket.
    pub(super) fn receive(&mut self) -> Turn {
        match self.inbox.receive(&self.socket, RecvFlags::empty()) {
            Ok(true) => Turn::Open,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Turn::Open,
            _ => Turn::Closed,
        }
    }

    pub(super) fn next_frame(&mut self) -> io::Result<Option<Frame>> {
        self.inbox.next_frame()
    }

    pub(super) fn next_file(&mut self) -> io::Result<OwnedFd> {
        self.inbox.next_file()
    }

    /// Queues a frame and sends what the socket takes.
    pub(super) fn send(
        &mut self,
        kind: MessageType,
        id: u64,
        body: &[u8],
        files: Vec<OwnedFd>,
    ) -> Turn {
        if self.outbox.len() >= MAX_WAITING {
            return Turn::Closed;
        }
        let Ok(outgoing) = Outgoing::new(kind, id, body, files) else {
            return Turn::Closed;
        };
        self.outbox.push_back(outgoing);
        self.flush()
    }

    /// Sends what waits, as far as the socket takes it.
    pub(super) fn flush(&mut self) -> Turn {
        while let Some(outgoing) = self.outbox.front_mut() {
            match outgoing.send(&self.socket) {
                Ok(true) => self.outbox.pop_front(),
                Ok(false) => return Turn::Open,
                Err(_) => return Turn::Closed,
            };
        }
        // A burst must not stay in memory.
        self.outbox.shrink_to(8);
        Turn::Open
    }
}
