//! The parameters of processes.

use oci::spec::Process;
use oci::{ProcessHost, WantedStreams, process_parameters};
use serde::Deserialize;
use serde_json::Value;

use crate::support::{json, rows};

#[derive(Deserialize)]
struct Row {
    name: String,
    r#in: In,
    params: Option<Value>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct In {
    os: String,
    oci: bool,
    process: Option<Process>,
    stdin: bool,
    stdout: bool,
    stderr: bool,
}

#[test]
fn golden_process_parameters_are_made() {
    for Row { name, r#in, params, error } in rows::<Row>("process-params.jsonl", 15) {
        let host = match (r#in.os.as_str(), r#in.oci) {
            ("windows", false) => ProcessHost::Windows,
            ("linux", false) => ProcessHost::LinuxVm,
            ("linux", true) => ProcessHost::LinuxContainer,
            other => panic!("{name}: {other:?}"),
        };
        let wanted = WantedStreams { stdin: r#in.stdin, stdout: r#in.stdout, stderr: r#in.stderr };
        let got = process_parameters(host, r#in.process.as_ref(), wanted);
        match (got, params, error) {
            (Ok(got), Some(expected), None) => assert_eq!(json(got), expected, "{name}"),
            (Err(got), None, Some(expected)) => assert_eq!(got.to_string(), expected, "{name}"),
            (got, ..) => panic!("{name}: {got:?}"),
        }
    }
}
