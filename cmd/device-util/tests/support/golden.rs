//! The golden data of a tool, next to what the tool does.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

#[path = "run.rs"]
mod run;

/// Runs a program with the arguments of each row of a file, and compares. The
/// file is in the folder that `HCSSHIM_GOLDEN` names, or in the copy beside the
/// tests of the package, which is `manifest`. Gives the number of rows.
///
/// `asks_windows` says which rows are about Windows and not about a command line:
/// elsewhere the program has to say so.
pub(crate) fn compare(
    program: &str,
    manifest: &str,
    file: &str,
    asks_windows: impl Fn(&Value) -> bool,
) -> usize {
    let folder = match std::env::var_os("HCSSHIM_GOLDEN") {
        Some(golden) => PathBuf::from(golden),
        None => Path::new(manifest).join("tests/golden"),
    };
    let path = folder.join("tools").join(file);
    let text = std::fs::read_to_string(&path);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).expect("a row");
        let arguments = row["args"].as_array().expect("args").iter();
        let mut command = Command::new(program);
        command.args(arguments.map(|argument| argument.as_str().expect("text")));
        let output = run::output(&mut command);
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        if asks_windows(&row) && cfg!(not(windows)) {
            assert_eq!((output.status.code(), &*stdout), (Some(1), ""), "{row}");
            assert!(stderr.contains("only Windows has"), "{row}: {stderr}");
            continue;
        }
        assert_eq!(output.status.code().map(i64::from), row["exit"].as_i64(), "{row}: {stderr}");
        check(&row, "stdout", &stdout);
        check(&row, "stderr", &stderr);
    }
    text.lines().count()
}

/// A stream is what the row says, or holds a help text where the row says so.
fn check(row: &Value, stream: &str, text: &str) {
    if row[format!("{stream}HasHelp")] == true {
        assert!(text.contains("Usage:"), "{row}: {text}");
        let before = row[format!("{stream}Before")].as_str().unwrap_or_default();
        assert!(text.starts_with(before), "{row}: {text}");
    } else {
        let wanted = row[stream].as_str().expect("a stream");
        assert_eq!(unmask(wanted), text, "{row}");
    }
}

/// A text with the system's own words where `{os-text 0x2}` stands for them.
fn unmask(text: &str) -> String {
    let masked = text.split_once("{os-text 0x").and_then(|(before, rest)| {
        let (code, after) = rest.split_once('}')?;
        Some((before, i32::from_str_radix(code, 16).ok()?, after))
    });
    let Some((before, code, after)) = masked else {
        return text.to_owned();
    };
    let words = std::io::Error::from_raw_os_error(code).to_string();
    let words = words.rsplit_once(" (os error").map_or(words.as_str(), |(words, _)| words);
    format!("{before}{words}{after}")
}
