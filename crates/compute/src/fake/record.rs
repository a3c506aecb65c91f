//! What the fake knows of a compute system and its processes.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures_core::Stream;
use hcs_schema::schema1::{ComputeSystemQuery, ContainerProperties};
use hcs_schema::schema2::{ProcessDetails, ProcessParameters, ProcessStatus, Properties};
use hcs_schema::{HResult, SystemType};
use tokio::sync::{mpsc, watch};

use super::pipe::Pipe;
use crate::error::{Object, SystemCode};
use crate::state::{Operation, check};
use crate::{Document, EventStream, Signal, State, StdioSource, SystemEvent, SystemExit, SystemId};

/// The exit code of a process that was killed: 128 and SIGKILL.
const KILLED: i32 = 137;
/// The id of the first process of each system.
const FIRST_PID: u32 = 1001;

/// A compute system of the fake.
pub(super) struct System {
    pub(super) id: SystemId,
    pub(super) system_type: SystemType,
    pub(super) os: &'static str,
    name: String,
    owner: String,
    terminate_on_last_handle_closed: bool,
    from_spec: bool,
    live: Mutex<Live>,
    changed: watch::Sender<()>,
}

/// What changes while a system exists.
pub(super) struct Live {
    pub(super) state: State,
    pub(super) exit: Option<SystemExit>,
    pub(super) handles: usize,
    pub(super) processes: BTreeMap<u32, Process>,
    listeners: Vec<mpsc::UnboundedSender<SystemEvent>>,
}

/// A process in a compute system of the fake.
pub(super) struct Process {
    pub(super) parameters: ProcessParameters,
    pub(super) exit_code: Option<i32>,
    pub(super) signals: Vec<Signal>,
    pub(super) stdin: Option<Pipe>,
    pub(super) stdout: Option<Pipe>,
    pub(super) stderr: Option<Pipe>,
}

impl System {
    pub(super) fn new(id: &SystemId, document: &Document, os: &'static str) -> Self {
        let (system_type, name, owner, terminate) = match document {
            Document::V1(document) => (
                document.system_type.clone(),
                document.name.clone(),
                document.owner.clone(),
                document.terminate_on_last_handle_closed,
            ),
            Document::V2(document) => (
                match document.virtual_machine {
                    Some(_) => SystemType::VirtualMachine,
                    None => SystemType::Container,
                },
                id.to_string(),
                document.owner.clone(),
                document.should_terminate_on_last_handle_closed,
            ),
        };
        let live = Live {
            state: State::Created,
            exit: None,
            handles: 0,
            processes: BTreeMap::new(),
            listeners: Vec::new(),
        };
        Self {
            id: id.clone(),
            system_type,
            os,
            name,
            owner,
            terminate_on_last_handle_closed: terminate,
            from_spec: matches!(document, Document::V2(document) if document.hosted_system.is_some()),
            live: Mutex::new(live),
            changed: watch::Sender::new(()),
        }
    }

    pub(super) fn object(&self) -> Object {
        Object::System((&self.id).into())
    }

    pub(super) fn is_oci(&self) -> bool {
        self.os == "linux" && self.from_spec
    }

    pub(super) fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the system and wakes who waits for a change.
    pub(super) fn update<T>(&self, change: impl FnOnce(&mut Live) -> T) -> T {
        let outcome = change(&mut self.live());
        self.changed.send_replace(());
        outcome
    }

    /// Waits until `ready` gives a value.
    pub(super) async fn wait_for<T>(&self, ready: impl Fn(&Live) -> Option<T>) -> T {
        let mut changed = self.changed.subscribe();
        loop {
            if let Some(value) = ready(&self.live()) {
                return value;
            }
            // It cannot fail: the sender lives in `self`.
            let _ = changed.changed().await;
        }
    }

    /// Gives one handle up. Whether the system is to be forgotten: it has
    /// stopped and nobody holds it.
    pub(super) fn release(&self) -> bool {
        self.update(|live| {
            live.handles = live.handles.saturating_sub(1);
            if live.handles > 0 {
                return false;
            }
            if self.terminate_on_last_handle_closed {
                live.stop("ForcedExit", HResult::S_OK);
            }
            live.state == State::Stopped
        })
    }

    pub(super) fn is_selected(&self, query: &ComputeSystemQuery) -> bool {
        fn fits<T: PartialEq>(wanted: &[T], value: &T) -> bool {
            wanted.is_empty() || wanted.contains(value)
        }
        fits(&query.ids, &self.id.to_string())
            && fits(&query.types, &self.system_type)
            && fits(&query.names, &self.name)
            && fits(&query.owners, &self.owner)
    }

    pub(super) fn summary(&self) -> ContainerProperties {
        let live = self.live();
        ContainerProperties {
            id: self.id.to_string(),
            name: self.name.clone(),
            state: live.state.to_string(),
            system_type: self.system_type.clone(),
            runtime_os_type: self.runtime_os_type().into(),
            owner: self.owner.clone(),
            stopped: live.state == State::Stopped,
            exit_type: live.exit_type(),
            ..Default::default()
        }
    }

    pub(super) fn properties(&self, with_processes: bool) -> Properties {
        let live = self.live();
        Properties {
            id: self.id.to_string(),
            system_type: self.system_type.clone(),
            runtime_os_type: self.runtime_os_type().into(),
            owner: self.owner.clone(),
            state: live.state.to_string(),
            stopped: live.state == State::Stopped,
            exit_type: live.exit_type(),
            process_list: if with_processes { live.process_list() } else { Vec::new() },
            ..Default::default()
        }
    }

    /// The name of the operating system as the documents write it.
    fn runtime_os_type(&self) -> &'static str {
        if self.os == "linux" { "Linux" } else { "Windows" }
    }
}

impl Live {
    /// Does what an operation does to the state, or says why it cannot.
    pub(super) fn advance(&mut self, operation: Operation) -> Result<(), SystemCode> {
        let next = check(operation, self.state)?;
        if next == State::Stopped && self.state != State::Stopped {
            self.stop("ForcedExit", HResult::S_OK);
        }
        self.state = next;
        Ok(())
    }

    /// Ends the system and all that runs in it. Nothing happens where it has.
    pub(super) fn stop(&mut self, exit_type: &str, status: HResult) {
        if self.state == State::Stopped {
            return;
        }
        let pids: Vec<u32> = self.processes.keys().copied().collect();
        for pid in pids {
            self.exit_process(pid, KILLED);
        }
        let exit = SystemExit { status, exit_type: exit_type.to_owned() };
        self.state = State::Stopped;
        self.exit = Some(exit.clone());
        self.emit(SystemEvent::Exited(exit));
    }

    /// Adds a process; gives its id.
    pub(super) fn add_process(
        &mut self,
        parameters: &ProcessParameters,
        stdio: &StdioSource,
    ) -> u32 {
        let pid = self.processes.keys().next_back().map_or(FIRST_PID, |last| last + 1);
        let pipes = matches!(stdio, StdioSource::Pipes);
        let console = parameters.emulate_console;
        let pipe = |wanted| (pipes && wanted).then(Pipe::default);
        let process = Process {
            exit_code: None,
            signals: Vec::new(),
            stdin: pipe(parameters.create_std_in_pipe || console),
            stdout: pipe(parameters.create_std_out_pipe || console),
            stderr: pipe(parameters.create_std_err_pipe && !console),
            parameters: parameters.clone(),
        };
        self.processes.insert(pid, process);
        pid
    }

    /// Ends a process. `false`: there is none of this id that runs.
    pub(super) fn exit_process(&mut self, pid: u32, code: i32) -> bool {
        let Some(process) = self.processes.get_mut(&pid) else {
            return false;
        };
        if process.exit_code.is_some() {
            return false;
        }
        process.exit_code = Some(code);
        for pipe in [&process.stdin, &process.stdout, &process.stderr].into_iter().flatten() {
            pipe.close();
        }
        let status = process.status(pid);
        self.emit(SystemEvent::ProcessExited(status));
        true
    }

    /// Kills a process. `false`: there is none of this id that runs.
    pub(super) fn kill_process(&mut self, pid: u32) -> bool {
        self.exit_process(pid, KILLED)
    }

    /// Tells everybody who listens.
    pub(super) fn emit(&mut self, event: SystemEvent) {
        self.listeners.retain(|listener| listener.send(event.clone()).is_ok());
        if matches!(event, SystemEvent::Exited(_) | SystemEvent::ServiceDisconnect) {
            self.listeners.clear();
        }
    }

    /// The events from now on; of a stopped system its exit.
    pub(super) fn listen(&mut self) -> EventStream {
        let (sender, receiver) = mpsc::unbounded_channel();
        match &self.exit {
            // It cannot fail: the receiver is at hand.
            Some(exit) => drop(sender.send(SystemEvent::Exited(exit.clone()))),
            None => self.listeners.push(sender),
        }
        Box::pin(Events(receiver))
    }

    fn exit_type(&self) -> String {
        self.exit.as_ref().map(|exit| exit.exit_type.clone()).unwrap_or_default()
    }

    fn process_list(&self) -> Vec<ProcessDetails> {
        let running = self.processes.iter().filter(|(_, process)| process.exit_code.is_none());
        let details = running.map(|(pid, process)| ProcessDetails {
            process_id: pid.cast_signed(),
            image_name: process.parameters.application_name.clone(),
            ..Default::default()
        });
        details.collect()
    }
}

impl Process {
    pub(super) fn status(&self, pid: u32) -> ProcessStatus {
        ProcessStatus {
            process_id: pid,
            exited: self.exit_code.is_some(),
            exit_code: self.exit_code.unwrap_or_default().cast_unsigned(),
            ..Default::default()
        }
    }
}

/// What [`Live::listen`] gives.
struct Events(mpsc::UnboundedReceiver<SystemEvent>);

impl Stream for Events {
    type Item = SystemEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<SystemEvent>> {
        self.0.poll_recv(cx)
    }
}
