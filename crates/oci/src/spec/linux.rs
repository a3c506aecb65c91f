//! What a spec says of a Linux container.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::or_default;

/// What is special to Linux.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Linux {
    /// Limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<LinuxResources>,
    /// The control group.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub cgroups_path: String,
    /// Which system calls can be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seccomp: Option<Value>,
    /// All else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Limits of a Linux container.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LinuxResources {
    /// Which devices can be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devices: Option<Value>,
    /// Processor time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<LinuxCpu>,
    /// The number of processes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pids: Option<Value>,
    /// Use of block devices.
    #[serde(rename = "blockIO", skip_serializing_if = "Option::is_none")]
    pub block_io: Option<Value>,
    /// Use of large pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hugepage_limits: Option<Value>,
    /// Use of the network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<Value>,
    /// All else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The processor time of a Linux container.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LinuxCpu {
    /// The time in a period, in microseconds; negative for no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<i64>,
    /// The length of a period, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<u64>,
    /// All else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}
