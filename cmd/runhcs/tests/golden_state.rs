//! The reference's answers about containers that are on record.

#[path = "support/golden.rs"]
mod golden;
#[path = "support/stand_in.rs"]
mod stand_in;

#[cfg_attr(windows, path = "support/registry.rs")]
#[cfg_attr(not(windows), path = "support/folder.rs")]
mod place;

use serde_json::Value;

use place::Place;
use stand_in::StandIn;

struct Outcome {
    exit: u8,
    stdout: String,
    stderr: String,
}

fn run(place: &Place, arguments: &[String]) -> Outcome {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let mut environment = runhcs::Environment {
        service: &|| Ok(Box::new(StandIn)),
        records: place.records(),
        stdout: &mut stdout,
        stderr: &mut stderr,
    };
    let arguments = arguments.iter().map(|argument| match argument.as_str() {
        "zzroot" => place.root().into(),
        other => other.into(),
    });
    let exit = runhcs::run(arguments, &mut environment);
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Outcome { exit, stdout: text(stdout), stderr: text(stderr) }
}

#[test]
fn golden_stored_states() {
    let rows = golden::rows("runhcs-state.jsonl");
    assert!(rows.len() >= 40);
    let denied = compute::error::SystemCode(5).to_string();
    for row in rows {
        let place = Place::new(&golden::value("runhcs-state-registry.json"));
        let outcome = run(&place, &golden::arguments(&row));
        // A fault of the reference is nothing to imitate, but what is left is.
        if row["stderr"] != "<fault of the reference>" {
            let stderr = row["stderr"].as_str().expect("stderr").replace("{os-text 0x5}", &denied);
            assert_eq!(outcome.stderr, stderr, "{row}");
            assert_eq!(Some(outcome.stdout.as_str()), row["stdout"].as_str(), "{row}");
            assert_eq!(Some(outcome.exit.into()), row["exit"].as_u64(), "{row}");
        }
        let list = ["--root", "zzroot", "list", "-q"].map(String::from);
        let ids: Value = run(&place, &list).stdout.lines().collect();
        assert_eq!(ids, row["idsAfter"], "{row}");
    }
}
