//! Compute systems and processes, as handles to them.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use hcs_schema::HResult;
use serde_json::json;
use stand_in::Client;
use stand_in::protocol::{self, Request};
use stand_in_support::{Failure, Table};
use windows_sys::Win32::System::HostComputeSystem::{
    HCS_EVENT_TYPE, HcsEventProcessExited, HcsEventServiceDisconnect, HcsEventSystemCrashInitiated,
    HcsEventSystemCrashReport, HcsEventSystemExited, HcsOperationTypeCreate,
};

use crate::callback::{Event, EventCallback};
use crate::operation::Operation;

/// The compute systems by their handles.
pub(crate) static SYSTEMS: Table<Object> = Table::new();
/// The processes by their handles.
pub(crate) static PROCESSES: Table<Object> = Table::new();

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    System,
    /// A process of the system of this handle.
    Process(usize),
}

/// A compute system or a process.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) handle: usize,
    pub(crate) kind: Kind,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    remote: Remote,
    callback: Option<Callback>,
    /// What every callback that is set is told.
    exit: Option<Event>,
    is_lost: bool,
    /// What the first callback is told.
    kept: Vec<Event>,
    /// The operation that makes this, until an event callback was told of it.
    creation: Option<Weak<Operation>>,
}

#[derive(Debug)]
struct Callback {
    function: EventCallback,
    /// It is told of operations that have no callback of their own.
    takes_operations: bool,
}

/// What the gateway has for it.
enum Remote {
    /// It is being made; these wait for it.
    Coming(Vec<Waiting>),
    There(Client, u64),
    Failed(Failure),
    /// Nobody has it any more; these were asked for before that, while it was being
    /// made.
    Closed(Vec<Waiting>),
}

type Waiting = Box<dyn FnOnce(Result<(Client, u64), Failure>) + Send>;

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Coming(_) => "Coming",
            Self::There(..) => "There",
            Self::Failed(_) => "Failed",
            Self::Closed(_) => "Closed",
        })
    }
}

impl Object {
    /// One that is being made.
    pub(crate) fn new(handle: usize, kind: Kind, creation: Option<&Arc<Operation>>) -> Self {
        Self {
            handle,
            kind,
            state: Mutex::new(State {
                remote: Remote::Coming(Vec::new()),
                callback: None,
                exit: None,
                is_lost: false,
                kept: Vec::new(),
                creation: creation.map(Arc::downgrade),
            }),
            changed: Condvar::new(),
        }
    }

    /// The gateway has it.
    pub(crate) fn arrived(self: &Arc<Self>, client: &Client, id: u64) {
        let mut state = self.state();
        let (waiting, is_closed) = match &mut state.remote {
            Remote::Coming(waiting) => (std::mem::take(waiting), false),
            // The caller was faster.
            Remote::Closed(waiting) => (std::mem::take(waiting), true),
            Remote::There(..) | Remote::Failed(_) => (Vec::new(), true),
        };
        if !is_closed {
            state.remote = Remote::There(client.clone(), id);
            // Before it can be closed, which ends this.
            self.subscribe(client, id);
        }
        // Under the lock: what is asked for from now on, and a close, come after it.
        for function in waiting {
            function(Ok((client.clone(), id)));
        }
        if is_closed {
            client.send(self.closing(id), |_| ());
        }
    }

    fn subscribe(self: &Arc<Self>, client: &Client, id: u64) {
        let object = Arc::downgrade(self);
        let event = move |event| {
            if let Some(object) = object.upgrade() {
                object.happened(&event);
            }
        };
        match self.kind {
            Kind::System => client.subscribe_system(id, event),
            Kind::Process(_) => client.subscribe_process(id, event),
        }
    }

    /// It could not be made.
    pub(crate) fn failed(&self, failure: &Failure) {
        let mut state = self.state();
        let (Remote::Coming(waiting) | Remote::Closed(waiting)) = &mut state.remote else { return };
        let waiting = std::mem::take(waiting);
        if matches!(state.remote, Remote::Coming(_)) {
            state.remote = Remote::Failed(failure.clone());
        }
        drop(state);
        self.changed.notify_all();
        for function in waiting {
            function(Err(failure.clone()));
        }
    }

    /// Has the function called with what the gateway has for it, now or when it is
    /// there.
    pub(crate) fn with_remote(
        &self,
        function: impl FnOnce(Result<(Client, u64), Failure>) + Send + 'static,
    ) {
        let mut state = self.state();
        let remote = match &mut state.remote {
            Remote::Coming(waiting) => return waiting.push(Box::new(function)),
            Remote::There(client, id) => Ok((client.clone(), *id)),
            Remote::Failed(failure) => Err(failure.clone()),
            Remote::Closed(_) => Err(HResult::E_HANDLE.into()),
        };
        drop(state);
        function(remote);
    }

    fn closing(&self, id: u64) -> Request {
        match self.kind {
            Kind::System => Request::CloseSystem { system: id },
            Kind::Process(_) => Request::CloseProcess { process: id },
        }
    }

    /// Closes it: when this returns no callback of it is running or comes, but for
    /// the one that calls this. What was asked for before is still done.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        let remote = std::mem::replace(&mut state.remote, Remote::Closed(Vec::new()));
        let remote = match remote {
            Remote::Coming(waiting) | Remote::Closed(waiting) => {
                state.remote = Remote::Closed(waiting);
                None
            }
            Remote::There(client, id) => Some((client, id)),
            Remote::Failed(_) => None,
        };
        let callback = state.callback.take();
        drop(state);
        self.changed.notify_all();
        if let Some(callback) = callback {
            callback.function.sink.close();
        }
        if let Some((client, id)) = remote {
            client.call(self.closing(id));
        }
    }

    /// Sets the callback for its events, in place of the one before, if any. It is
    /// told of an exit that was before, too.
    pub(crate) fn set_callback(&self, function: Option<EventCallback>, takes_operations: bool) {
        let mut state = self.state();
        if let Some(function) = &function {
            let mut events = std::mem::take(&mut state.kept);
            if takes_operations {
                let creation = state.creation.as_ref().and_then(Weak::upgrade);
                if let Some(creation) = creation.filter(|creation| creation.is_news()) {
                    state.creation = None;
                    events.insert(0, creation.event());
                }
            }
            events.extend(state.exit.clone());
            events.extend(state.is_lost.then(disconnected));
            for event in events {
                function.post(event);
            }
        }
        let callback = function.map(|function| Callback { function, takes_operations });
        let before = std::mem::replace(&mut state.callback, callback);
        drop(state);
        if let Some(before) = before {
            before.function.sink.close();
        }
    }

    /// Whether operations without a callback are told to its callback.
    pub(crate) fn has_operation_callback(&self) -> bool {
        self.state().callback.as_ref().is_some_and(|callback| callback.takes_operations)
    }

    /// An operation without a callback of its own is done.
    pub(crate) fn operation_done(&self, operation: &Operation) {
        let mut state = self.state();
        if !state.callback.as_ref().is_some_and(|callback| callback.takes_operations) {
            return;
        }
        let is_told = operation.kind() == HcsOperationTypeCreate && state.creation.take().is_none();
        if let Some(callback) = state.callback.as_ref().filter(|_| !is_told) {
            callback.function.post(operation.event());
        }
    }

    /// The gateway tells of something.
    fn happened(&self, event: &protocol::Event) {
        let Some(event) = translated(event) else { return };
        let mut state = self.state();
        let is_exit = [HcsEventSystemExited, HcsEventProcessExited].contains(&event.kind);
        let is_loss = event.kind == HcsEventServiceDisconnect;
        if is_exit {
            state.exit = Some(event.clone());
        }
        state.is_lost |= is_loss;
        match &state.callback {
            Some(callback) => callback.function.post(event),
            None if is_exit || is_loss => {}
            None => state.kept.push(event),
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Waits for its end, and gives the document about it.
    ///
    /// # Errors
    /// It does not end in time (`None` is no limit), or nobody can tell any more.
    pub(crate) fn wait_exit(&self, limit: Option<Duration>) -> Result<Option<String>, HResult> {
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let mut state = self.state();
        loop {
            if let Some(exit) = &state.exit {
                return Ok(exit.data.clone());
            }
            if state.is_lost {
                return Err(HResult::HCS_E_SERVICE_DISCONNECT);
            }
            match &state.remote {
                Remote::Failed(failure) => return Err(failure.code),
                Remote::Closed(_) => return Err(HResult::E_HANDLE),
                Remote::Coming(_) | Remote::There(..) => {}
            }
            state = match deadline {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(HResult::HCS_E_OPERATION_TIMEOUT);
                    }
                    let woken = self.changed.wait_timeout(state, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn disconnected() -> Event {
    event(HcsEventServiceDisconnect, None)
}

fn event(kind: HCS_EVENT_TYPE, data: Option<String>) -> Event {
    Event { kind, data, operation: 0 }
}

fn translated(from: &protocol::Event) -> Option<Event> {
    Some(match from {
        protocol::Event::SystemExited { status, exit_type, .. } => {
            let exit = json!({ "Status": status, "ExitType": exit_type });
            event(HcsEventSystemExited, Some(exit.to_string()))
        }
        protocol::Event::SystemCrashInitiated { .. } => event(HcsEventSystemCrashInitiated, None),
        protocol::Event::SystemCrashReport { report, .. } => {
            event(HcsEventSystemCrashReport, Some(report.clone()))
        }
        protocol::Event::ProcessExited { status, .. } => {
            event(HcsEventProcessExited, Some(status.to_string()))
        }
        protocol::Event::ServiceDisconnect { .. }
        | protocol::Event::ProcessServiceDisconnect { .. } => disconnected(),
        _ => return None,
    })
}
