//! The reference's answers to command lines.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What begins the error of a reference that could not list the pipes of its machine.
/// Nothing in such a row is of the shims that there are, but that it names none.
const NO_PIPES: &str = "FindFirstFile";

#[test]
fn golden_command_lines() {
    let folder = match std::env::var_os("HCSSHIM_GOLDEN") {
        Some(golden) => PathBuf::from(golden),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"),
    };
    let path = folder.join("tools/shimdiag.jsonl");
    let text = std::fs::read_to_string(&path);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).expect("a row");
        let arguments = row["args"].as_array().expect("args").iter();
        let output = Command::new(env!("CARGO_BIN_EXE_shimdiag"))
            .args(arguments.map(|argument| argument.as_str().expect("text")))
            .output()
            .expect("run");
        let stderr = String::from_utf8_lossy(&output.stderr);
        let stdout = String::from_utf8_lossy(&output.stdout);
        let said = row["stderr"].as_str().expect("text");
        if !said.starts_with(NO_PIPES) {
            assert_eq!(output.status.code().map(i64::from), row["exit"].as_i64(), "{row}");
            assert_eq!(
                (&*stdout, &*stderr),
                (row["stdout"].as_str().expect("text"), said),
                "{row}"
            );
        } else if row["args"][0] == "list" && cfg!(target_os = "linux") {
            assert!(output.status.success() && stderr.is_empty(), "{row}: {stderr}");
        } else {
            assert_eq!((output.status.code(), &*stdout), (Some(1), ""), "{row}");
            let expected =
                if cfg!(windows) { r"listing the pipes in \\.\pipe\" } else { "no such shim " };
            assert!(stderr.starts_with(expected), "{row}: {stderr}");
        }
    }
    let count = if std::env::var_os("HCSSHIM_GOLDEN").is_some() { 1 } else { 9 };
    assert!(text.lines().count() >= count);
}
