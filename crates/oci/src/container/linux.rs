//! The document of a Linux container in a utility VM.

use hcs_schema::schema2::Version;
use serde::Serialize;

use crate::Spec;
use crate::keys::LCOW_PRIVILEGED;
use crate::spec::{Linux, Windows, WindowsNetwork};

/// What the agent in the VM makes a Linux container from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct LinuxContainerDocument {
    /// The version of the schema.
    pub schema_version: Version,
    /// The container's folder in the VM.
    pub oci_bundle_path: String,
    /// What the container is.
    pub oci_specification: Spec,
    /// The folder for what it writes.
    pub scratch_dir_path: String,
}

impl LinuxContainerDocument {
    /// The document of a spec, without what is the host's or the agent's to do:
    /// hooks, the control group's place, limits that the agent doesn't set, and
    /// all of the Windows section but the network namespace and devices.
    pub fn new(spec: &Spec, bundle: &str, scratch: &str) -> Self {
        let mut spec = spec.clone();
        let privileged = spec.annotations().bool(LCOW_PRIVILEGED) == Some(true);
        spec.windows = spec.windows.and_then(reduce);
        spec.hooks = None;
        if let Some(linux) = &mut spec.linux {
            clear(linux, privileged);
        }
        Self {
            schema_version: Version::V21,
            oci_bundle_path: bundle.to_owned(),
            oci_specification: spec,
            scratch_dir_path: scratch.to_owned(),
        }
    }
}

fn reduce(windows: Windows) -> Option<Windows> {
    let namespace = windows.network.map(|network| network.network_namespace).unwrap_or_default();
    if namespace.is_empty() && windows.devices.is_empty() {
        return None;
    }
    let network = (!namespace.is_empty())
        .then(|| WindowsNetwork { network_namespace: namespace, ..WindowsNetwork::default() });
    Some(Windows { devices: windows.devices, network, ..Windows::default() })
}

fn clear(linux: &mut Linux, privileged: bool) {
    linux.cgroups_path = String::new();
    if privileged {
        linux.seccomp = None;
    }
    let Some(resources) = &mut linux.resources else {
        return;
    };
    resources.devices = None;
    resources.pids = None;
    resources.block_io = None;
    resources.hugepage_limits = None;
    resources.network = None;
    if let Some(cpu) = &mut resources.cpu {
        // 0 means the default here, and an error to the kernel.
        cpu.period = cpu.period.map(|period| if period == 0 { 100_000 } else { period });
        cpu.quota = cpu.quota.map(|quota| if quota == 0 { -1 } else { quota });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn written(spec: &Value) -> Value {
        let spec = serde_json::from_value(spec.clone()).expect("a spec");
        let document = LinuxContainerDocument::new(&spec, "/b", "/s");
        serde_json::to_value(document.oci_specification).expect("JSON")
    }

    #[test]
    fn what_is_not_the_agents_is_left_out() {
        let spec = json!({
            "ociVersion": "1.0.2",
            "hooks": {"prestart": []},
            "linux": {
                "cgroupsPath": "/c",
                "namespaces": [{"type": "pid"}],
                "resources": {
                    "devices": [], "pids": {"limit": 1}, "blockIO": {}, "hugepageLimits": [],
                    "network": {}, "memory": {"limit": 7},
                    "cpu": {"period": 0, "quota": 0, "shares": 3}
                }
            }
        });
        let expected = json!({
            "ociVersion": "1.0.2",
            "linux": {
                "namespaces": [{"type": "pid"}],
                "resources": {
                    "memory": {"limit": 7},
                    "cpu": {"period": 100_000, "quota": -1, "shares": 3}
                }
            }
        });
        assert_eq!(written(&spec), expected);
    }

    #[test]
    fn a_privileged_container_is_not_filtered() {
        let spec = |value: &str| {
            json!({"ociVersion": "1", "annotations": {LCOW_PRIVILEGED: value},
                "linux": {"seccomp": {"defaultAction": "SCMP_ACT_ERRNO"}}})
        };
        assert_eq!(written(&spec("true"))["linux"], json!({}));
        assert_eq!(written(&spec("false")), spec("false"));
    }
}
