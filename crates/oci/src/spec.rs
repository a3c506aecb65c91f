//! An OCI runtime spec, as far as a Windows host looks into it.
//!
//! What no type here names is kept as it was read and written again. The crate
//! `oci-spec` is not used for it: its types lose `windows.resources.cpu.affinity`,
//! refuse a credential spec that is a string, and can't write the list of layers
//! that a Linux container in a utility VM doesn't have (`null`).

mod linux;
mod process;
mod windows;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

pub use linux::{Linux, LinuxCpu, LinuxResources};
pub use process::{Process, Size, User};
pub use windows::{
    CpuGroupAffinity, HyperV, Windows, WindowsCpu, WindowsDevice, WindowsMemory, WindowsNetwork,
    WindowsResources, WindowsStorage,
};

use crate::Annotations;
use crate::keys::HOST_PROCESS_CONTAINER;

/// An OCI runtime spec.
///
/// ```
/// use oci::Spec;
///
/// let spec: Spec = serde_json::from_str(r#"{"windows": {"hyperv": {}}}"#)?;
/// assert!(spec.is_wcow() && spec.is_isolated());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    /// The version of the OCI runtime specification.
    #[serde(deserialize_with = "or_default")]
    pub oci_version: String,
    /// The container's first process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<Process>,
    /// The root filesystem.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<Root>,
    /// The host name.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub hostname: String,
    /// What is mounted in the container.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<Mount>,
    /// Programs to run on the host as the container comes and goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hooks: Option<Value>,
    /// What the platform says beyond the specification.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// What is special to Linux.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linux: Option<Linux>,
    /// What is special to Windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<Windows>,
    /// All else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Spec {
    /// Its annotations, to be read.
    pub fn annotations(&self) -> Annotations<'_> {
        Annotations(&self.annotations)
    }

    /// Whether it is of a Linux container, which runs in a utility VM.
    pub fn is_lcow(&self) -> bool {
        self.linux.is_some()
    }

    /// Whether it is of a Windows container.
    pub fn is_wcow(&self) -> bool {
        self.linux.is_none() && self.windows.is_some()
    }

    /// Whether the container runs in a utility VM.
    pub fn is_isolated(&self) -> bool {
        self.is_lcow() || self.windows.as_ref().is_some_and(|windows| windows.hyperv.is_some())
    }

    /// Whether it is of a host process container, which runs in a job object. The
    /// annotation has to be `true` and not one of the other ways to write it.
    pub fn is_job_container(&self) -> bool {
        self.is_wcow() && self.annotations().get(HOST_PROCESS_CONTAINER) == Some("true")
    }
}

/// The root filesystem of a container.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Root {
    /// Where it is.
    #[serde(deserialize_with = "or_default")]
    pub path: String,
    /// Whether the container can't write to it.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "is_false")]
    pub readonly: bool,
}

/// Something that is mounted in a container.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Mount {
    /// Where the container sees it.
    #[serde(deserialize_with = "or_default")]
    pub destination: String,
    /// What kind it is.
    #[serde(rename = "type", deserialize_with = "or_default")]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// What is mounted.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// How.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// All else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Reads a value; `null` is the empty one, as in the reference.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_is_kept() {
        let text = r#"{"ociVersion":"1.2","process":{"user":{"uid":1,"gid":2,"umask":3},"cwd":"/","ioPriority":{"class":"x"}},"mounts":[{"destination":"/a","uidMappings":[]}],"linux":{"namespaces":[{"type":"pid"}],"resources":{"memory":{"limit":5}}},"windows":{"layerFolders":null,"resources":{"cpu":{"affinity":[{"mask":3}]}}},"vm":{"kernel":{}}}"#;
        let spec: Spec = serde_json::from_str(text).expect("a spec");
        let value = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!(value(&serde_json::to_string(&spec).expect("JSON")), value(text));
    }

    #[test]
    fn null_is_empty() {
        let text = r#"{"ociVersion":null,"mounts":null,"annotations":null,"linux":null,"process":{"args":null,"env":null,"user":null}}"#;
        let spec: Spec = serde_json::from_str(text).expect("a spec");
        let process = Some(Process::default());
        assert_eq!(spec, Spec { process, ..Spec::default() });
    }
}
