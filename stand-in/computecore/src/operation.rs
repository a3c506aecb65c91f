//! Operations.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hcs_schema::HResult;
use stand_in::Client;
use stand_in::protocol::{ProcessInfo, Reply};
use stand_in_support::{Failure, Sink, Table, checked, document};
use windows_sys::Win32::System::HostComputeSystem::{
    HCS_EVENT_CALLBACK, HCS_OPERATION_COMPLETION, HCS_OPERATION_TYPE, HcsEventOperationCallback,
    HcsOperationTypeNone,
};

use crate::callback::{Context, Event, call_completion, call_event};
use crate::object::{Kind, Object};

/// The operations by their handles.
pub(crate) static OPERATIONS: Table<Operation> = Table::new();

/// Tracks one call at a time: what it is, and what became of it.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) handle: usize,
    state: Mutex<State>,
    changed: Condvar,
    sink: Arc<Sink>,
}

#[derive(Debug)]
struct State {
    context: Context,
    callback: Callback,
    kind: HCS_OPERATION_TYPE,
    phase: Phase,
    /// The callback has not begun yet.
    is_callback_due: bool,
    /// The result was asked for and given.
    is_fetched: bool,
    /// What the call works on.
    object: Option<Arc<Object>>,
    /// The process that the call makes.
    process: usize,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Callback {
    None,
    Completion(HCS_OPERATION_COMPLETION),
    Event(HCS_EVENT_CALLBACK),
}

#[derive(Debug)]
enum Phase {
    Idle,
    Pending,
    Done(Outcome),
    Closed,
}

/// What became of a call.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) code: HResult,
    pub(crate) document: Option<String>,
    /// The streams of a process, which can be had once.
    process: Option<(Client, ProcessInfo)>,
}

impl Outcome {
    /// What a reply says.
    pub(crate) fn of(client: Client, reply: Reply) -> Self {
        match checked(reply) {
            Ok(reply) => Self {
                code: HResult::S_OK,
                document: document(&reply.document),
                process: reply.process.map(|process| (client, process)),
            },
            Err(failure) => failure.into(),
        }
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        Self { code: failure.code, document: Some(failure.document()), process: None }
    }
}

impl Operation {
    pub(crate) fn create(context: Context, callback: Callback) -> Arc<Self> {
        OPERATIONS.insert(|handle| Self {
            handle,
            state: Mutex::new(State {
                context,
                callback,
                kind: HcsOperationTypeNone,
                phase: Phase::Idle,
                is_callback_due: false,
                is_fetched: false,
                object: None,
                process: 0,
            }),
            changed: Condvar::new(),
            sink: Sink::new(),
        })
    }

    /// Has it track a call.
    ///
    /// # Errors
    /// It tracks one that is not done, or its callback is set and so is one for
    /// the operations of the object.
    pub(crate) fn start(
        &self,
        kind: HCS_OPERATION_TYPE,
        object: Option<Arc<Object>>,
    ) -> Result<(), HResult> {
        // An object's lock comes before an operation's.
        let has_other = object.as_ref().is_some_and(|object| object.has_operation_callback());
        let mut state = self.state();
        let is_told_twice = has_other && !matches!(state.callback, Callback::None);
        match state.phase {
            Phase::Closed => return Err(HResult::E_HANDLE),
            Phase::Pending => return Err(HResult::HCS_E_OPERATION_ALREADY_STARTED),
            Phase::Idle | Phase::Done(_) if state.is_callback_due => {
                return Err(HResult::HCS_E_OPERATION_ALREADY_STARTED);
            }
            Phase::Idle | Phase::Done(_) if is_told_twice => {
                return Err(HResult::HCS_E_OPERATION_SYSTEM_CALLBACK_ALREADY_SET);
            }
            Phase::Idle | Phase::Done(_) => {}
        }
        state.kind = kind;
        state.phase = Phase::Pending;
        state.is_fetched = false;
        state.process = object.as_ref().map_or(0, |object| match object.kind {
            Kind::System => 0,
            Kind::Process(_) => object.handle,
        });
        let before = std::mem::replace(&mut state.object, object);
        drop(state);
        drop(before);
        Ok(())
    }

    /// The call that it tracks is done.
    pub(crate) fn finish(self: &Arc<Self>, outcome: Outcome) {
        let mut state = self.state();
        if !matches!(state.phase, Phase::Pending) {
            return;
        }
        state.phase = Phase::Done(outcome);
        if matches!(state.callback, Callback::None) {
            let object = state.object.clone();
            drop(state);
            self.changed.notify_all();
            if let Some(object) = object {
                object.operation_done(self);
            }
            return;
        }
        self.post(&mut state);
        drop(state);
        self.changed.notify_all();
    }

    /// Sets the callback; of a call that is done already it is called at once.
    pub(crate) fn set_callback(self: &Arc<Self>, context: Context, callback: Callback) {
        let mut state = self.state();
        let is_untold = matches!(state.callback, Callback::None);
        state.context = context;
        state.callback = callback;
        if is_untold && matches!(state.phase, Phase::Done(_)) && !matches!(callback, Callback::None)
        {
            self.post(&mut state);
        }
    }

    fn post(self: &Arc<Self>, state: &mut State) {
        state.is_callback_due = true;
        let operation = self.clone();
        self.sink.post(move || operation.call());
    }

    /// On a thread of the DLL.
    fn call(&self) {
        let (context, callback) = {
            let mut state = self.state();
            state.is_callback_due = false;
            (state.context, state.callback)
        };
        match callback {
            Callback::None => {}
            Callback::Completion(function) => call_completion(function, context, self.handle),
            Callback::Event(function) => call_event(function, context, &self.event()),
        }
    }

    /// That it is done, as an event.
    pub(crate) fn event(&self) -> Event {
        Event { kind: HcsEventOperationCallback, data: None, operation: self.handle }
    }

    /// Whether it has a result that nobody has asked for.
    pub(crate) fn is_news(&self) -> bool {
        let state = self.state();
        matches!(state.phase, Phase::Done(_)) && !state.is_fetched
    }

    /// What became of the call.
    ///
    /// # Errors
    /// No call was made, or it goes on.
    pub(crate) fn outcome(&self) -> Result<Outcome, HResult> {
        let mut state = self.state();
        state.is_fetched |= matches!(state.phase, Phase::Done(_));
        match &state.phase {
            Phase::Idle => Err(HResult::HCS_E_OPERATION_NOT_STARTED),
            Phase::Pending => Err(HResult::HCS_E_OPERATION_PENDING),
            Phase::Done(outcome) => Ok(outcome.clone()),
            Phase::Closed => Err(HResult::HCS_E_OPERATION_ALREADY_CANCELLED),
        }
    }

    /// The same when it is done.
    ///
    /// # Errors
    /// It is not done in time; `None` is no limit.
    pub(crate) fn wait(&self, limit: Option<Duration>) -> Result<Outcome, HResult> {
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let mut state = self.state();
        while matches!(state.phase, Phase::Pending) {
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
        drop(state);
        self.outcome()
    }

    /// The process that the call gave, and the way to its streams; once.
    pub(crate) fn take_process(&self) -> Option<(Client, ProcessInfo)> {
        match &mut self.state().phase {
            Phase::Done(outcome) => outcome.process.take(),
            _ => None,
        }
    }

    /// Closes it. A call goes on, but nobody is told of its end any more.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        let before = std::mem::replace(&mut state.phase, Phase::Closed);
        let object = state.object.take();
        drop(state);
        drop((before, object));
        self.changed.notify_all();
        self.sink.close();
    }

    /// The call makes the process of this handle.
    pub(crate) fn is_about(&self, process: usize) {
        self.state().process = process;
    }

    /// The handle of the process that the call makes, or works on; 0 for none.
    pub(crate) fn process(&self) -> usize {
        self.state().process
    }

    pub(crate) fn kind(&self) -> HCS_OPERATION_TYPE {
        self.state().kind
    }

    pub(crate) fn object(&self) -> Option<Arc<Object>> {
        self.state().object.clone()
    }

    pub(crate) fn context(&self) -> Context {
        self.state().context
    }

    pub(crate) fn set_context(&self, context: Context) {
        self.state().context = context;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
