//! What the service answers to a call.

use std::error::Error as StdError;
use std::ffi::c_void;

use compute::Error;
use compute::error::{Cause, Named, Object, SystemCode};
use hcs_schema::{ErrorEvent, HResult, ResultDocument};
use serde::de::DeserializeOwned;
use windows_sys::Win32::Foundation::LocalFree;

use crate::wide;

/// A call that failed: why, and what the service told.
#[derive(Debug)]
pub(super) struct Failure {
    cause: Cause,
    events: Vec<ErrorEvent>,
}

impl Failure {
    /// The service's answer is this failure, with this result document.
    pub(super) fn of(hresult: HResult, document: &LocalString) -> Self {
        let events = document.text().map(|text| events(&text)).unwrap_or_default();
        Self { cause: Cause::Code(SystemCode::from(hresult)), events }
    }

    /// The service's code.
    pub(super) fn code(&self) -> Option<SystemCode> {
        match self.cause {
            Cause::Code(code) => Some(code),
            _ => None,
        }
    }

    /// The error of a call.
    pub(super) fn about(
        self,
        operation: impl Into<std::borrow::Cow<'static, str>>,
        object: Object,
    ) -> Error {
        Error::about(operation, object, self.cause).with_events(self.events)
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { cause: error.into(), events: Vec::new() }
    }
}

/// Reads the document that a call gave.
///
/// # Errors
/// There is none, or it is another one.
pub(super) fn document<T: DeserializeOwned>(text: Option<&str>) -> Result<T, Failure> {
    match text {
        Some(text) if !text.is_empty() => Ok(serde_json::from_str(text)?),
        _ => Err(Named::UnexpectedValue.into()),
    }
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

/// A text of computecore.dll, which is its caller's: freed with `LocalFree` when
/// dropped, as Microsoft documents it (`HcsGetOperationResult`).
#[derive(Debug)]
pub(super) struct LocalString(*mut u16);

impl LocalString {
    /// One that a function has not filled in yet.
    pub(super) const fn empty() -> Self {
        Self(std::ptr::null_mut())
    }

    /// Where one function puts its text.
    pub(super) fn out(&mut self) -> *mut *mut u16 {
        &raw mut self.0
    }

    /// Its text; `None` where there is none.
    pub(super) fn text(&self) -> Option<String> {
        // SAFETY: it is null, or what a function of the DLL put there.
        unsafe { wide::read(self.0) }
    }
}

impl Drop for LocalString {
    fn drop(&mut self) {
        if !self.0.is_null() {
            let memory: *mut c_void = self.0.cast();
            // SAFETY: it is ours, made by the allocator that this belongs to.
            unsafe { LocalFree(memory) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_tells_its_events_or_its_message() {
        let texts = |result| -> Vec<String> {
            events(result).into_iter().map(|event| event.message).collect()
        };
        let both = r#"{"Error":-1,"ErrorMessage":"m","ErrorEvents":[{"Message":"a"},{"Message":"b"}]}"#;
        assert_eq!(texts(both), ["a", "b"]);
        assert_eq!(texts(r#"{"Error":-1,"ErrorMessage":"m"}"#), ["m"]);
        assert!(texts(r#"{"Error":-1}"#).is_empty());
        assert!(texts("").is_empty() && texts("no JSON").is_empty());
    }

    #[test]
    fn an_hresult_is_classified_once() {
        let failure = Failure::of(HResult::from_u32(0x8007_0490), &LocalString::empty());
        assert_eq!(failure.code(), Some(SystemCode::ERR_ELEMENT_NOT_FOUND));
        let failure = document::<Vec<String>>(None).unwrap_err();
        let error = failure.about("op", Object::Service);
        assert_eq!(error.to_string(), "op: unexpected value returned from hcs");
    }
}
