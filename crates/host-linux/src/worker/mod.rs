//! The worker: the process that runs one compute system.
//!
//! It has one thread, for the whole of its life: it forks without exec to make
//! the container and to bring processes into it, which is sound only so. It
//! waits for everything at one place, [`Worker::run`].

mod client;
mod end;
mod exec;
mod launch;
mod modify;
mod process;
mod properties;
mod resources;
mod system;

pub(crate) use properties::basic as basic_properties;

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::process::ExitCode;

use compute::Error;
use compute::error::SystemCode;
use compute::state::State;
use gcs_protocol::MessageType;
use oci_spec::runtime::PosixRlimit;
use rustix::event::epoll;

use self::client::{Client, Turn};
use self::process::Processes;
use crate::document::Plan;
use crate::store::{Locked, Record};
use crate::transport::Frame;
use crate::wire::{Notification, Opened, Reply, Request};

/// How long nothing happens before a worker takes itself for idle.
const IDLE: rustix::time::Timespec = rustix::time::Timespec { tv_sec: 1, tv_nsec: 0 };

/// Runs a worker on the socket that is this process's standard input, to the
/// end of its compute system. The process must have one thread.
pub fn run() -> ExitCode {
    let socket = match launch::detach() {
        Ok(socket) => socket,
        Err(error) => {
            eprintln!("hcs-worker: {error}");
            return ExitCode::from(2);
        }
    };
    match serve(socket) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hcs-worker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(socket: OwnedFd) -> io::Result<()> {
    rustix::io::ioctl_fionbio(&socket, false)?;
    let mut creator = crate::transport::Inbox::default();
    let frame = loop {
        if let Some(frame) = creator.next_frame()? {
            break frame;
        }
        if !creator.receive(&socket, rustix::net::RecvFlags::empty())? {
            return Ok(());
        }
    };
    let id = frame.header.id;
    let request = match Request::decode(frame.header.kind, &frame.body) {
        Ok(Some(Request::Create(create))) => *create,
        _ => return Err(io::Error::other("the first message to a worker has to be Create")),
    };
    drop(frame);
    let mut client = Client::new(socket)?;
    let kind = MessageType::CREATE.response();
    match Worker::create(request) {
        Ok(mut worker) => {
            let token = worker.admit(client)?;
            let opened = worker.opened();
            worker.reply(token, kind, id, Reply::value(&opened)?, Vec::new());
            worker.run()
        }
        Err(error) => {
            let reply = Reply { error: Some(error.to_wire()), ..Reply::default() };
            client.send(kind, id, &serde_json::to_vec(&reply)?, Vec::new());
            Ok(())
        }
    }
}

/// What an event of the kernel is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Listener,
    Client(u32),
    Process(u32),
}

impl Token {
    fn encode(self) -> epoll::EventData {
        epoll::EventData::new_u64(match self {
            Self::Listener => 0,
            Self::Client(number) => 1 << 32 | u64::from(number),
            Self::Process(pid) => 2 << 32 | u64::from(pid),
        })
    }

    fn decode(data: epoll::EventData) -> Self {
        let data = data.u64();
        #[expect(clippy::cast_possible_truncation, reason = "the low half, as encoded")]
        let low = data as u32;
        match data >> 32 {
            1 => Self::Client(low),
            2 => Self::Process(low),
            _ => Self::Listener,
        }
    }
}

struct Worker {
    epoll: OwnedFd,
    listener: UnixListener,
    locked: Option<Locked>,
    record: Record,
    plan: Plan,
    state: State,
    group: Option<cgroup::Group>,
    container: Option<runtime::Container>,
    processes: Processes,
    clients: HashMap<u32, Client>,
    last_client: Option<Client>,
    next_client: u32,
    /// The limit of open files that the worker was started with: its processes
    /// get this one, unless they are given another.
    inherited_files: Option<PosixRlimit>,
    started: Option<std::time::Instant>,
    started_at: Option<std::time::SystemTime>,
    /// `GracefulExit` or `ForcedExit` once somebody asked it to end.
    asked_to_end: Option<&'static str>,
    /// Whether the creator has said that it knows of its system. One that goes
    /// before has given the creation up.
    confirmed: bool,
    /// Whether the end needs no record: a client was there at the end or came
    /// later, one has deleted the system, or the last has let go of one that
    /// ends with its last handle.
    end_was_seen: bool,
}

/// What a request gives: a value, and open files beside it.
#[derive(Default)]
struct Answer {
    value: serde_json::Value,
    files: Vec<OwnedFd>,
}

impl Worker {
    fn opened(&self) -> Opened {
        Opened {
            runtime_id: self.record.runtime_id.clone(),
            oci: self.plan.oci,
            owner: self.record.owner.clone(),
            exit: self.record.exit.clone(),
        }
    }

    /// Serves until the system has ended and nobody holds it.
    fn run(mut self) -> io::Result<()> {
        let mut events = Vec::with_capacity(16);
        // Once after each time of work, when that seems to be over.
        let mut gave_back = false;
        while !self.is_over() {
            let limit = (!gave_back).then_some(IDLE);
            let space = rustix::buffer::spare_capacity(&mut events);
            match epoll::wait(&self.epoll, space, limit.as_ref()) {
                Err(rustix::io::Errno::INTR) => continue,
                other => drop(other?),
            }
            gave_back = events.is_empty();
            if gave_back {
                crate::memory::give_back();
            }
            for event in events.drain(..) {
                match Token::decode(event.data) {
                    Token::Listener => self.accept(),
                    Token::Client(number) => self.client_turn(number, event.flags),
                    Token::Process(pid) => self.process_ended(pid),
                }
            }
        }
        self.leave()
    }

    fn is_over(&self) -> bool {
        self.state == State::Stopped && self.clients.is_empty()
    }

    /// The end of the worker: the record stays where nobody has seen the end.
    fn leave(mut self) -> io::Result<()> {
        let Some(locked) = self.locked.take() else {
            return Ok(());
        };
        locked.close_socket();
        if self.end_was_seen {
            crate::reclaim::bury(locked, &self.record)?;
        }
        Ok(())
    }

    fn watch(
        &self,
        file: BorrowedFd<'_>,
        token: Token,
        flags: epoll::EventFlags,
    ) -> io::Result<()> {
        Ok(epoll::add(&self.epoll, file, token.encode(), flags)?)
    }

    /// Takes a connection up, if it comes from this user or root.
    fn accept(&mut self) {
        let Ok((stream, _)) = self.listener.accept() else {
            return;
        };
        let me = rustix::process::geteuid();
        let peer = rustix::net::sockopt::socket_peercred(&stream);
        if !peer.is_ok_and(|peer| peer.uid == me || peer.uid.is_root()) {
            return;
        }
        if let Ok(client) = Client::new(stream.into())
            && let Err(error) = self.admit(client)
        {
            tracing::warn!(%error, "a client could not be admitted");
        }
    }

    fn admit(&mut self, client: Client) -> io::Result<u32> {
        self.next_client = self.next_client.wrapping_add(1);
        let number = self.next_client;
        self.watch(client.socket().as_fd(), Token::Client(number), epoll::EventFlags::IN)?;
        self.clients.insert(number, client);
        if self.state == State::Stopped {
            self.end_was_seen |= !self.stays_until_deleted();
        }
        Ok(number)
    }

    fn client_turn(&mut self, number: u32, flags: epoll::EventFlags) {
        let Some(client) = self.clients.get_mut(&number) else {
            return;
        };
        let mut turn = Turn::Open;
        if flags.contains(epoll::EventFlags::OUT) {
            turn = client.flush();
        }
        if flags.intersects(epoll::EventFlags::IN | epoll::EventFlags::HUP | epoll::EventFlags::ERR)
            && matches!(turn, Turn::Open)
        {
            turn = client.receive();
        }
        // What a client sent before it closed still counts: a kill is a kill.
        loop {
            let Some(client) = self.clients.get_mut(&number) else {
                return;
            };
            match client.next_frame() {
                Ok(Some(frame)) => self.handle(number, frame),
                Ok(None) => break,
                Err(_) => {
                    turn = Turn::Closed;
                    break;
                }
            }
        }
        match turn {
            Turn::Open => self.arm(number),
            Turn::Closed => self.dismiss(number),
        }
    }

    /// Waits for room in a client's socket only while something waits to go there.
    fn arm(&mut self, number: u32) {
        if let Some(client) = self.clients.get(&number) {
            let mut flags = epoll::EventFlags::IN;
            flags.set(epoll::EventFlags::OUT, client.is_blocked());
            let token = Token::Client(number).encode();
            let _ = epoll::modify(&self.epoll, client.socket(), token, flags);
        }
    }

    /// A handle to the system was closed.
    fn dismiss(&mut self, number: u32) {
        let Some(client) = self.clients.remove(&number) else {
            return;
        };
        let _ = epoll::delete(&self.epoll, client.socket());
        // Closed by the end of the worker, if this is it: the client that waits
        // for that finds nothing left.
        let last = self.clients.is_empty() && self.state == State::Stopped;
        for (pid, count) in &client.processes {
            self.processes.release(*pid, *count);
        }
        let abandoned = self.plan.terminate_on_last_handle_closed || !self.confirmed;
        if self.clients.is_empty() && abandoned && self.state != State::Stopped {
            // Whoever let go of it last wants nothing of it kept.
            self.end_was_seen = true;
            self.terminate();
        }
        if last {
            self.last_client = Some(client);
        }
    }

    fn handle(&mut self, number: u32, frame: Frame) {
        self.confirmed = true;
        let kind = frame.header.kind;
        let result = match Request::decode(kind, &frame.body) {
            Ok(Some(request)) => self.perform(number, request),
            Ok(None) => Err(self.error(
                "hcs-worker",
                SystemCode::ERR_VMCOMPUTE_UNKNOWN_MESSAGE,
                format!("this worker does not know the message {kind:?}; it is of another version"),
            )),
            Err(error) => Err(self.error(
                "hcs-worker",
                SystemCode::ERR_VMCOMPUTE_INVALID_JSON,
                format!("the message {kind:?} cannot be read: {error}"),
            )),
        };
        let (reply, files) = match result {
            Ok(answer) => (Reply { error: None, value: answer.value }, answer.files),
            Err(error) => (Reply { error: Some(error.to_wire()), ..Reply::default() }, Vec::new()),
        };
        self.reply(number, kind.response(), frame.header.id, reply, files);
    }

    fn reply(
        &mut self,
        number: u32,
        kind: MessageType,
        id: u64,
        reply: Reply,
        files: Vec<OwnedFd>,
    ) {
        let Some(client) = self.clients.get_mut(&number) else {
            return;
        };
        let body = serde_json::to_vec(&reply).unwrap_or_default();
        match client.send(kind, id, &body, files) {
            Turn::Open => self.arm(number),
            Turn::Closed => self.dismiss(number),
        }
    }

    /// Tells all clients.
    fn notify(&mut self, notification: &Notification) {
        let body = serde_json::to_vec(notification).unwrap_or_default();
        let numbers: Vec<u32> = self.clients.keys().copied().collect();
        for number in numbers {
            let Some(client) = self.clients.get_mut(&number) else {
                continue;
            };
            match client.send(MessageType::CONTAINER_NOTIFICATION, 0, &body, Vec::new()) {
                Turn::Open => self.arm(number),
                Turn::Closed => self.dismiss(number),
            }
        }
    }

    /// An error about this system, with what happened as its event.
    fn error(&self, operation: &'static str, code: SystemCode, message: String) -> Error {
        crate::failure::failure(operation, &self.record.id, code, message)
    }
}
