//! The thread that runs the callers' functions.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use crate::protocol::{Event, Process, System};

/// What has events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    System(System),
    Process(Process),
}

type Function = Arc<dyn Fn(Event) + Send + Sync>;

/// A handle to the thread, which ends with the last one.
#[derive(Clone)]
pub(crate) struct Dispatcher {
    jobs: Sender<Job>,
    handles: Arc<Handles>,
}

enum Job {
    Run(Box<dyn FnOnce() + Send>),
    /// Gives a handle's events to its function.
    Deliver(Key),
}

#[derive(Default)]
struct Handles {
    table: Mutex<Table>,
    /// Told when a function has returned.
    returned: Condvar,
}

#[derive(Default)]
struct Table {
    lost: bool,
    handles: HashMap<Key, Handle>,
    /// The handle whose function is running, and the thread.
    running: Option<(Key, ThreadId)>,
}

#[derive(Default)]
struct Handle {
    function: Option<Function>,
    /// What waits for the function.
    events: VecDeque<Event>,
}

impl Dispatcher {
    pub(crate) fn start() -> io::Result<Self> {
        let (jobs, queue) = channel();
        let handles = Arc::new(Handles::default());
        let shared = handles.clone();
        thread::Builder::new()
            .name("gateway-dispatcher".into())
            .spawn(move || work(&queue, &shared))?;
        Ok(Self { jobs, handles })
    }

    /// Runs a function after those before it.
    pub(crate) fn run(&self, function: Box<dyn FnOnce() + Send>) {
        self.add(Job::Run(function));
    }

    fn add(&self, job: Job) {
        // The thread lives as long as a sender does.
        let _ = self.jobs.send(job);
    }

    /// A handle was given: its events are kept from now on.
    pub(crate) fn know(&self, key: Key) {
        self.handles.table().handles.entry(key).or_default();
    }

    /// The handle is closed.
    pub(crate) fn forget(&self, key: Key) {
        let handle = self.handles.table().handles.remove(&key);
        // A function's drop is the caller's code: not under the lock.
        drop(handle);
    }

    pub(crate) fn event(&self, event: Event) {
        let key = match &event {
            Event::SystemExited { system, .. }
            | Event::SystemCrashInitiated { system }
            | Event::SystemCrashReport { system, .. }
            | Event::ServiceDisconnect { system } => Key::System(*system),
            Event::ProcessExited { process, .. } | Event::ProcessServiceDisconnect { process } => {
                Key::Process(*process)
            }
        };
        match self.handles.table().handles.get_mut(&key) {
            Some(handle) => handle.events.push_back(event),
            None => return tracing::debug!(?key, "an event of an unknown handle"),
        }
        self.add(Job::Deliver(key));
    }

    /// The connection is lost: tells every handle.
    pub(crate) fn lose(&self) {
        let keys: Vec<_> = {
            let mut table = self.handles.table();
            table.lost = true;
            table.handles.keys().copied().collect()
        };
        for key in keys {
            self.event(disconnect(key));
        }
    }

    pub(crate) fn subscribe(&self, key: Key, function: Function) {
        let mut table = self.handles.table();
        let lost = table.lost;
        let handle = table.handles.entry(key).or_insert_with(|| Handle {
            function: None,
            // All that can still be told of a handle that was not known then.
            events: lost.then(|| disconnect(key)).into_iter().collect(),
        });
        let before = handle.function.replace(function);
        drop(table);
        drop(before);
        self.add(Job::Deliver(key));
    }

    pub(crate) fn unsubscribe(&self, key: Key) {
        let mut table = self.handles.table();
        let before = table.handles.get_mut(&key).and_then(|handle| handle.function.take());
        let here = thread::current().id();
        while table.running.is_some_and(|(running, on)| running == key && on != here) {
            table = self.handles.returned.wait(table).unwrap_or_else(PoisonError::into_inner);
        }
        drop(table);
        drop(before);
    }
}

impl Handles {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the function all that waits for it.
    fn deliver(&self, key: Key) {
        while let Some((function, event)) = self.begin(key) {
            guarded(|| function(event));
            drop(function);
            self.table().running = None;
            self.returned.notify_all();
        }
    }

    fn begin(&self, key: Key) -> Option<(Function, Event)> {
        let mut table = self.table();
        let handle = table.handles.get_mut(&key)?;
        let function = handle.function.clone()?;
        let event = handle.events.pop_front()?;
        table.running = Some((key, thread::current().id()));
        Some((function, event))
    }
}

fn disconnect(key: Key) -> Event {
    match key {
        Key::System(system) => Event::ServiceDisconnect { system },
        Key::Process(process) => Event::ProcessServiceDisconnect { process },
    }
}

fn work(queue: &Receiver<Job>, handles: &Handles) {
    while let Ok(job) = queue.recv() {
        match job {
            Job::Run(function) => guarded(function),
            Job::Deliver(key) => handles.deliver(key),
        }
    }
}

/// Runs a caller's function; its panic must not end those of other callers.
fn guarded(function: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(function)).is_err() {
        tracing::error!("a callback panicked");
    }
}
