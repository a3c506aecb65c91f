//! What a call gives: a code, and the result document of a failure.

use hcs_schema::HResult;
use stand_in::Client;
use stand_in::protocol::{Reply, Request};
use stand_in_support::{Failure, Out, checked};

/// Runs a call; where it fails `result` gets its result document.
pub(crate) fn answer(
    result: &Out<*mut u16>,
    call: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), HResult> {
    result.set(std::ptr::null_mut());
    call().or_else(|failure| {
        // That a call goes on is no failure of it.
        if failure.code != HResult::ERROR_VMCOMPUTE_OPERATION_PENDING {
            result.set_text(Some(&failure.document()))?;
        }
        Err(failure.code)
    })
}

/// Makes a call and waits for what becomes of it.
pub(crate) fn call(client: &Client, request: Request) -> Result<Reply, Failure> {
    checked(client.call(request))
}

/// The call goes on; a notification tells of its end.
pub(crate) fn pending() -> Result<(), Failure> {
    Err(HResult::ERROR_VMCOMPUTE_OPERATION_PENDING.into())
}
