//! The record of calls, and which of them fail or take time.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::Result;
use crate::error::{Cause, Error, Object};

/// A call that was made of the fake, also one that failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its name, one of [`crate::operation`].
    pub operation: &'static str,
    /// What it was about. A call that makes something names it by its id.
    pub object: Object,
    /// What was handed over: the document, query, request or parameters.
    pub argument: Value,
}

impl fmt::Display for Call {
    /// The name and the ids: `hcs::Process::Kill c1:1001`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.object {
            Object::Service => f.write_str(self.operation),
            Object::System(id) => write!(f, "{} {id}", self.operation),
            Object::Process { system, pid } => write!(f, "{} {system}:{pid}", self.operation),
        }
    }
}

/// Which call a fault is for.
enum Which {
    Next(String),
    Nth(usize),
}

#[derive(Default)]
pub(super) struct Log(Mutex<Entries>);

#[derive(Default)]
struct Entries {
    calls: Vec<Call>,
    faults: Vec<(Which, Cause)>,
    delays: Vec<(String, Duration)>,
}

impl Log {
    fn entries(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn calls(&self) -> Vec<Call> {
        self.entries().calls.clone()
    }

    pub(super) fn fail_next(&self, operation: &str, cause: Cause) {
        self.entries().faults.push((Which::Next(operation.to_owned()), cause));
    }

    pub(super) fn fail_nth(&self, n: usize, cause: Cause) {
        let mut entries = self.entries();
        let index = entries.calls.len() + n.saturating_sub(1);
        entries.faults.push((Which::Nth(index), cause));
    }

    pub(super) fn delay(&self, operation: &str, time: Duration) {
        self.entries().delays.push((operation.to_owned(), time));
    }

    /// Records a call, lets it take its time, and fails it where it is to fail.
    pub(super) async fn call(
        &self,
        operation: &'static str,
        object: Object,
        argument: &(impl Serialize + Sync),
    ) -> Result<()> {
        let argument = serde_json::to_value(argument)
            .map_err(|error| Error::about(operation, object.clone(), error))?;
        let (fault, delay) =
            self.entries().record(Call { operation, object: object.clone(), argument });
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        match fault {
            Some(cause) => Err(Error::about(operation, object, cause)),
            None => Ok(()),
        }
    }
}

impl Entries {
    /// Adds a call; gives its fault and how long it takes.
    fn record(&mut self, call: Call) -> (Option<Cause>, Duration) {
        let index = self.calls.len();
        let fault = self.faults.iter().position(|(which, _)| match which {
            Which::Next(operation) => operation == call.operation,
            Which::Nth(nth) => *nth == index,
        });
        let fault = fault.map(|at| self.faults.remove(at).1);
        let delays = self.delays.iter().filter(|(operation, _)| operation == call.operation);
        let delay = delays.map(|(_, time)| *time).sum();
        self.calls.push(call);
        (fault, delay)
    }
}
