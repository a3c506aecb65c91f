//! What the calls give.

use std::ffi::c_void;

use hcs_schema::HResult;
use serde_json::json;
use stand_in_support::{Failure, Out, Text};
use windows_sys::core::GUID;

/// The call is not supported: `result` says so in the service's way.
pub(crate) fn unsupported(call: &str, result: &Out<*mut u16>) -> Result<(), HResult> {
    let failure = Failure::unsupported(call);
    let document = json!({
        "Success": false,
        "Error": failure.message(),
        "ErrorCode": failure.code.0,
    });
    result.set_text(Some(&document.to_string()))?;
    Err(failure.code)
}

/// A call with an answer. Its query may be null.
pub(crate) fn query(
    call: &str,
    answer: &Out<*mut u16>,
    result: &Out<*mut u16>,
) -> Result<(), HResult> {
    result.set(std::ptr::null_mut());
    answer.required()?;
    answer.set(std::ptr::null_mut());
    unsupported(call, result)
}

/// A call with settings.
pub(crate) fn settings(call: &str, settings: &Text, result: &Out<*mut u16>) -> Result<(), HResult> {
    result.set(std::ptr::null_mut());
    settings.required()?;
    unsupported(call, result)
}

/// Checks the pointer to an id.
pub(crate) fn by_id(id: *const GUID) -> Result<(), HResult> {
    if id.is_null() { Err(HResult::E_INVALIDARG) } else { Ok(()) }
}

/// Checks a handle: none was ever given.
pub(crate) fn handle_of(_handle: *const c_void) -> Result<(), HResult> {
    Err(HResult::E_HANDLE)
}
