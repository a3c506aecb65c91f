//! A client's connection to a worker.
//!
//! One task owns the socket: it sends what handles ask for, hands answers to
//! those that wait for them, and tells what the worker notifies. It ends when
//! the last handle is dropped or the worker has gone.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use compute::error::{Named, SystemCode};
use compute::{Error, Result, SystemEvent, SystemExit, SystemId};
use gcs_protocol::MessageType;
use hcs_schema::HResult;
use hcs_schema::schema2::ProcessStatus;
use rustix::net::RecvFlags;
use serde::de::DeserializeOwned;
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::store::{self, Look};
use crate::transport::{Frame, Inbox, Outgoing};
use crate::wire::{Exit, Notification, OpenedProcess, ProcessRef, Reply, Request, SignalProcess};
use crate::{Roots, reclaim};

/// How many events may wait for a slow reader before it misses the oldest.
const EVENTS: usize = 256;

/// How long the removal of a stopped system may hold up its last handle.
const LEAVE_LIMIT: Duration = Duration::from_secs(5);

/// What a process is, as far as this client knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Running,
    Exited(i32),
    /// The worker has gone, and with it the process and how it ended.
    Lost,
}

/// A handle to the task; the connection closes with the last one.
#[derive(Clone)]
pub(super) struct Connection {
    commands: mpsc::UnboundedSender<Command>,
    shared: Arc<Shared>,
}

struct Command {
    request: Request,
    files: Vec<OwnedFd>,
    answer: Option<oneshot::Sender<Answered>>,
}

type Answered = (Reply, Vec<OwnedFd>);

struct Shared {
    id: SystemId,
    roots: Roots,
    exit: watch::Sender<Option<Exit>>,
    processes: Mutex<HashMap<u32, (watch::Sender<Known>, u32)>>,
    events: broadcast::Sender<SystemEvent>,
}

/// Whether a call failed because the worker has gone.
pub(super) fn is_lost(error: &Error) -> bool {
    compute::error::is_any(error, &[Named::UnexpectedProcessAbort])
}

impl Connection {
    pub(super) fn new(socket: OwnedFd, roots: Roots, id: SystemId) -> io::Result<Self> {
        let stream = std::os::unix::net::UnixStream::from(socket);
        stream.set_nonblocking(true)?;
        let stream = UnixStream::from_std(stream)?;
        let (commands, queue) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            id,
            roots,
            exit: watch::Sender::new(None),
            processes: Mutex::default(),
            events: broadcast::Sender::new(EVENTS),
        });
        let task = Task {
            stream,
            inbox: Inbox::default(),
            shared: shared.clone(),
            pending: HashMap::new(),
            last_id: 0,
        };
        tokio::spawn(task.run(queue));
        Ok(Self { commands, shared })
    }

    pub(super) fn id(&self) -> &SystemId {
        &self.shared.id
    }

    pub(super) fn roots(&self) -> &Roots {
        &self.shared.roots
    }

    /// Asks and waits for the answer.
    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        request: Request,
    ) -> Result<T> {
        self.call_with_files(operation, request, Vec::new()).await.map(|(value, _)| value)
    }

    /// Asks, sending files along, and waits for the answer and its files.
    pub(super) async fn call_with_files<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        request: Request,
        files: Vec<OwnedFd>,
    ) -> Result<(T, Vec<OwnedFd>)> {
        let (answer, answered) = oneshot::channel();
        let lost = || Error::system(operation, self.id().as_str(), Named::UnexpectedProcessAbort);
        self.commands.send(Command { request, files, answer: Some(answer) }).map_err(|_| lost())?;
        let (reply, files) = answered.await.map_err(|_| lost())?;
        if let Some(error) = reply.error {
            return Err(Error::from_wire(error)
                .unwrap_or_else(|error| Error::system(operation, self.id().as_str(), error)));
        }
        let value = reply.into_value().map_err(|error| {
            Error::system(operation, self.id().as_str(), SystemCode::ERR_VMCOMPUTE_INVALID_JSON)
                .with_events([crate::failure::event(format!("the worker's answer: {error}"))])
        })?;
        Ok((value, files))
    }

    /// Asks without waiting for the answer.
    pub(super) fn tell(&self, request: Request) {
        let _ = self.commands.send(Command { request, files: Vec::new(), answer: None });
    }

    /// Closes the connection. Where this was the last handle to a system that
    /// has stopped, nothing is left of it when this returns.
    pub(super) async fn finish(self) {
        let Self { commands, shared } = self;
        let stopped = shared.exit.borrow().is_some();
        // A process handle keeps the connection.
        if !stopped || commands.strong_count() > 1 {
            return;
        }
        let (answer, ended) = oneshot::channel();
        let leave = Command { request: Request::Leave, files: Vec::new(), answer: Some(answer) };
        if commands.send(leave).is_ok() {
            // The task drops the sender when the worker has closed the socket.
            let _ = tokio::time::timeout(LEAVE_LIMIT, ended).await;
        }
    }

    /// How the system ended, once it has.
    pub(super) fn exit(&self) -> watch::Receiver<Option<Exit>> {
        self.shared.exit.subscribe()
    }

    /// Takes over what the worker said of the end when the handle was opened.
    pub(super) fn set_exit(&self, exit: Exit) {
        self.shared.exit.send_replace(Some(exit));
    }

    pub(super) fn events(&self) -> broadcast::Receiver<SystemEvent> {
        self.shared.events.subscribe()
    }

    /// What is known of a process that was opened on this connection.
    pub(super) fn process(&self, pid: u32) -> watch::Receiver<Known> {
        match self.shared.processes().get(&pid) {
            Some((known, _)) => known.subscribe(),
            None => watch::Sender::new(Known::Lost).subscribe(),
        }
    }

    /// Gives a handle to a process up.
    pub(super) fn release(&self, pid: u32) {
        self.shared.release(pid);
        self.tell(Request::CloseProcess(ProcessRef { pid }));
    }
}

impl Shared {
    fn processes(&self) -> MutexGuard<'_, HashMap<u32, (watch::Sender<Known>, u32)>> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened(&self, opened: &OpenedProcess) {
        let known = opened.exit_code.map_or(Known::Running, Known::Exited);
        let mut processes = self.processes();
        processes.entry(opened.pid).or_insert_with(|| (watch::Sender::new(known), 0)).1 += 1;
    }

    fn release(&self, pid: u32) {
        let mut processes = self.processes();
        if let Some((_, holders)) = processes.get_mut(&pid) {
            *holders -= 1;
            if *holders == 0 {
                processes.remove(&pid);
            }
        }
    }

    fn process_exited(&self, status: ProcessStatus) {
        if let Some((known, _)) = self.processes().get(&status.process_id) {
            known.send_replace(Known::Exited(status.exit_code.cast_signed()));
        }
        let _ = self.events.send(SystemEvent::ProcessExited(status));
    }

    fn system_exited(&self, exit: Exit) {
        let event = SystemEvent::Exited(system_exit(&exit));
        self.exit.send_replace(Some(exit));
        let _ = self.events.send(event);
    }

    /// The worker has gone: finds out how the system ended.
    async fn lost(self: Arc<Self>) {
        for (known, _) in self.processes().values() {
            known.send_if_modified(|known| {
                let running = *known == Known::Running;
                if running {
                    *known = Known::Lost;
                }
                running
            });
        }
        if self.exit.borrow().is_some() {
            return;
        }
        let _ = self.events.send(SystemEvent::ServiceDisconnect);
        let shared = self.clone();
        let settled = tokio::task::spawn_blocking(move || settle(&shared.roots, &shared.id)).await;
        self.system_exited(settled.unwrap_or_else(|_| unexpected()));
    }
}

/// Settles the system of a worker that has gone, unless another client does.
fn settle(roots: &Roots, id: &SystemId) -> Exit {
    for _ in 0..500 {
        match store::look(roots, id) {
            Ok(Look::Dead(locked, mut record)) => {
                if let Err(error) = reclaim::settle(&locked, &mut record) {
                    tracing::warn!(%id, %error, "what a dead worker left could not be freed");
                }
                return record.exit.unwrap_or_else(unexpected);
            }
            // It is dying, or another client has the lock to settle it.
            Ok(Look::Alive(_)) => std::thread::sleep(std::time::Duration::from_millis(10)),
            _ => break,
        }
    }
    unexpected()
}

fn unexpected() -> Exit {
    Exit { status: SystemCode::ERR_VMCOMPUTE_UNEXPECTED_EXIT.0, exit_type: "UnexpectedExit".into() }
}

pub(super) fn system_exit(exit: &Exit) -> SystemExit {
    SystemExit { status: HResult::from_u32(exit.status), exit_type: exit.exit_type.clone() }
}

struct Task {
    stream: UnixStream,
    inbox: Inbox,
    shared: Arc<Shared>,
    pending: HashMap<u64, Option<oneshot::Sender<Answered>>>,
    last_id: u64,
}

impl Task {
    async fn run(mut self, mut queue: mpsc::UnboundedReceiver<Command>) {
        loop {
            let outcome = tokio::select! {
                command = queue.recv() => match command {
                    Some(command) => self.send(command).await,
                    // Every handle is gone: closing the socket is the message.
                    None => return,
                },
                ready = self.stream.readable() => match ready {
                    Ok(()) => self.receive(),
                    Err(error) => Err(error),
                },
            };
            if let Err(error) = outcome {
                tracing::debug!(id = %self.shared.id, %error, "the worker's connection has ended");
                break;
            }
        }
        // Calls that wait learn it by their dropped senders.
        self.pending.clear();
        drop(queue);
        self.shared.lost().await;
    }

    async fn send(&mut self, command: Command) -> io::Result<()> {
        self.last_id += 1;
        let (kind, body) = command.request.encode()?;
        let mut outgoing = Outgoing::new(kind, self.last_id, &body, command.files)?;
        self.pending.insert(self.last_id, command.answer);
        loop {
            let stream = &self.stream;
            let sent = stream.try_io(Interest::WRITABLE, || match outgoing.send(stream)? {
                true => Ok(()),
                false => Err(io::ErrorKind::WouldBlock.into()),
            });
            match sent {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    stream.writable().await?
                }
                other => return other,
            }
        }
    }

    fn receive(&mut self) -> io::Result<()> {
        let (stream, inbox) = (&self.stream, &mut self.inbox);
        let received =
            stream.try_io(Interest::READABLE, || inbox.receive(stream, RecvFlags::empty()));
        match received {
            Ok(true) => {}
            Ok(false) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
        while let Some(frame) = self.inbox.next_frame()? {
            self.take(frame)?;
        }
        Ok(())
    }

    fn take(&mut self, frame: Frame) -> io::Result<()> {
        if frame.header.kind == MessageType::CONTAINER_NOTIFICATION {
            match serde_json::from_slice(&frame.body)? {
                Notification::ProcessExited(status) => self.shared.process_exited(status),
                Notification::SystemExited(exit) => self.shared.system_exited(exit),
                Notification::CrashReport(report) => {
                    let _ = self.shared.events.send(SystemEvent::CrashReport(report));
                }
            }
            return Ok(());
        }
        let reply: Reply = serde_json::from_slice(&frame.body)?;
        let mut files = Vec::new();
        let opened = opens_process(&frame, &reply)?;
        if let Some(opened) = &opened {
            for _ in opened.streams.iter().filter(|given| **given) {
                files.push(self.inbox.next_file()?);
            }
            if frame.header.kind != crate::wire::PROCESS_STDIO.response() {
                self.shared.opened(opened);
            }
        }
        let waiting = self.pending.remove(&frame.header.id).flatten();
        if let Some(waiting) = waiting
            && waiting.send((reply, files)).is_err()
            && let Some(opened) = opened
        {
            self.give_up(&frame, opened.pid);
        }
        Ok(())
    }

    /// Nobody waits any more for the process that an answer brings.
    fn give_up(&mut self, frame: &Frame, pid: u32) {
        self.shared.release(pid);
        let mut requests = vec![Request::CloseProcess(ProcessRef { pid })];
        if frame.header.kind == MessageType::EXECUTE_PROCESS.response() {
            requests
                .insert(0, Request::SignalProcess(SignalProcess { pid, signal: libc::SIGKILL }));
        }
        for request in requests {
            self.last_id += 1;
            let sent = request.encode().map_err(io::Error::from).and_then(|(kind, body)| {
                Outgoing::new(kind, self.last_id, &body, Vec::new())?.send(&self.stream)
            });
            if !matches!(sent, Ok(true)) {
                tracing::warn!(id = %self.shared.id, pid, "a process whose caller has gone stays open");
            }
        }
    }
}

/// What an answer says of a process, where it opens one.
fn opens_process(frame: &Frame, reply: &Reply) -> io::Result<Option<OpenedProcess>> {
    let opens =
        [MessageType::EXECUTE_PROCESS, crate::wire::OPEN_PROCESS, crate::wire::PROCESS_STDIO];
    if reply.error.is_some() || !opens.iter().any(|kind| kind.response() == frame.header.kind) {
        return Ok(None);
    }
    Ok(Some(serde::Deserialize::deserialize(&reply.value)?))
}
