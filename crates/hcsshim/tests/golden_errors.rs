//! Every error of the reference in the facade's errors: its text and exactly the
//! predicates that hold for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use compute::error::{Cause, Named, SystemCode};
use hcsshim::{ContainerError, Error, ErrorEvent, ProcessError};
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    code: Option<String>,
    named: Option<String>,
    errors: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
struct Expected {
    text: String,
    #[serde(rename = "true")]
    holds: BTreeSet<String>,
}

type Predicate = fn(&(dyn std::error::Error + 'static)) -> bool;

const PREDICATES: [(&str, Predicate); 8] = [
    ("hcsshim.IsNotExist", hcsshim::is_not_exist),
    ("hcsshim.IsAlreadyClosed", hcsshim::is_already_closed),
    ("hcsshim.IsPending", hcsshim::is_pending),
    ("hcsshim.IsTimeout", hcsshim::is_timeout),
    ("hcsshim.IsAlreadyStopped", hcsshim::is_already_stopped),
    ("hcsshim.IsNotSupported", hcsshim::is_not_supported),
    ("hcsshim.IsOperationInvalidState", hcsshim::is_operation_invalid_state),
    ("hcsshim.IsAccessIsDenied", hcsshim::is_access_is_denied),
];

/// The golden data is kept beside the crate whose errors these are.
fn rows() -> Vec<Row> {
    let kept = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../compute/tests/golden");
    let folder = std::env::var_os("HCSSHIM_GOLDEN").map_or(kept, PathBuf::from);
    let text = std::fs::read_to_string(folder.join("errors/errors.jsonl")).expect("golden data");
    text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
}

/// The reference's error value of a row; the rows of other errors are none of
/// the facade's.
fn cause(row: &Row) -> Option<Cause> {
    if let Some(code) = &row.code {
        let code = u32::from_str_radix(code.trim_start_matches("0x"), 16).expect("a number");
        return Some(SystemCode(code).into());
    }
    let named: Named = match row.named.as_deref()? {
        "ErrHandleClose" => hcsshim::ERR_HANDLE_CLOSE,
        "ErrAlreadyClosed" => hcsshim::ERR_ALREADY_CLOSED,
        "ErrInvalidNotificationType" => hcsshim::ERR_INVALID_NOTIFICATION_TYPE,
        "ErrInvalidProcessState" => hcsshim::ERR_INVALID_PROCESS_STATE,
        "ErrTimeout" => hcsshim::ERR_TIMEOUT,
        "ErrUnexpectedContainerExit" => hcsshim::ERR_UNEXPECTED_CONTAINER_EXIT,
        "ErrUnexpectedProcessAbort" => hcsshim::ERR_UNEXPECTED_PROCESS_ABORT,
        "ErrUnexpectedValue" => hcsshim::ERR_UNEXPECTED_VALUE,
        "ErrOperationDenied" => hcsshim::ERR_OPERATION_DENIED,
        "ErrPlatformNotSupported" => hcsshim::ERR_PLATFORM_NOT_SUPPORTED,
        "ErrorEmptyMacAddressList" => hcsshim::ERROR_EMPTY_MAC_ADDRESS_LIST,
        _ => return None,
    };
    Some(named.into())
}

fn events() -> Vec<ErrorEvent> {
    let full = ErrorEvent {
        message: "msg".into(),
        stack_trace: "st".into(),
        provider: "prov".into(),
        event_id: 7,
        flags: 8,
        source: "src".into(),
        ..Default::default()
    };
    let short = ErrorEvent { message: "only".into(), ..Default::default() };
    vec![full, short]
}

/// The row's error in both of the facade's errors, by their golden names.
fn errors(row: &Row) -> Option<[(&'static str, Error); 2]> {
    let container = ContainerError {
        container: Some("sys1".into()),
        operation: "Start".into(),
        extra_info: String::new(),
        err: cause(row)?,
        events: events(),
    };
    let process = ProcessError {
        process: Some(("sys1".into(), 42)),
        operation: "Kill".into(),
        extra_info: String::new(),
        err: cause(row)?,
        events: Vec::new(),
    };
    Some([
        ("hcsshim.ContainerError", Error::Container(container.into())),
        ("hcsshim.ProcessError", Error::Process(process.into())),
    ])
}

#[test]
fn golden_facade_errors() {
    let mut compared = 0;
    for row in rows() {
        for (wrapping, error) in errors(&row).into_iter().flatten() {
            let Some(expected) = row.errors.get(wrapping) else {
                continue;
            };
            for (name, predicate) in PREDICATES {
                let holds = predicate(&error);
                assert_eq!(holds, expected.holds.contains(name), "{name}({error})");
            }
            let text = match error.cause() {
                Some(Cause::Code(code)) => expected.text.replace("{os-text}", code.message()),
                _ => expected.text.clone(),
            };
            assert_eq!(error.to_string(), text);
            compared += 1;
        }
    }
    eprintln!("{compared} errors agree");
    assert!(compared >= 60, "only {compared} errors were compared");
}
