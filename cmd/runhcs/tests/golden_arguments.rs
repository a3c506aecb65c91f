//! The reference's answers to command lines, without a container.

#[path = "support/golden.rs"]
mod golden;
#[path = "../../device-util/tests/support/run.rs"]
mod run;

use std::process::Command;

use serde_json::Value;

#[test]
fn golden_command_lines() {
    let rows = golden::rows("runhcs.jsonl");
    assert!(rows.len() >= 38);
    for row in rows {
        let arguments = golden::arguments(&row);
        let state = tempfile::tempdir().expect("temp");
        let mut command = Command::new(env!("CARGO_BIN_EXE_runhcs"));
        command.args(&arguments).env("HCSSHIM_STATE_DIR", state.path().join("state"));
        let output = run::output(&mut command);
        let text = |bytes: &[u8]| golden::mask_time(&String::from_utf8_lossy(bytes));
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code().map(i64::from), row["exit"].as_i64(), "{row}: {stderr}");
        check(&row, "stdout", &stdout);
        check(&row, "stderr", &stderr);
    }
}

/// A stream is what the row says, or holds a help text where the row says so.
fn check(row: &Value, stream: &str, text: &str) {
    if row[format!("{stream}HasHelp")] == true {
        assert!(text.contains("Usage:"), "{row}: {text}");
        let before = row[format!("{stream}Before")].as_str().unwrap_or_default();
        assert!(text.starts_with(before), "{row}: {text}");
    } else {
        assert_eq!(row[stream].as_str(), Some(text), "{row}");
    }
}
