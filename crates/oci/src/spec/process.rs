//! What a spec says of a process.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{is_false, or_default};

/// A process.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Process {
    /// Whether it has a terminal.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "is_false")]
    pub terminal: bool,
    /// The terminal's size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub console_size: Option<Size>,
    /// Who runs it.
    #[serde(deserialize_with = "or_default")]
    pub user: User,
    /// The program and its arguments.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// The same as one text, instead of `args`; Windows.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub command_line: String,
    /// The environment, `NAME=value`.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// The folder in which it starts.
    #[serde(deserialize_with = "or_default")]
    pub cwd: String,
    /// All else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// The size of a terminal, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Size {
    /// The number of lines.
    pub height: u32,
    /// The number of columns.
    pub width: u32,
}

/// Who runs a process.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct User {
    /// The user's number; Linux.
    pub uid: u32,
    /// The group's number; Linux.
    pub gid: u32,
    /// The user's name; Windows.
    #[serde(deserialize_with = "or_default", skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// All else.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}
