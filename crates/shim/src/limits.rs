//! What a container may use: as its spec says, and as updates have changed it.

use std::sync::{Mutex, PoisonError};

use oci::Spec;
use serde_json::{Map, Value};
use shim_protos::inspect;

/// The most hundredths of a percent of all processors.
const ALL_PROCESSORS: f64 = 10_000.0;

/// The `resources` of a spec's `linux` or `windows` section.
#[derive(Debug, Default)]
pub(crate) struct Limits(Mutex<Map<String, Value>>);

impl Limits {
    pub(crate) fn of(spec: &Spec) -> Self {
        let linux = spec.linux.as_ref().and_then(|linux| linux.resources.as_ref());
        let windows = spec.windows.as_ref().and_then(|windows| windows.resources.as_ref());
        let resources = linux.map(serde_json::to_value).or(windows.map(serde_json::to_value));
        match resources {
            Some(Ok(Value::Object(resources))) => Self(Mutex::new(resources)),
            _ => Self::default(),
        }
    }

    /// Takes over what an update has set: `{"Linux": resources}` or `{"Windows": …}`.
    pub(crate) fn update(&self, settings: Option<&Value>) {
        let sections = settings.and_then(Value::as_object).into_iter().flat_map(Map::values);
        let mut resources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for section in sections.filter_map(Value::as_object) {
            merge(&mut resources, section);
        }
    }

    /// In figures.
    pub(crate) fn describe(&self) -> inspect::Limits {
        let resources = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let field = |section: &str, name: &str| resources.get(section)?.get(name);
        // Less than none means as much as there is.
        let number = |section, name| field(section, name).and_then(Value::as_u64).unwrap_or(0);
        let fraction = |section, name| {
            field(section, name).and_then(Value::as_f64).filter(|number| *number > 0.0)
        };
        let of_period = || {
            let period = fraction("cpu", "period").unwrap_or(100_000.0);
            Some(fraction("cpu", "quota")? / period)
        };
        let of_all = || Some(fraction("cpu", "maximum")? / ALL_PROCESSORS * processors());
        let processors = of_period().or_else(|| fraction("cpu", "count")).or_else(of_all);
        inspect::Limits {
            memory_bytes: number("memory", "limit"),
            processors: processors.unwrap_or(0.0),
            processor_shares: number("cpu", "shares"),
            processes: number("pids", "limit"),
            ..inspect::Limits::default()
        }
    }
}

/// The processors of the host.
fn processors() -> f64 {
    let number = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// Each value that is given takes the place of that of its name.
fn merge(all: &mut Map<String, Value>, given: &Map<String, Value>) {
    for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
        match (all.get_mut(name), value) {
            (Some(Value::Object(own)), Value::Object(value)) => merge(own, value),
            _ => drop(all.insert(name.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn limits(spec: &Value) -> Limits {
        Limits::of(&serde_json::from_value(spec.clone()).unwrap())
    }

    #[test]
    fn an_update_changes_what_it_names() {
        let limits = limits(&json!({"linux": {"resources": {
            "memory": {"limit": 1024, "swap": 5},
            "cpu": {"quota": 50_000, "period": 100_000},
            "pids": {"limit": 7},
        }}}));
        let before = limits.describe();
        assert_eq!((before.memory_bytes, before.processes), (1024, 7));
        assert!((before.processors - 0.5).abs() < 1e-9, "{before}");

        limits.update(Some(&json!({"Linux": {
            "memory": {"limit": 2048, "swap": null}, "cpu": {"shares": 9},
        }})));
        let after = limits.describe();
        assert_eq!((after.memory_bytes, after.processor_shares, after.processes), (2048, 9, 7));
        assert!((after.processors - 0.5).abs() < 1e-9, "{after}");
    }

    #[test]
    fn no_limit_is_0() {
        let none = inspect::Limits::default();
        assert_eq!(limits(&json!({})).describe(), none);
        let unlimited = json!({"linux": {"resources": {
            "memory": {"limit": -1}, "cpu": {"quota": -1, "period": 100_000},
        }}});
        assert_eq!(limits(&unlimited).describe(), none);
    }

    #[test]
    fn windows_has_a_count_or_a_part_of_all_processors() {
        let of = |cpu: Value| limits(&json!({"windows": {"resources": {"cpu": cpu}}})).describe();
        assert!((of(json!({"count": 3})).processors - 3.0).abs() < 1e-9);
        assert!((of(json!({"maximum": 10_000})).processors - processors()).abs() < 1e-9);
    }
}
