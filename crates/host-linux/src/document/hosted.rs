//! Containers from an OCI spec, in the document that the guest protocol has
//! for them (`VMHostedContainerSettingsV2`).

use std::path::PathBuf;

use oci_spec::runtime::Spec;
use serde::Deserialize;
use serde_json::Value;

use super::schema2::absolute;
use super::{Plan, PlannedRoot, Refusal};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Hosted {
    schema_version: Version,
    #[serde(default)]
    oci_bundle_path: String,
    oci_specification: Spec,
    #[serde(default)]
    scratch_dir_path: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    #[serde(default)]
    major: i32,
    #[serde(default)]
    minor: i32,
}

/// The plan of a container that its OCI spec describes in full.
pub(super) fn plan(owner: String, hosted: &Value) -> Result<Plan, Refusal> {
    let hosted =
        Hosted::deserialize(hosted).map_err(|error| Refusal::invalid("HostedSystem", error))?;
    if (hosted.schema_version.major, hosted.schema_version.minor) < (2, 1) {
        return Err(Refusal::invalid("HostedSystem.SchemaVersion", "invalid schema version"));
    }
    let bundle = match hosted.oci_bundle_path.as_str() {
        "" => PathBuf::from("/"),
        path => absolute("HostedSystem.OciBundlePath", path)?,
    };
    if !hosted.scratch_dir_path.is_empty() {
        return Err(Refusal::unsupported(
            "HostedSystem.ScratchDirPath",
            "the root file system of an OCI spec is mounted by its maker here",
        ));
    }
    let mut spec = hosted.oci_specification;
    allow_default_devices(&mut spec);
    Ok(Plan {
        owner,
        name: String::new(),
        has_limits: asks_for_limits(&spec),
        spec,
        bundle,
        root: PlannedRoot::Spec,
        oci: true,
        terminate_on_last_handle_closed: false,
    })
}

/// The default devices that every container gets can also be used, whatever
/// rules the spec has before.
fn allow_default_devices(spec: &mut Spec) {
    let resources = spec.linux_mut().as_mut().and_then(|linux| linux.resources_mut().as_mut());
    if let Some(rules) = resources.and_then(|resources| resources.devices_mut().as_mut()) {
        rules.extend(super::defaults::device_rules().into_iter().filter(|rule| rule.allow()));
    }
}

/// Whether the spec names a limit beyond the device rules of every container.
fn asks_for_limits(spec: &Spec) -> bool {
    let Some(resources) = spec.linux().as_ref().and_then(|linux| linux.resources().as_ref()) else {
        return false;
    };
    let mut rest = resources.clone();
    rest.set_devices(None);
    rest != Default::default()
}
