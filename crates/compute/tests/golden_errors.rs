//! Every error of the reference, in every wrapping: its text, its Win32 code and
//! exactly the predicates that hold for it.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as StdError;
use std::path::PathBuf;
use std::{fmt, io};

use compute::error::facade::{ContainerError, ProcessError};
use compute::error::legacy::{HcnError, HcnNotFound, HcsError, HnsNotFound, Joined, RpcError, V2};
use compute::error::predicates::{self, hcn, root, v1, v2};
use compute::error::{Cause, Named, SystemCode, is_any, win32_from_error};
use hcs_schema::ErrorEvent;
use serde::Deserialize;

type Boxed = Box<dyn StdError + Send + Sync>;
type Predicate = fn(&(dyn StdError + 'static)) -> bool;

#[derive(Deserialize)]
struct Row {
    code: Option<String>,
    named: Option<String>,
    errors: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
struct Expected {
    text: String,
    win32: String,
    #[serde(rename = "true")]
    holds: BTreeSet<String>,
}

/// A text before an error, as Go's `fmt.Errorf("text: %w")` gives.
#[derive(Debug)]
struct Wrapped(&'static str, Boxed);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0, self.1)
    }
}

impl StdError for Wrapped {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.1.as_ref())
    }
}

/// All predicates of the reference by the names of the golden data.
const PREDICATES: [(&str, Predicate); 33] = [
    ("hcs.IsNotExist", v1::is_not_exist),
    ("hcs.IsErrorInvalidHandle", v1::is_error_invalid_handle),
    ("hcs.IsAlreadyClosed", v1::is_already_closed),
    ("hcs.IsPending", v1::is_pending),
    ("hcs.IsTimeout", v1::is_timeout),
    ("hcs.IsAlreadyStopped", v1::is_already_stopped),
    ("hcs.IsNotSupported", v1::is_not_supported),
    ("hcs.IsOperationInvalidState", v1::is_operation_invalid_state),
    ("hcs.IsAccessIsDenied", v1::is_access_is_denied),
    ("hcsv2.IsNotExist", v2::is_not_exist),
    ("hcsv2.IsErrorInvalidHandle", v2::is_error_invalid_handle),
    ("hcsv2.IsAlreadyClosed", v2::is_already_closed),
    ("hcsv2.IsPending", v2::is_pending),
    ("hcsv2.IsTimeout", v2::is_timeout),
    ("hcsv2.IsAlreadyStopped", v2::is_already_stopped),
    ("hcsv2.IsNotSupported", v2::is_not_supported),
    ("hcsv2.IsOperationInvalidState", v2::is_operation_invalid_state),
    ("hcsv2.IsAccessIsDenied", v2::is_access_is_denied),
    ("hcsshim.IsNotExist", root::is_not_exist),
    ("hcsshim.IsAlreadyClosed", root::is_already_closed),
    ("hcsshim.IsPending", root::is_pending),
    ("hcsshim.IsTimeout", root::is_timeout),
    ("hcsshim.IsAlreadyStopped", root::is_already_stopped),
    ("hcsshim.IsNotSupported", root::is_not_supported),
    ("hcsshim.IsOperationInvalidState", root::is_operation_invalid_state),
    ("hcsshim.IsAccessIsDenied", root::is_access_is_denied),
    ("hcn.IsElementNotFoundError", hcn::is_element_not_found_error),
    ("hcn.IsPortAlreadyExistsError", hcn::is_port_already_exists_error),
    ("hcn.IsNotImplemented", hcn::is_not_implemented),
    ("hcn.IsNotFoundError", hcn::is_not_found_error),
    ("fs.ErrNotExist", predicates::is_fs_not_exist),
    ("fs.ErrExist", predicates::is_fs_exist),
    ("fs.ErrPermission", predicates::is_fs_permission),
];

/// The predicates that everything above uses, each with the two that it unites.
const UNITED: [(&str, Predicate); 9] = [
    ("IsNotExist", predicates::is_not_exist),
    ("IsErrorInvalidHandle", predicates::is_error_invalid_handle),
    ("IsAlreadyClosed", predicates::is_already_closed),
    ("IsPending", predicates::is_pending),
    ("IsTimeout", predicates::is_timeout),
    ("IsAlreadyStopped", predicates::is_already_stopped),
    ("IsNotSupported", predicates::is_not_supported),
    ("IsOperationInvalidState", predicates::is_operation_invalid_state),
    ("IsAccessIsDenied", predicates::is_access_is_denied),
];

fn rows() -> Vec<Row> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let folder = std::env::var_os("HCSSHIM_GOLDEN").map_or(own, PathBuf::from);
    let text = std::fs::read_to_string(folder.join("errors/errors.jsonl")).expect("golden data");
    text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect()
}

fn parse_code(text: &str) -> SystemCode {
    SystemCode(u32::from_str_radix(text.trim_start_matches("0x"), 16).expect("a hex number"))
}

/// The error of a row with a name.
fn named(name: &str) -> Boxed {
    let io = |kind, text: &str| io::Error::new(kind, text).into();
    if let Some(named) = name.strip_prefix("v2.").and_then(condition) {
        return V2(named).into();
    }
    if let Some(named) = condition(name) {
        return named.into();
    }
    match name {
        "plain" => "plain text".into(),
        "context.Canceled" => "context canceled".into(),
        "context.DeadlineExceeded" => io(io::ErrorKind::TimedOut, "context deadline exceeded"),
        "io.EOF" => io(io::ErrorKind::UnexpectedEof, "EOF"),
        "fs.ErrNotExist" => io(io::ErrorKind::NotFound, "file does not exist"),
        "fs.ErrExist" => io(io::ErrorKind::AlreadyExists, "file already exists"),
        "fs.ErrPermission" => io(io::ErrorKind::PermissionDenied, "permission denied"),
        "os.ErrDeadlineExceeded" => io(io::ErrorKind::TimedOut, "i/o timeout"),
        "net-timeout" => io(io::ErrorKind::TimedOut, "custom net error"),
        "net-temporary" => io(io::ErrorKind::Interrupted, "custom net error"),
        "hcn.NetworkNotFoundError-name" => HcnNotFound::NetworkName("n1".into()).into(),
        "hcn.NetworkNotFoundError-id" => HcnNotFound::NetworkId("id1".into()).into(),
        "hcn.EndpointNotFoundError-name" => HcnNotFound::EndpointName("e1".into()).into(),
        "hcn.EndpointNotFoundError-id" => HcnNotFound::EndpointId("id1".into()).into(),
        "hcn.NamespaceNotFoundError" => HcnNotFound::NamespaceId("ns1".into()).into(),
        "hcn.LoadBalancerNotFoundError" => HcnNotFound::LoadBalancerId("lb1".into()).into(),
        "hcn.RouteNotFoundError" => HcnNotFound::RouteId("r1".into()).into(),
        "hcsshim.EndpointNotFoundError" => HnsNotFound::Endpoint("e2".into()).into(),
        "hcsshim.NetworkNotFoundError" => HnsNotFound::Network("n2".into()).into(),
        other => panic!("no error is known for the golden row {other}"),
    }
}

/// The condition that the reference has as this error value.
fn condition(name: &str) -> Option<Named> {
    Some(match name {
        "ErrHandleClose" => Named::HandleClose,
        "ErrAlreadyClosed" => Named::AlreadyClosed,
        "ErrInvalidNotificationType" => Named::InvalidNotificationType,
        "ErrInvalidProcessState" => Named::InvalidProcessState,
        "ErrTimeout" => Named::Timeout,
        "ErrUnexpectedContainerExit" => Named::UnexpectedContainerExit,
        "ErrUnexpectedProcessAbort" => Named::UnexpectedProcessAbort,
        "ErrUnexpectedValue" => Named::UnexpectedValue,
        "ErrOperationDenied" => Named::OperationDenied,
        "ErrPlatformNotSupported" => Named::PlatformNotSupported,
        "ErrorEmptyMacAddressList" => Named::EmptyMacAddressList,
        _ => return None,
    })
}

fn base(row: &Row) -> Boxed {
    match (&row.code, &row.named) {
        (Some(code), _) => parse_code(code).into(),
        (None, Some(name)) => named(name),
        (None, None) => panic!("a golden row has neither code nor name"),
    }
}

/// An error of ours as a cause: a code and a named condition keep their variant.
fn cause(error: Boxed) -> Cause {
    match error.downcast::<SystemCode>() {
        Ok(code) => Cause::Code(*code),
        Err(other) => match other.downcast::<Named>() {
            Ok(named) => Cause::Named(*named),
            Err(other) => Cause::Other(other),
        },
    }
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
    vec![full, ErrorEvent { message: "only".into(), ..Default::default() }]
}

fn wrap(wrapping: &str, base: Boxed) -> Boxed {
    use compute::Error;
    let code = base.downcast_ref::<SystemCode>().copied();
    match wrapping {
        "bare" => base,
        "wrapped" => Wrapped("outer", base).into(),
        "hcs.HcsError" => Error::service("op", cause(base)).into(),
        "hcs.SystemError" => {
            Error::system("hcs::System::Start", "sys1", cause(base)).with_events(events()).into()
        }
        "hcs.ProcessError" => Error::process("hcs::Process::Kill", "sys1", 42, cause(base)).into(),
        "hcsv2.SystemError" => {
            Error::system("op2", "sys1", cause(base)).with_events(events()).into()
        }
        "hcsv2.ProcessError" => Error::process("op2", "sys1", 42, cause(base)).into(),
        "hcserror" => HcsError::new(cause(base), "title", "").into(),
        "hcserror-rest" => HcsError::new(cause(base), "hcsshim::F ", "rest=1").into(),
        "hcn" => {
            let result = r#"{"Success":false,"Error":"x","ErrorCode":1}"#;
            HcnError::new(cause(base), "hcnOpenNetwork", result).into()
        }
        "hcsshim.ContainerError" => ContainerError {
            container: Some("sys1".into()),
            operation: "Start".into(),
            extra_info: String::new(),
            err: cause(base),
            events: events(),
        }
        .into(),
        "hcsshim.ProcessError" => ProcessError {
            process: Some(("sys1".into(), 42)),
            operation: "Kill".into(),
            extra_info: String::new(),
            err: cause(base),
            events: Vec::new(),
        }
        .into(),
        "deep" => {
            let inner: Boxed = Wrapped("b", base).into();
            Wrapped("a", Error::system("o", "s", cause(inner)).into()).into()
        }
        "joined" => Joined(vec!["first".into(), base]).into(),
        "gcs.rpc" => RpcError {
            code: code.expect("an answer of the guest has a code"),
            message: "guest said no".into(),
        }
        .into(),
        "gcs.rpc-nomessage" => RpcError {
            code: code.expect("an answer of the guest has a code"),
            message: String::new(),
        }
        .into(),
        other => panic!("the golden wrapping {other} is not known"),
    }
}

/// The expected text with our message in the place of the system's. Where the
/// reference writes the number itself, the message goes without ours.
fn expected_text(wrapping: &str, text: &str, code: Option<SystemCode>) -> String {
    let Some(code) = code else {
        return text.to_owned();
    };
    let numbered = matches!(
        wrapping,
        "hcserror" | "hcserror-rest" | "hcn" | "hcsshim.ContainerError" | "hcsshim.ProcessError"
    );
    let message = if numbered { code.message().to_owned() } else { code.to_string() };
    text.replace("{os-text}", &message).replace("{os-text-of-sign-extended}", &message)
}

fn holding(predicates: &[(&str, Predicate)], error: &(dyn StdError + 'static)) -> BTreeSet<String> {
    let holds = predicates.iter().filter(|(_, holds)| holds(error));
    holds.map(|(name, _)| (*name).to_owned()).collect()
}

#[test]
fn golden_errors_have_the_reference_text_code_and_class() {
    let rows = rows();
    let mut compared = 0;
    for row in &rows {
        let code = row.code.as_deref().map(parse_code);
        for (wrapping, expected) in &row.errors {
            let name = row.code.as_ref().or(row.named.as_ref());
            let what = format!("{} {wrapping}", name.expect("a code or a name"));
            let error = wrap(wrapping, base(row));
            let error = error.as_ref() as &(dyn StdError + 'static);
            assert_eq!(error.to_string(), expected_text(wrapping, &expected.text, code), "{what}");
            assert_eq!(format!("{:#x}", win32_from_error(error).0), expected.win32, "{what}");
            assert_eq!(holding(&PREDICATES, error), expected.holds, "{what}");
            for (name, united) in UNITED {
                let either = ["hcs", "hcsv2"]
                    .iter()
                    .any(|family| expected.holds.contains(&format!("{family}.{name}")));
                assert_eq!(united(error), either, "{what} {name}");
            }
            compared += 1;
        }
    }
    assert!(rows.len() >= 121 && compared >= 98 * 16 + 23 * 14, "{compared} comparisons");
}

#[test]
fn golden_errors_survive_the_wire() {
    for row in rows() {
        for wrapping in row.errors.keys() {
            let Ok(sent) = wrap(wrapping, base(&row)).downcast::<compute::Error>() else {
                continue;
            };
            let json = serde_json::to_string(&sent.to_wire()).expect("a wire error");
            let wire = serde_json::from_str(&json).expect("what was written");
            let received = compute::Error::from_wire(wire).expect("a valid wire error");
            assert_eq!(received, *sent);
            assert_eq!(received.to_string(), sent.to_string());
            assert_eq!(received.code(), sent.code());
            assert_eq!(holding(&UNITED, &received), holding(&UNITED, sent.as_ref()));
            let fs = &PREDICATES[30..];
            assert_eq!(holding(fs, &received), holding(fs, sent.as_ref()));
        }
    }
}

#[test]
fn golden_errors_are_found_by_their_own_value() {
    for row in rows() {
        let Some(code) = row.code.as_deref().map(parse_code) else {
            continue;
        };
        for wrapping in ["bare", "wrapped", "hcs.SystemError", "deep", "joined", "gcs.rpc"] {
            let error = wrap(wrapping, base(&row));
            assert!(is_any(error.as_ref(), &[SystemCode(1), code]), "{code} {wrapping}");
            assert!(!is_any(error.as_ref(), &[SystemCode(1)]), "{code} {wrapping}");
        }
    }
}
