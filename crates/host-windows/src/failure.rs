//! What the service answers to a call.

use std::borrow::Cow;
use std::error::Error as StdError;

use compute::Error;
use compute::error::{Cause, Named, Object, SystemCode};
use hcs_schema::{ErrorEvent, HResult, ResultDocument};
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use windows_sys::core::HRESULT;

use crate::dll::DllError;

/// What became of a call, before it is known what it was about.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// A call that failed: why, and what the service told.
#[derive(Debug)]
pub(crate) struct Failure {
    cause: Cause,
    events: Vec<ErrorEvent>,
}

impl Failure {
    /// Whether the call has begun and its end is told by a notification.
    pub(crate) fn is_pending(&self) -> bool {
        self.code() == Some(SystemCode::ERR_VMCOMPUTE_OPERATION_PENDING)
    }

    /// The service's code, where it gave one.
    pub(crate) fn code(&self) -> Option<SystemCode> {
        match self.cause {
            Cause::Code(code) => Some(code),
            _ => None,
        }
    }

    /// Why the call failed, for the predicates.
    pub(crate) fn as_error(&self) -> &(dyn StdError + 'static) {
        self.cause.as_error()
    }

    /// The error of a call.
    pub(crate) fn about(self, operation: impl Into<Cow<'static, str>>, object: Object) -> Error {
        Error::about(operation, object, self.cause).with_events(self.events)
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { cause: error.into(), events: Vec::new() }
    }
}

/// The outcome of a call that gave this HRESULT and this result document.
pub(crate) fn check(called: Result<HRESULT, DllError>, result: Option<String>) -> Outcome<()> {
    outcome(HResult(called?), result.as_deref())
}

/// The outcome of what ended with this status and this result document.
pub(crate) fn outcome(status: HResult, result: Option<&str>) -> Outcome<()> {
    if !status.is_failure() {
        return Ok(());
    }
    let cause = Cause::Code(SystemCode::from(status));
    Err(Failure { cause, events: result.map(events).unwrap_or_default() })
}

/// The document that a call gave.
///
/// # Errors
/// There is none, or it is another one.
pub(crate) fn document<T: DeserializeOwned>(text: Option<String>) -> Outcome<T> {
    match text {
        Some(text) if !text.is_empty() => Ok(serde_json::from_str(&text)?),
        _ => Err(Named::UnexpectedValue.into()),
    }
}

/// Gives a call up at the deadline.
pub(crate) async fn within<T>(
    deadline: Instant,
    call: impl Future<Output = Outcome<T>>,
) -> Outcome<T> {
    let in_time = tokio::time::timeout_at(deadline, call).await;
    in_time.unwrap_or_else(|_| Err(Named::Timeout.into()))
}

/// What a result document tells: its events, or its message where it has none.
fn events(result: &str) -> Vec<ErrorEvent> {
    if result.is_empty() {
        return Vec::new();
    }
    let document: ResultDocument = match serde_json::from_str(result) {
        Ok(document) => document,
        Err(error) => {
            tracing::warn!(%error, result, "the service gave a result that cannot be read");
            return Vec::new();
        }
    };
    if document.error_events.is_empty() && !document.error_message.is_empty() {
        return vec![ErrorEvent { message: document.error_message, ..ErrorEvent::default() }];
    }
    document.error_events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_tells_its_events_or_its_message() {
        let texts = |result| -> Vec<String> {
            events(result).into_iter().map(|event| event.message).collect()
        };
        let both =
            r#"{"Error":-1,"ErrorMessage":"m","ErrorEvents":[{"Message":"a"},{"Message":"b"}]}"#;
        assert_eq!(texts(both), ["a", "b"]);
        assert_eq!(texts(r#"{"Error":-1,"ErrorMessage":"m"}"#), ["m"]);
        assert!(texts(r#"{"Error":-1}"#).is_empty());
        assert!(texts("").is_empty() && texts("no JSON").is_empty());
    }

    #[test]
    fn an_hresult_is_classified_once() {
        assert!(check(Ok(0), None).is_ok() && check(Ok(1), None).is_ok());
        let failure = |code: u32| check(Ok(HResult::from_u32(code).0), None).unwrap_err();
        assert!(failure(0xc037_0103).is_pending());
        assert_eq!(failure(0x8007_0490).code(), Some(SystemCode::ERR_ELEMENT_NOT_FOUND));
        assert_eq!(failure(0x8037_010f).code(), Some(SystemCode(0x8037_010f)));
    }

    #[test]
    fn no_document_is_an_unexpected_value() {
        let failure = document::<Vec<String>>(None).unwrap_err();
        let error = failure.about("op", Object::Service);
        assert_eq!(error.to_string(), "op: unexpected value returned from hcs");
    }
}
