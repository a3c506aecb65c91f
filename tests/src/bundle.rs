//! OCI bundles.

use std::fs;
use std::path::{Path, PathBuf};

use compute::Document;
use hcs_schema::schema2::{ComputeSystem, Version};
use serde_json::{Value, json};

use crate::{Stage, rootfs};

/// A folder with a root file system and a `config.json`.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The folder.
    pub path: PathBuf,
    /// What will be in its `config.json`.
    pub config: Value,
}

impl Bundle {
    /// A bundle with the configuration that `runc spec` writes, without its
    /// terminal, for a root file system that can be written to.
    pub fn new(stage: &Stage, name: &str) -> Self {
        let mut config = usual();
        config["linux"]["cgroupsPath"] = json!(format!("/{}", stage.name(name)));
        Self::with_config(stage, name, config)
    }

    /// A bundle with this configuration; one of the same name shares its root.
    pub fn with_config(stage: &Stage, name: &str, config: Value) -> Self {
        let path = stage.path().join("bundles").join(name);
        if !path.join("rootfs").exists() {
            rootfs::build(&path.join("rootfs")).expect("a root file system");
        }
        Self { path, config }
    }

    /// The document of a compute system that is a container of this bundle.
    pub fn document(&self) -> Document {
        Document::from(ComputeSystem {
            owner: "e2e".into(),
            schema_version: Some(Version::V21),
            hosted_system: Some(json!({
                "SchemaVersion": Version::V21,
                "OciBundlePath": self.path,
                "OciSpecification": self.config,
            })),
            ..ComputeSystem::default()
        })
    }

    /// Its root file system.
    pub fn rootfs(&self) -> PathBuf {
        self.path.join("rootfs")
    }

    /// The process is the shell with this script.
    #[must_use]
    pub fn sh(mut self, script: &str) -> Self {
        self.config["process"]["args"] = json!(["/bin/sh", "-c", script]);
        self
    }

    /// Sets a part of the configuration, by its JSON pointer; the objects on
    /// the way are made.
    #[must_use]
    pub fn set(mut self, pointer: &str, value: Value) -> Self {
        let mut place = &mut self.config;
        for key in pointer.split('/').skip(1) {
            place = match place {
                Value::Array(items) => &mut items[key.parse::<usize>().expect("an index")],
                other => &mut other[key],
            };
        }
        *place = value;
        self
    }

    /// Adds to a list of the configuration.
    #[must_use]
    pub fn push(mut self, pointer: &str, value: Value) -> Self {
        let list = self.config.pointer(pointer).cloned().unwrap_or_else(|| json!([]));
        let mut list = list.as_array().cloned().unwrap_or_default();
        list.push(value);
        self = self.set(pointer, Value::Array(list));
        self
    }

    /// Takes the namespaces of a kind out.
    #[must_use]
    pub fn without_namespace(mut self, kind: &str) -> Self {
        if let Some(list) = self.config["linux"]["namespaces"].as_array_mut() {
            list.retain(|namespace| namespace["type"] != kind);
        }
        self
    }

    /// Writes the configuration.
    pub fn write(&self) -> &Path {
        let text = serde_json::to_vec_pretty(&self.config).expect("json");
        fs::write(self.path.join("config.json"), text).expect("config.json");
        &self.path
    }
}

/// The capabilities that `runc spec` gives.
const CAPABILITIES: [&str; 3] = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];

/// A configuration like the one that `runc spec` writes.
pub fn usual() -> Value {
    json!({
        "ociVersion": "1.0.2",
        "process": {
            "terminal": false,
            "user": {"uid": 0, "gid": 0},
            "args": ["sh"],
            "env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
            "cwd": "/",
            "capabilities": {
                "bounding": CAPABILITIES, "effective": CAPABILITIES, "permitted": CAPABILITIES,
            },
            "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024}],
            "noNewPrivileges": true,
        },
        "root": {"path": "rootfs", "readonly": false},
        "hostname": "e2e",
        "mounts": [
            mount("/proc", "proc", "proc", &[]),
            mount("/dev", "tmpfs", "tmpfs", &["nosuid", "strictatime", "mode=755", "size=65536k"]),
            mount("/dev/pts", "devpts", "devpts",
                &["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
            mount("/dev/shm", "tmpfs", "shm", &["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
            mount("/sys", "sysfs", "sysfs", &["nosuid", "noexec", "nodev", "ro"]),
        ],
        "linux": {
            "resources": {"devices": [{"allow": false, "access": "rwm"}]},
            "namespaces": [
                {"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"},
            ],
            "maskedPaths": ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        },
    })
}

/// An entry of `mounts`.
pub fn mount(destination: &str, kind: &str, source: &str, options: &[&str]) -> Value {
    json!({"destination": destination, "type": kind, "source": source, "options": options})
}

/// An entry of `mounts` that shows a path of the host.
pub fn bind(source: &Path, destination: &str, options: &[&str]) -> Value {
    mount(destination, "bind", &source.display().to_string(), options)
}
