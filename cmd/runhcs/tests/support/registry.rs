//! What the reference had in its registry, in ours.

use host_windows::registry::{Hive, Json, StateRoot};
use serde_json::Value;

/// Records of one test, gone with it.
pub(crate) struct Place {
    root: String,
    states: StateRoot,
}

impl Place {
    pub(crate) fn new(entries: &Value) -> Self {
        let root = format!("zzroot-{}", uuid::Uuid::new_v4());
        let states = StateRoot::new(Hive::LocalMachine, &root);
        for entry in entries.as_array().expect("entries") {
            let id = entry["ID"].as_str().expect("id");
            states.create(id, "state", &Json(entry["State"].clone())).expect("create");
            for (name, value) in [("ShimPid", "shim"), ("InitPid", "pid")] {
                if let Some(pid) = entry.get(name) {
                    states.set(id, value, &pid.as_i64().expect("pid")).expect("set");
                }
            }
        }
        Self { root, states }
    }

    pub(crate) fn records(&self) -> runhcs::Records {
        runhcs::Records::Registry
    }

    pub(crate) fn root(&self) -> &str {
        &self.root
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.states.remove_all().expect("remove");
    }
}
