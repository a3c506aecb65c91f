//! A control connection: its calls, its handles, its events.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use compute::error::SystemCode;
use compute::{
    ComputeService, ComputeSystem, Document, Process, StdioSource, SystemEvent, SystemId,
};
use futures_util::StreamExt;
use hcs_schema::HResult;
use hcs_schema::schema1::ContainerConfig;
use hcs_schema::schema2::{self, PropertyQuery};
use serde_json::Value;
use stand_in::frame::encode;
use stand_in::protocol::{Event, MAX_FRAME, ProcessInfo, Reply, Request, kind};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use crate::order::{Calls, Place, handle_of};
use crate::process::{delivered, modify, signal};
use crate::reply::{Answer, Refusal, bad_handle, document, done, failed, finish, parsed, refused};
use crate::server::{Server, read_frame};
use crate::streams::Stream;

/// What a client has opened, and how it is told.
pub(crate) struct Session {
    server: Arc<Server>,
    systems: Mutex<HashMap<u64, Held<dyn ComputeSystem>>>,
    processes: Mutex<HashMap<u64, Held<dyn Process>>>,
    last: AtomicU64,
    out: mpsc::UnboundedSender<Vec<u8>>,
}

/// What a handle stands for, and the task that tells its events.
struct Held<T: ?Sized> {
    object: Arc<T>,
    teller: Option<AbortHandle>,
    calls: Calls,
    /// Of a process, the handle of its system; of a system 0, which is no handle.
    system: u64,
    /// Whether it is a process whose input was given to the client.
    has_input: bool,
}

impl<T: ?Sized> Held<T> {
    fn new(object: Arc<T>) -> Self {
        Self { object, teller: None, calls: Calls::default(), system: 0, has_input: false }
    }
}

impl<T: ?Sized> Drop for Held<T> {
    fn drop(&mut self) {
        if let Some(teller) = &self.teller {
            teller.abort();
        }
    }
}

impl Session {
    /// Serves a connection until its end or the server's. All of its handles end with it.
    pub(crate) async fn serve(server: Arc<Server>, connection: TcpStream) -> io::Result<()> {
        let (mut from, mut to) = connection.into_split();
        // Unbounded: a client that calls reads its answers, or is gone.
        let (out, mut frames) = mpsc::unbounded_channel::<Vec<u8>>();
        let writer = tokio::spawn(async move {
            while let Some(frame) = frames.recv().await {
                if to.write_all(&frame).await.is_err() {
                    return;
                }
            }
        });
        let session = Arc::new(Self {
            server,
            systems: Mutex::default(),
            processes: Mutex::default(),
            last: AtomicU64::new(0),
            out,
        });
        let mut calls = JoinSet::new();
        let outcome = loop {
            // Those that are done.
            while calls.try_join_next().is_some() {}
            let frame = tokio::select! {
                frame = read_frame(&mut from, MAX_FRAME) => frame,
                () = session.server.ending.cancelled() => break Ok(()),
            };
            let (header, body) = match frame {
                Ok(Some(frame)) => frame,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            };
            let request = match serde_json::from_slice::<Request>(&body) {
                Ok(request) if header.kind == kind::REQUEST => request,
                _ => break Err(io::Error::new(io::ErrorKind::InvalidData, "no request")),
            };
            // Here, where requests are in the order in which they came.
            let place = session.place(&request);
            let session = Arc::clone(&session);
            calls.spawn(async move {
                place.come().await;
                session.answer(header.id, request).await;
                drop(place);
            });
        };
        // A call that is under way is given up, and with it what it would have made.
        calls.shutdown().await;
        session.let_inputs_end(|_| true).await;
        lock(&session.processes).clear();
        let systems = std::mem::take(&mut *lock(&session.systems));
        for held in systems.values() {
            // Nobody is left to hear of a failure.
            let _ = close(held).await;
        }
        drop(session);
        writer.abort();
        outcome
    }

    async fn answer(self: Arc<Self>, id: u64, request: Request) {
        tracing::debug!(id, ?request, "call");
        let reply = self.call(request).await.unwrap_or_else(|refusal| *refusal);
        tracing::debug!(id, hresult = format_args!("{:#x}", reply.hresult), "answer");
        self.send(kind::REPLY, id, &reply);
        // Events come after the handle that they are of.
        if let Some(system) = reply.system {
            self.tell_system(system);
        }
        if let Some(process) = reply.process {
            self.tell_process(process.handle);
        }
    }

    fn send(&self, kind: gcs_protocol::MessageType, id: u64, value: &impl serde::Serialize) {
        match encode(kind, id, value, MAX_FRAME) {
            // A client that has gone hears nothing.
            Ok(frame) => drop(self.out.send(frame)),
            Err(error) => {
                tracing::warn!(id, %error, "an answer is too long");
                let reply = refused(HResult::E_FAIL, error.to_string());
                if let Ok(frame) = encode(kind, id, &reply, MAX_FRAME) {
                    drop(self.out.send(frame));
                }
            }
        }
    }

    async fn call(&self, request: Request) -> Answer {
        let host = &self.server.host;
        match request {
            Request::Enumerate { query } => {
                document(&host.enumerate(&parsed(&query)?).await.map_err(|e| failed(&e))?)
            }
            Request::CreateSystem { id, document } => {
                let (id, document) = (system_id(&id)?, self.document(&document)?);
                let made = host.create(&id, &document).await.map_err(|e| failed(&e))?;
                Ok(self.keep_system(made))
            }
            Request::OpenSystem { id } => {
                let opened = host.open(&system_id(&id)?).await.map_err(|e| failed(&e))?;
                Ok(self.keep_system(opened))
            }
            Request::CloseSystem { system } => {
                let held = lock(&self.systems).remove(&system).ok_or_else(bad_handle)?;
                self.let_inputs_end(|process| process.system == system).await;
                close(&held).await
            }
            Request::Start { system, .. } => finish(self.system(system)?.start().await),
            Request::Shutdown { system, .. } => finish(self.system(system)?.shutdown().await),
            Request::Terminate { system, .. } => finish(self.system(system)?.terminate().await),
            Request::Pause { system, options } => {
                finish(self.system(system)?.pause(&parsed(&options)?).await)
            }
            Request::Resume { system, .. } => finish(self.system(system)?.resume().await),
            Request::Save { system, options } => {
                finish(self.system(system)?.save(&self.translated(&options)?).await)
            }
            Request::Properties { system, query } => {
                let query: PropertyQuery = parsed(&query)?;
                let system = self.system(system)?;
                document(&system.properties(&query).await.map_err(|e| failed(&e))?)
            }
            Request::Modify { system, request } => {
                finish(self.system(system)?.modify(&self.translated(&request)?).await)
            }
            Request::CreateProcess { system, parameters } => {
                let parameters = parsed(&parameters)?;
                let made = self.system(system)?;
                let made = made.create_process(&parameters, StdioSource::Pipes).await;
                let process: Arc<dyn Process> = made.map_err(|e| failed(&e))?.into();
                self.keep_process(system, process, true).await
            }
            Request::OpenProcess { system, pid } => {
                let opened = self.system(system)?.open_process(pid).await;
                self.keep_process(system, opened.map_err(|e| failed(&e))?.into(), false).await
            }
            Request::CloseProcess { process } => {
                let held = lock(&self.processes).remove(&process).ok_or_else(bad_handle)?;
                if held.has_input {
                    let _ = held.object.close_stdin().await;
                }
                finish(held.object.close().await)
            }
            Request::ProcessInfo { process } => {
                let object = self.process(process)?;
                let info = self.streams(process, &object).await?;
                if let Some(held) = lock(&self.processes).get_mut(&process) {
                    held.has_input |= has_input(&info);
                }
                Ok(Reply { process: Some(info), ..done() })
            }
            Request::ProcessProperties { process } => {
                document(&self.process(process)?.status().await.map_err(|e| failed(&e))?)
            }
            Request::ModifyProcess { process, settings } => {
                modify(self.process(process)?.as_ref(), &parsed(&settings)?).await
            }
            Request::SignalProcess { process, options } => {
                signal(self.process(process)?.as_ref(), &parsed(&options)?).await
            }
            Request::TerminateProcess { process } => delivered(self.process(process)?.kill().await),
            Request::ServiceProperties { query } => {
                let query: PropertyQuery = parsed(&query)?;
                document(&host.service_properties(&query).await.map_err(|e| failed(&e))?)
            }
            Request::ModifyServiceSettings { settings } => {
                finish(host.modify_service_settings(&parsed(&settings)?).await)
            }
            _ => Err(refused(
                SystemCode::ERR_NOT_SUPPORTED.to_hresult(),
                "the gateway does not know this call".into(),
            )),
        }
    }

    /// A document whose paths are this machine's.
    fn translated<T: serde::de::DeserializeOwned + Default>(
        &self,
        text: &str,
    ) -> Result<T, Refusal> {
        let mut value: Value = parsed(text)?;
        if value.is_null() {
            return Ok(T::default());
        }
        self.server.drives.translate(&mut value);
        parsed(&value.to_string())
    }

    /// What a system is made from: of schema 2 where it says its version.
    fn document(&self, text: &str) -> Result<Document, Refusal> {
        let value: Value = parsed(text)?;
        if value.get("SchemaVersion").is_some_and(Value::is_object) {
            Ok(Document::from(self.translated::<schema2::ComputeSystem>(text)?))
        } else {
            Ok(Document::from(self.translated::<ContainerConfig>(text)?))
        }
    }

    fn system(&self, handle: u64) -> Result<Arc<dyn ComputeSystem>, Refusal> {
        let systems = lock(&self.systems);
        systems.get(&handle).map(|held| Arc::clone(&held.object)).ok_or_else(bad_handle)
    }

    fn process(&self, handle: u64) -> Result<Arc<dyn Process>, Refusal> {
        let processes = lock(&self.processes);
        processes.get(&handle).map(|held| Arc::clone(&held.object)).ok_or_else(bad_handle)
    }

    /// The place of a call among those on its handle.
    fn place(&self, request: &Request) -> Place {
        let Some(handle) = handle_of(request) else { return Place::None };
        // No number is that of a system and of a process.
        if let Some(held) = lock(&self.systems).get(&handle) {
            return held.calls.place(request);
        }
        lock(&self.processes).get(&handle).map_or(Place::None, |held| held.calls.place(request))
    }

    fn new_handle(&self) -> u64 {
        self.last.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn keep_system(&self, system: Box<dyn ComputeSystem>) -> Reply {
        let handle = self.new_handle();
        lock(&self.systems).insert(handle, Held::new(Arc::from(system)));
        Reply { system: Some(handle), ..done() }
    }

    async fn keep_process(&self, system: u64, process: Arc<dyn Process>, streams: bool) -> Answer {
        let handle = self.new_handle();
        let info = if streams {
            self.streams(handle, &process).await?
        } else {
            ProcessInfo { handle, pid: process.pid(), stdin: None, stdout: None, stderr: None }
        };
        let mut held = Held::new(process);
        held.system = system;
        held.has_input = has_input(&info);
        lock(&self.processes).insert(handle, held);
        Ok(Reply { process: Some(info), ..done() })
    }

    /// Offers a process's streams.
    async fn streams(
        &self,
        handle: u64,
        process: &Arc<dyn Process>,
    ) -> Result<ProcessInfo, Refusal> {
        let stdio = process.stdio().await.map_err(|e| failed(&e))?;
        let offer = |stream| self.server.streams.offer(stream);
        // A console carries both outputs, and its input has no end.
        let has_end = stdio.stderr.is_some() || stdio.stdout.is_none();
        let process = || Arc::clone(process);
        let output =
            |pipe, is_stderr| offer(Stream::Output { pipe, process: process(), is_stderr });
        let input = |pipe| offer(Stream::Input { pipe, process: process(), has_end });
        Ok(ProcessInfo {
            handle,
            pid: process().pid(),
            stdin: stdio.stdin.map(input),
            stdout: stdio.stdout.map(|pipe| output(pipe, false)),
            stderr: stdio.stderr.map(|pipe| output(pipe, true)),
        })
    }

    /// Lets the inputs of processes end with the streams that the client was given,
    /// which may stay longer than the handles that could close them.
    async fn let_inputs_end(&self, of: impl Fn(&Held<dyn Process>) -> bool) {
        let chosen: Vec<_> = {
            let processes = lock(&self.processes);
            let chosen = processes.values().filter(|held| held.has_input && of(held));
            chosen.map(|held| Arc::clone(&held.object)).collect()
        };
        for process in chosen {
            // One that has ended reads nothing.
            let _ = process.close_stdin().await;
        }
    }

    /// Tells a system's events until its handle is closed.
    fn tell_system(self: &Arc<Self>, handle: u64) {
        let mut systems = lock(&self.systems);
        let Some(held) = systems.get_mut(&handle) else {
            return;
        };
        let mut events = held.object.events();
        let session = Arc::downgrade(self);
        let teller = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                let (Some(session), Some(event)) = (session.upgrade(), of_system(handle, event))
                else {
                    continue;
                };
                session.send(kind::EVENT, 0, &event);
            }
        });
        held.teller = Some(teller.abort_handle());
    }

    /// Tells a process's end, unless its handle is closed before.
    fn tell_process(self: &Arc<Self>, handle: u64) {
        let mut processes = lock(&self.processes);
        // It is told once, whoever asks for its streams again.
        let Some(held) = processes.get_mut(&handle).filter(|held| held.teller.is_none()) else {
            return;
        };
        let process = Arc::clone(&held.object);
        let session = Arc::downgrade(self);
        let teller = tokio::spawn(async move {
            let status = match process.wait().await {
                Ok(()) => process.status().await,
                Err(error) => Err(error),
            };
            let status = status.ok().and_then(|status| serde_json::to_value(status).ok());
            let event = match status {
                Some(status) => Event::ProcessExited { process: handle, status },
                None => Event::ProcessServiceDisconnect { process: handle },
            };
            if let Some(session) = session.upgrade() {
                session.send(kind::EVENT, 0, &event);
            }
        });
        held.teller = Some(teller.abort_handle());
    }
}

/// Whether the client was given a process's input, and not that of a console, which has
/// no end.
fn has_input(info: &ProcessInfo) -> bool {
    info.stdin.is_some() && (info.stderr.is_some() || info.stdout.is_none())
}

/// Gives a system's handle up. One that has stopped goes with it, as on Windows:
/// the Linux host would keep a record of one that stopped unseen.
async fn close(held: &Held<dyn ComputeSystem>) -> Answer {
    let system = &held.object;
    let properties = system.properties(&PropertyQuery::default()).await;
    if properties.is_ok_and(|properties| properties.state == "Stopped") {
        // It may be gone by now.
        let _ = system.terminate().await;
    }
    finish(system.close().await)
}

fn of_system(system: u64, event: SystemEvent) -> Option<Event> {
    Some(match event {
        SystemEvent::Exited(exit) => {
            Event::SystemExited { system, status: exit.status.0, exit_type: exit.exit_type }
        }
        SystemEvent::CrashInitiated => Event::SystemCrashInitiated { system },
        SystemEvent::CrashReport(report) => Event::SystemCrashReport { system, report },
        SystemEvent::ServiceDisconnect => Event::ServiceDisconnect { system },
        // A process's end is told by its own handle.
        _ => return None,
    })
}

fn system_id(text: &str) -> Result<SystemId, Refusal> {
    text.parse::<SystemId>().map_err(|error| refused(HResult::E_INVALIDARG, error.to_string()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
