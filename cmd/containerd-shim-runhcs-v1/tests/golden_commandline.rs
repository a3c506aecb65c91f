//! The reference's answers to command lines. Its calls of a shim that serves are
//! compared where there is a shim to call.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use support::{PROGRAM, response};

fn rows() -> Vec<Value> {
    let folder = match std::env::var_os("HCSSHIM_GOLDEN") {
        Some(golden) => PathBuf::from(golden),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden"),
    };
    let path = folder.join("shim/commandline.jsonl");
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
}

/// A row's text on this machine: with the folder and the address that it has here, and
/// with this system's messages.
fn expected(text: &str, bundle: &Path) -> String {
    let separator = std::path::MAIN_SEPARATOR;
    let bundle = format!("{}{separator}", bundle.display());
    let missing = std::io::Error::from_raw_os_error(2).to_string();
    let missing = missing.trim_end_matches(" (os error 2)");
    let text = text.replace(r"C:\bundles\t1\", &bundle);
    if cfg!(windows) {
        return text.replace("{os-text 0x2}", missing);
    }
    let pipe = r"open \\.\pipe\ProtectedPrefix\Administrators\containerd-shim-ns1-gone-pipe";
    let text = text.replace(pipe, &format!("connect {}", support::address("addr", "ns1", "gone")));
    text.replace("{os-text 0x2}", &missing.to_lowercase()).replace("pipe address", "unix address")
}

fn run(row: &Value, bundle: &Path) -> Output {
    if let Some(config) = row["configJson"].as_str() {
        fs::write(bundle.join("config.json"), config).expect("a config");
    }
    let arguments = row["args"].as_array().expect("args").iter();
    Command::new(PROGRAM)
        .args(arguments.map(|argument| argument.as_str().expect("text")))
        .current_dir(bundle)
        .env("HCSSHIM_STATE_DIR", bundle.join("state"))
        .env_remove("TTRPC_ADDRESS")
        .stdin(Stdio::null())
        .output()
        .expect("run")
}

#[test]
fn golden_command_lines() {
    let rows = rows();
    assert!(rows.len() >= if std::env::var_os("HCSSHIM_GOLDEN").is_some() { 1 } else { 18 });
    // What starts a shim is compared by the calls that it answers.
    for row in rows.iter().filter(|row| row["calls"].is_null()) {
        let bundle = tempfile::tempdir().expect("a folder");
        let bundle = bundle.path().canonicalize().expect("a folder");
        let output = run(row, &bundle);
        let stderr = String::from_utf8(output.stderr).expect("text");
        // Log lines are left out of the rows.
        let stderr: String =
            stderr.split_inclusive('\n').filter(|line| !line.starts_with("time=")).collect();
        assert_eq!(output.status.code().map(i64::from), row["exit"].as_i64(), "{row}: {stderr}");
        assert_eq!(stderr, expected(row["stderr"].as_str().expect("text"), &bundle), "{row}");
        if row["stdoutProtobuf"].is_string() {
            assert_eq!(response(&output.stdout).exit_status, 255, "{row}");
            continue;
        }
        let stdout = String::from_utf8(output.stdout).expect("text");
        if row["stdoutIsHelpText"] == true {
            assert!(stdout.contains("Usage:"), "{row}: {stdout}");
        } else {
            assert_eq!(stdout, expected(row["stdout"].as_str().expect("text"), &bundle), "{row}");
        }
    }
}
