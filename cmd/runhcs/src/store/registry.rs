//! Records in the registry, as the reference's `runhcs` has them: it could go on
//! with our containers, and we with its.

use std::path::PathBuf;
use std::time::Duration;

use compute::SystemId;
use host_windows::registry::{Hive, Json, StateError, StateRoot};

use super::{Store, StoreError};
use crate::record::Record;

/// The values of a container's key: what does not change, and its two processes.
const STATE: &str = "state";
const SHIM: &str = "shim";
const INIT: &str = "pid";

/// How often a key without a record is looked at: its maker writes it now, or
/// was killed.
const LOOKS: u32 = 10;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// The records of one root.
#[derive(Debug)]
pub(super) struct Registry(StateRoot);

impl Registry {
    pub(super) fn new(root: &str) -> Self {
        Self(StateRoot::new(Hive::LocalMachine, root))
    }

    fn state(&self, id: &str) -> Result<Record, StateError> {
        let mut looks = 0..LOOKS;
        loop {
            match self.0.get::<Json<Record>>(id, STATE) {
                Err(StateError::NoState { .. }) if looks.next().is_some() => {
                    std::thread::sleep(BETWEEN_LOOKS);
                }
                state => return Ok(state?.0),
            }
        }
    }

    /// A process of the record, by the name of its value.
    fn process(&self, id: &str, name: &str) -> Result<Option<i64>, StateError> {
        match self.0.get(id, name) {
            Err(StateError::NoState { .. }) => Ok(None),
            pid => pid.map(Some),
        }
    }

    fn set_process(&self, id: &str, name: &str, pid: Option<i64>) -> Result<(), StateError> {
        match pid {
            Some(pid) => self.0.set(id, name, &pid),
            None => match self.0.clear(id, name) {
                Err(StateError::NoState { .. }) => Ok(()),
                cleared => cleared,
            },
        }
    }

    fn failed(&self, what: &'static str, id: &str) -> impl FnOnce(StateError) -> StoreError {
        let place = PathBuf::from(self.0.key_of(id));
        move |error| match error {
            StateError::NotFound { id } => StoreError::NotFound(id),
            StateError::AlreadyExists { id } => StoreError::InUse(id),
            StateError::Value { source, .. } => StoreError::Corrupt { place, error: source.into() },
            StateError::Registry { source, .. } => StoreError::Io { what, place, error: source },
            other => StoreError::Corrupt { place, error: other.into() },
        }
    }
}

impl Store for Registry {
    fn claim(&self, record: &Record) -> Result<(), StoreError> {
        let state = Json(without_processes(record));
        self.0.create(&record.id, STATE, &state).map_err(self.failed("making", &record.id))
    }

    /// The processes are written one after the other, the first one of the
    /// container before the one that stands for it.
    fn save(&self, record: &Record) -> Result<(), StoreError> {
        let id = record.id.as_str();
        let written = self
            .0
            .set(id, STATE, &Json(without_processes(record)))
            .and_then(|()| self.set_process(id, INIT, record.init_pid.map(Into::into)))
            .and_then(|()| self.set_process(id, SHIM, record.shim_pid));
        written.map_err(self.failed("writing", id))
    }

    fn read(&self, id: &SystemId) -> Result<Record, StoreError> {
        let id = id.as_str();
        let read = || {
            let mut record = self.state(id)?;
            record.shim_pid = self.process(id, SHIM)?;
            // What is no id of a process is of none.
            record.init_pid = self.process(id, INIT)?.and_then(|pid| pid.try_into().ok());
            Ok(record)
        };
        read().map_err(self.failed("reading", id))
    }

    fn remove(&self, id: &SystemId) -> Result<(), StoreError> {
        match self.0.remove(id.as_str()) {
            Err(StateError::NotFound { .. }) => Ok(()),
            removed => removed.map_err(self.failed("removing", id.as_str())),
        }
    }

    fn ids(&self) -> Result<Vec<SystemId>, StoreError> {
        let ids = self.0.ids().map_err(self.failed("listing", ""))?;
        let mut ids: Vec<SystemId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
        ids.sort();
        Ok(ids)
    }
}

/// The record as the value [`STATE`] has it.
fn without_processes(record: &Record) -> Record {
    Record { shim_pid: None, init_pid: None, ..record.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A root of one test, gone with it.
    struct Scratch(Registry);

    impl Scratch {
        fn new() -> Self {
            Self(Registry::new(&format!("test-{}", uuid::Uuid::new_v4())))
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            self.0.0.remove_all().expect("remove");
        }
    }

    fn record(id: &str) -> Record {
        serde_json::from_value(serde_json::json!({"ID": id, "Spec": {"ociVersion": "1.0.2"}}))
            .expect("record")
    }

    fn id(text: &str) -> SystemId {
        text.parse().expect("id")
    }

    #[test]
    fn a_record_is_written_read_and_removed() {
        let scratch = Scratch::new();
        let store = &scratch.0;
        assert!(store.ids().expect("ids").is_empty());
        store.claim(&record("b")).expect("claim");
        store.claim(&record("a.b")).expect("claim");
        assert!(matches!(store.claim(&record("b")), Err(StoreError::InUse(_))));
        assert_eq!(store.read(&id("b")).expect("read").init_pid, None);
        let pids = Record { init_pid: Some(7), shim_pid: Some(0), ..record("b") };
        store.save(&pids).expect("save");
        let read = store.read(&id("b")).expect("read");
        assert_eq!((read.init_pid, read.shim_pid), (Some(7), Some(0)));
        store.save(&record("b")).expect("save");
        assert_eq!(store.read(&id("b")).expect("read").shim_pid, None);
        assert_eq!(store.ids().expect("ids"), [id("a.b"), id("b")]);
        store.remove(&id("b")).expect("remove");
        store.remove(&id("b")).expect("remove again");
        assert!(matches!(store.save(&record("b")), Err(StoreError::NotFound(_))));
        let error = store.read(&id("b")).expect_err("gone");
        assert_eq!(error.to_string(), "ID 'b' was not found");
    }

    #[test]
    fn what_a_killed_writer_left_is_corrupt() {
        let scratch = Scratch::new();
        let store = &scratch.0;
        store.0.create("c", "other", &true).expect("create");
        store.0.create("d", STATE, &7i64).expect("create");
        for name in ["c", "d"] {
            let error = store.read(&id(name)).expect_err("corrupt");
            assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
            let text = error.to_string();
            assert!(text.contains("HKEY_LOCAL_MACHINE") && text.contains("--force"), "{text}");
        }
    }
}
