//! Answers as the service gives them.

use compute::Error;
use compute::error::{Cause, Named, SystemCode};
use hcs_schema::{ErrorEvent, HResult, ResultDocument};
use serde::Serialize;
use serde::de::DeserializeOwned;
use stand_in::protocol::Reply;

/// What a call answers.
pub(crate) type Answer = Result<Reply, Refusal>;

/// What became of a call that did not go well.
pub(crate) type Refusal = Box<Reply>;

/// A call that went well and gives nothing.
pub(crate) fn done() -> Reply {
    Reply::default()
}

/// A call that gives a document.
pub(crate) fn document(value: &impl Serialize) -> Result<Reply, Refusal> {
    match serde_json::to_value(value) {
        Ok(document) => Ok(Reply { document, ..Reply::default() }),
        Err(error) => Err(refused(HResult::E_FAIL, error.to_string())),
    }
}

/// A call that failed on the host.
pub(crate) fn failed(error: &Error) -> Refusal {
    let hresult = match (error.code(), error.cause()) {
        (Some(code), _) => code.to_hresult(),
        (None, Cause::Named(named)) => code_of(*named),
        (None, _) => HResult::E_FAIL,
    };
    let mut events = error.events().to_vec();
    events.extend(
        error
            .hint()
            .map(|hint| ErrorEvent { message: format!("hint: {hint}"), ..ErrorEvent::default() }),
    );
    let error = ResultDocument {
        error: hresult,
        error_message: error.cause().to_string(),
        error_events: events,
        ..ResultDocument::default()
    };
    Box::new(Reply { hresult: hresult.as_u32(), error: Some(error), ..Reply::default() })
}

/// A call that does not get as far as the host.
pub(crate) fn refused(hresult: HResult, message: String) -> Refusal {
    let error =
        ResultDocument { error: hresult, error_message: message, ..ResultDocument::default() };
    Box::new(Reply { hresult: hresult.as_u32(), error: Some(error), ..Reply::default() })
}

/// A handle that there is not, or not any more.
pub(crate) fn bad_handle() -> Refusal {
    refused(HResult::E_HANDLE, "the handle is closed".into())
}

/// A document, or its default where there is none.
pub(crate) fn parsed<T: DeserializeOwned + Default>(text: &str) -> Result<T, Refusal> {
    if text.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_str(text).map_err(|error| {
        refused(SystemCode::ERR_VMCOMPUTE_INVALID_JSON.to_hresult(), error.to_string())
    })
}

/// The service's code for a condition that the host has no code for.
fn code_of(named: Named) -> HResult {
    match named {
        Named::AlreadyClosed | Named::HandleClose => HResult::E_HANDLE,
        Named::Timeout => SystemCode::ERR_OPERATION_TIMEOUT.to_hresult(),
        Named::OperationDenied => SystemCode(5).to_hresult(),
        Named::PlatformNotSupported => SystemCode::ERR_NOT_SUPPORTED.to_hresult(),
        Named::InvalidProcessState | Named::ContainerNotExited => {
            SystemCode::ERR_INVALID_STATE.to_hresult()
        }
        Named::UnexpectedContainerExit => SystemCode::ERR_VMCOMPUTE_UNEXPECTED_EXIT.to_hresult(),
        _ => HResult::E_FAIL,
    }
}

/// The answer to a call that gives nothing.
pub(crate) fn finish(outcome: compute::Result<()>) -> Answer {
    outcome.map(|()| done()).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_keeps_its_code_events_and_hint() {
        let error = Error::system("op", "s", SystemCode::ERR_ELEMENT_NOT_FOUND)
            .with_events([ErrorEvent { message: "why".into(), ..ErrorEvent::default() }])
            .with_hint("try again");
        let reply = failed(&error);
        assert_eq!(reply.hresult, 0x8007_0490);
        let document = reply.error.expect("a document");
        let texts: Vec<_> = document.error_events.iter().map(|event| &event.message).collect();
        assert_eq!(texts, ["why", "hint: try again"]);
        assert_eq!(failed(&Error::service("op", Named::Timeout)).hresult, 0x8037_0118);
    }

    #[test]
    fn what_is_no_json_is_refused_as_the_service_does() {
        let refused = parsed::<serde_json::Value>("{").expect_err("no JSON");
        assert_eq!(refused.hresult, 0xc037_010d);
        assert_eq!(parsed::<serde_json::Value>("").expect("none"), serde_json::Value::Null);
    }
}
