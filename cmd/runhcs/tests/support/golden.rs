//! The golden data of the tools.

use std::path::PathBuf;

use serde_json::Value;

/// A file of the golden data: in the folder that `HCSSHIM_GOLDEN` names, or in
/// the copy beside the tests.
fn file(name: &str) -> String {
    let folder = match std::env::var_os("HCSSHIM_GOLDEN") {
        Some(golden) => PathBuf::from(golden),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden"),
    };
    let path = folder.join("tools").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The rows of a file.
pub(crate) fn rows(name: &str) -> Vec<Value> {
    file(name).lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
}

/// A file that is one JSON value.
#[allow(dead_code, reason = "not every test has one")]
pub(crate) fn value(name: &str) -> Value {
    serde_json::from_str(&file(name)).expect("a value")
}

/// The arguments of a row.
pub(crate) fn arguments(row: &Value) -> Vec<String> {
    let arguments = row["args"].as_array().expect("args").iter();
    arguments.map(|argument| argument.as_str().expect("text").to_owned()).collect()
}

#[allow(dead_code, reason = "not every test has a log")]
/// A log record's time as the golden data masks it.
pub(crate) fn mask_time(text: &str) -> String {
    match text.strip_prefix("time=\"").and_then(|rest| rest.split_once('"')) {
        Some((_, rest)) => format!("time=\"<time>\"{rest}"),
        None => text.to_owned(),
    }
}
