//! Reads recorded data.

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// The rows of a file, at least so many of those that are kept here.
pub(crate) fn rows<T: DeserializeOwned>(file: &str, count: usize) -> Vec<T> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let other = std::env::var_os("HCSSHIM_GOLDEN");
    let count = if other.is_some() { 1 } else { count };
    let folder = other.map_or(own, PathBuf::from);
    let text = std::fs::read_to_string(folder.join("oci").join(file)).expect("golden data");
    let rows: Vec<T> =
        text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
    assert!(rows.len() >= count, "{file}: {} rows", rows.len());
    rows
}

/// Any value as JSON.
pub(crate) fn json(value: impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("JSON")
}
