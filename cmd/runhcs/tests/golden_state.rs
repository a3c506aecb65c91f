//! The reference's answers about containers that are on record.

#[path = "support/golden.rs"]
mod golden;
#[path = "support/stand_in.rs"]
mod stand_in;

use std::path::Path;

use serde_json::Value;

use stand_in::StandIn;

/// Writes the records that the reference had in its registry.
fn make_records(state: &Path) {
    let folder = state.join("zzroot");
    std::fs::create_dir_all(&folder).expect("folder");
    let entries = golden::value("runhcs-state-registry.json");
    for entry in entries.as_array().expect("entries") {
        let mut record = entry["State"].clone();
        for name in ["ShimPid", "InitPid"] {
            if let Some(pid) = entry.get(name) {
                record[name] = pid.clone();
            }
        }
        let path = folder.join(format!("{}.json", entry["ID"].as_str().expect("id")));
        std::fs::write(path, record.to_string()).expect("write");
    }
}

struct Outcome {
    exit: u8,
    stdout: String,
    stderr: String,
}

fn run(state: &Path, arguments: &[String]) -> Outcome {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut environment = runhcs::Environment {
        service: &|| Ok(Box::new(StandIn)),
        state: state.to_owned(),
        stdout: &mut stdout,
        stderr: &mut stderr,
    };
    let exit = runhcs::run(arguments.iter().map(Into::into), &mut environment);
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Outcome { exit, stdout: text(stdout), stderr: text(stderr) }
}

#[test]
fn golden_stored_states() {
    let rows = golden::rows("runhcs-state.jsonl");
    assert!(rows.len() >= 40);
    let denied = compute::error::SystemCode(5).to_string();
    for row in rows {
        let state = tempfile::tempdir().expect("temp");
        make_records(state.path());
        let outcome = run(state.path(), &golden::arguments(&row));
        // A fault of the reference is nothing to imitate, but what is left is.
        if row["stderr"] != "<fault of the reference>" {
            let stderr = row["stderr"].as_str().expect("stderr").replace("{os-text 0x5}", &denied);
            assert_eq!(outcome.stderr, stderr, "{row}");
            assert_eq!(Some(outcome.stdout.as_str()), row["stdout"].as_str(), "{row}");
            assert_eq!(Some(outcome.exit.into()), row["exit"].as_u64(), "{row}");
        }
        let list = ["--root", "zzroot", "list", "-q"].map(String::from);
        let ids: Value = run(state.path(), &list).stdout.lines().collect();
        assert_eq!(ids, row["idsAfter"], "{row}");
    }
}
