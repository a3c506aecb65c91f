//! What runhcs remembers of a container: the fields of the reference's registry
//! key, in one JSON object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A container as it was created.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Record {
    #[serde(rename = "ID")]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) owner: String,
    #[serde(default)]
    pub(crate) bundle: String,
    /// When it was created, as RFC 3339 in UTC.
    #[serde(default)]
    pub(crate) created: String,
    #[serde(default)]
    pub(crate) rootfs: String,
    /// The bundle's `config.json`.
    pub(crate) spec: Box<RawValue>,
    #[serde(default, rename = "UniqueID")]
    pub(crate) unique_id: uuid::Uuid,
    #[serde(default, rename = "HostUniqueID")]
    pub(crate) host_unique_id: uuid::Uuid,
    /// The process that stands for the container to its caller: on Linux its
    /// first process. 0: it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shim_pid: Option<i64>,
    /// The first process by the compute service's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) init_pid: Option<u32>,
}

/// What the reports show of a spec.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct SpecSummary {
    pub(crate) oci_version: String,
    pub(crate) annotations: Option<BTreeMap<String, String>>,
}

impl Record {
    pub(crate) fn spec_summary(&self) -> serde_json::Result<SpecSummary> {
        serde_json::from_str(self.spec.get())
    }
}
