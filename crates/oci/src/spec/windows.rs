//! What a spec says of a Windows container, or of the utility VM of a Linux one.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{is_false, or_default};

/// What is special to Windows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Windows {
    /// The folders of the layers, the topmost first, and of the scratch. Written
    /// also where there is none (`null`).
    pub layer_folders: Option<Vec<String>>,
    /// Devices of the host.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<WindowsDevice>,
    /// Limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<WindowsResources>,
    /// Credentials of a group managed service account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential_spec: Option<Value>,
    /// Whether the container is for installing updates.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "is_false")]
    pub servicing: bool,
    /// Whether flushes to the scratch are ignored until the container has started.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "is_false")]
    pub ignore_flushes_during_boot: bool,
    /// There where the container runs in a utility VM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hyperv: Option<HyperV>,
    /// The network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<WindowsNetwork>,
    /// All else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A device of the host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WindowsDevice {
    /// Which one.
    pub id: String,
    /// What kind of id it is.
    pub id_type: String,
}

/// Limits of a Windows container or of a utility VM.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowsResources {
    /// Memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<WindowsMemory>,
    /// Processor time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<WindowsCpu>,
    /// Storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<WindowsStorage>,
    /// All else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The limit of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowsMemory {
    /// The most memory in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

/// The limits of processor time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowsCpu {
    /// The number of processors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The share of processor time relative to others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shares: Option<u16>,
    /// The most processor time, in hundredths of a percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<u16>,
    /// Which processors are used.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub affinity: Vec<CpuGroupAffinity>,
}

/// Processors of one processor group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CpuGroupAffinity {
    /// A bit for each.
    #[serde(skip_serializing_if = "is_zero_mask")]
    pub mask: u64,
    /// The group.
    #[serde(skip_serializing_if = "is_zero_group")]
    pub group: u32,
}

/// The limits of storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WindowsStorage {
    /// The most operations a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iops: Option<u64>,
    /// The most bytes a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bps: Option<u64>,
    /// The size of the scratch in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox_size: Option<u64>,
}

/// The utility VM of a container.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HyperV {
    /// Where its image is, if not in the layers.
    #[serde(rename = "utilityVMPath", deserialize_with = "or_default")]
    #[serde(skip_serializing_if = "String::is_empty")]
    pub utility_vm_path: String,
}

/// The network of a container.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WindowsNetwork {
    /// The ids of endpoints to connect.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub endpoint_list: Vec<String>,
    /// Whether names without a dot may be looked up by DNS.
    #[serde(rename = "allowUnqualifiedDNSQuery", deserialize_with = "or_default")]
    #[serde(skip_serializing_if = "is_false")]
    pub allow_unqualified_dns_query: bool,
    /// The DNS suffixes to try.
    #[serde(rename = "DNSSearchList", deserialize_with = "or_default")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns_search_list: Vec<String>,
    /// The container whose network is shared.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub network_shared_container_name: String,
    /// The network namespace.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub network_namespace: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_zero_mask(mask: &u64) -> bool {
    *mask == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference over")]
fn is_zero_group(group: &u32) -> bool {
    *group == 0
}
