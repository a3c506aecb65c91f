//! An error as it goes from a worker process to its client.

use std::error::Error as StdError;
use std::{fmt, io};

use hcs_schema::ErrorEvent;
use serde::{Deserialize, Serialize};

use super::legacy::V2;
use super::{Cause, Error, Named, SystemCode, find};

/// An [`Error`] in a form that can be sent. What comes out at the other end has
/// the same texts and the same predicates hold for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WireError {
    /// The operation that failed.
    pub operation: String,
    /// The id of the compute system, where it was about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The process, where it was about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// The status code in the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u32>,
    /// The named condition in the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<Named>,
    /// The kind of the input or output error in the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub io: Option<WireIoKind>,
    /// The text of a cause that is neither a code nor a named condition itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What the host told while the call failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<ErrorEvent>,
    /// What the user can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The kinds of input and output errors that a predicate asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum WireIoKind {
    /// A time limit has passed.
    TimedOut,
    /// There is no such file.
    NotFound,
    /// The file exists.
    AlreadyExists,
    /// The caller may not.
    PermissionDenied,
}

/// Why a [`WireError`] is none: it has no cause or two, or a process without a system.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the error of {operation:?} that was received says {what}; the sender is another version")]
pub struct InvalidWireError {
    operation: String,
    what: &'static str,
}

impl Error {
    /// The error in a form that can be sent.
    pub fn to_wire(&self) -> WireError {
        let whole = self.cause().as_error();
        let (code, named, io, message) = match self.cause() {
            Cause::Code(code) => (Some(*code), None, None, None),
            Cause::Named(named) => (None, Some(*named), None, None),
            Cause::Other(_) => {
                let named = find(whole).or_else(|| find(whole).map(|V2(named)| named));
                (find(whole), named, WireIoKind::of(whole), Some(whole.to_string()))
            }
        };
        WireError {
            operation: self.operation().to_owned(),
            system: self.system_id().map(Into::into),
            pid: self.pid(),
            code: code.map(|code: SystemCode| code.0),
            named,
            io,
            message,
            events: self.events().to_vec(),
            hint: self.hint().map(Into::into),
        }
    }

    /// The error that was sent.
    ///
    /// # Errors
    /// The document names no cause or two, or a process of no system.
    pub fn from_wire(wire: WireError) -> Result<Self, InvalidWireError> {
        let invalid = |operation, what| Err(InvalidWireError { operation, what });
        let code = wire.code.map(SystemCode);
        let cause = match (wire.message, code, wire.named) {
            (Some(message), code, named) => {
                Cause::from(Remote { message, code, named, io: wire.io.map(Into::into) })
            }
            (None, Some(code), None) => Cause::Code(code),
            (None, None, Some(named)) => Cause::Named(named),
            (None, _, _) => return invalid(wire.operation, "not in one way why it failed"),
        };
        let error = match (wire.system, wire.pid) {
            (None, None) => Self::service(wire.operation, cause),
            (Some(id), None) => Self::system(wire.operation, id, cause),
            (Some(id), Some(pid)) => Self::process(wire.operation, id, pid, cause),
            (None, Some(_)) => return invalid(wire.operation, "the process but not the system"),
        };
        let error = error.with_events(wire.events);
        Ok(match wire.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        })
    }
}

impl WireIoKind {
    /// The kind that the predicates see in an error beyond its codes.
    fn of(error: &(dyn StdError + 'static)) -> Option<Self> {
        let mut kind = None;
        super::chain::any(error, &mut |node| {
            kind = match node.downcast_ref::<io::Error>().map(io::Error::kind) {
                Some(io::ErrorKind::TimedOut) => Some(Self::TimedOut),
                Some(io::ErrorKind::NotFound) => Some(Self::NotFound),
                Some(io::ErrorKind::AlreadyExists) => Some(Self::AlreadyExists),
                Some(io::ErrorKind::PermissionDenied) => Some(Self::PermissionDenied),
                _ => node.is::<tokio::time::error::Elapsed>().then_some(Self::TimedOut),
            };
            kind.is_some()
        });
        kind
    }
}

impl From<WireIoKind> for io::Error {
    fn from(kind: WireIoKind) -> Self {
        Self::from(match kind {
            WireIoKind::TimedOut => io::ErrorKind::TimedOut,
            WireIoKind::NotFound => io::ErrorKind::NotFound,
            WireIoKind::AlreadyExists => io::ErrorKind::AlreadyExists,
            WireIoKind::PermissionDenied => io::ErrorKind::PermissionDenied,
        })
    }
}

/// A cause that was received: its text, and what it was classified by.
#[derive(Debug)]
pub(super) struct Remote {
    message: String,
    code: Option<SystemCode>,
    named: Option<Named>,
    io: Option<io::Error>,
}

impl Remote {
    /// What the predicates look at.
    pub(super) fn parts(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        let code = self.code.as_ref().map(|code| code as &(dyn StdError + 'static));
        let named = self.named.as_ref().map(|named| named as &(dyn StdError + 'static));
        let io = self.io.as_ref().map(|io| io as &(dyn StdError + 'static));
        [code, named, io].into_iter().flatten()
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Remote {}

#[cfg(test)]
mod tests {
    use super::super::legacy::{Joined, RpcError};
    use super::super::{is_already_stopped, is_fs_not_exist, is_timeout};
    use super::*;

    fn through_the_wire(error: &Error) -> Error {
        let json = serde_json::to_string(&error.to_wire()).expect("a wire error");
        Error::from_wire(serde_json::from_str(&json).expect("what was written")).expect("an error")
    }

    #[test]
    fn a_plain_error_is_short_on_the_wire() {
        let error = Error::process("op", "c1", 7, Named::Timeout);
        let json = serde_json::to_string(&error.to_wire()).expect("a wire error");
        assert_eq!(json, r#"{"operation":"op","system":"c1","pid":7,"named":"Timeout"}"#);
    }

    #[test]
    fn everything_in_a_joined_error_stays_classified() {
        let stopped =
            RpcError { code: SystemCode::ERR_VMCOMPUTE_ALREADY_STOPPED, message: "no".into() };
        let missing = io::Error::from(io::ErrorKind::NotFound);
        let joined = Joined(vec![stopped.into(), Named::Timeout.into(), missing.into()]);
        let sent = Error::system("op", "c1", joined).with_hint("start it");
        let received = through_the_wire(&sent);
        assert_eq!(received, sent);
        assert_eq!(format!("{received:#}"), format!("{sent:#}"));
        assert!(
            is_already_stopped(&received) && is_timeout(&received) && is_fs_not_exist(&received)
        );
        assert_eq!(through_the_wire(&received), sent, "it can be passed on");
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_of_tokio_stays_a_timeout() {
        let limit = std::time::Duration::from_secs(1);
        let elapsed = tokio::time::timeout(limit, std::future::pending::<()>()).await;
        let sent = Error::service("op", elapsed.expect_err("a timeout"));
        assert!(is_timeout(&sent) && is_timeout(&through_the_wire(&sent)));
    }

    #[test]
    fn an_error_without_cause_or_with_half_an_object_is_refused() {
        for json in [
            r#"{"operation":"op"}"#,
            r#"{"operation":"op","code":5,"named":"Timeout"}"#,
            r#"{"operation":"op","pid":5,"code":5}"#,
        ] {
            let wire = serde_json::from_str(json).expect("a wire error");
            assert!(Error::from_wire(wire).is_err(), "{json}");
        }
    }
}
