//! Calls that block, away from the threads that run futures.

use std::panic::resume_unwind;

use tokio::task::JoinError;

/// Makes a call that blocks on a thread for such calls. A caller that gives up
/// leaves the call running.
///
/// # Errors
/// Those of the call; and the runtime that the caller belongs to ends.
pub(crate) async fn blocking<T, E>(
    call: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<JoinError> + Send + 'static,
{
    let joined = tokio::task::spawn_blocking(call).await;
    joined.unwrap_or_else(|error| match error.try_into_panic() {
        Ok(panic) => resume_unwind(panic),
        Err(error) => Err(error.into()),
    })
}

/// Does what may block where nobody waits for it: on a thread for such calls
/// where there is a runtime, else here.
pub(crate) fn detach(work: impl FnOnce() + Send + 'static) {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn_blocking(work)),
        Err(_) => work(),
    }
}
