//! Blocking calls over the async traits.

use std::future::Future;
use std::io;
use std::panic::resume_unwind;
use std::sync::LazyLock;
use std::thread;

use tokio::runtime::{Builder, Handle, Runtime};

/// What drives the handles of this crate; a handle lives no longer than the
/// runtime it was made in, so there is one for the whole program.
static RUNTIME: LazyLock<io::Result<Runtime>> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(2).thread_name("hcsshim").enable_all().build()
});

/// Runs a future to its end on this thread.
///
/// # Errors
/// The threads that it needs could not be started.
pub(crate) fn block_on<F>(future: F) -> io::Result<F::Output>
where
    F: Future + Send,
    F::Output: Send,
{
    let runtime =
        RUNTIME.as_ref().map_err(|error| io::Error::new(error.kind(), error.to_string()))?;
    if Handle::try_current().is_err() {
        return Ok(runtime.block_on(future));
    }
    // The thread runs async code: a runtime refuses, by a panic, to be waited
    // for there. On another thread it does not, and the future may go on
    // borrowing, since this one waits for that one.
    thread::scope(|scope| {
        let other = thread::Builder::new()
            .name("hcsshim-call".into())
            .spawn_scoped(scope, || runtime.block_on(future))?;
        Ok(other.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

/// Makes a call of a host.
pub(crate) fn call<T: Send>(
    future: impl Future<Output = compute::Result<T>> + Send,
) -> compute::Result<T> {
    block_on(future).unwrap_or_else(|error| {
        Err(compute::Error::service("hcsshim::Runtime", error)
            .with_hint("the process may have no more threads or files: raise its limits"))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn a_while() -> u8 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        7
    }

    #[test]
    fn a_thread_without_a_runtime_waits_itself() {
        let here = thread::current().id();
        let (there, value) = block_on(async { (thread::current().id(), a_while().await) }).unwrap();
        assert_eq!((there, value), (here, 7));
    }

    #[test]
    fn async_code_can_call_too() {
        for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
            let caller = builder.enable_all().build().unwrap();
            // It borrows, as the calls of the handles do.
            let text = String::from("borrowed");
            let value = caller.block_on(async { block_on(async { (a_while().await, &text) }) });
            assert_eq!(value.unwrap(), (7, &text));
        }
    }

    #[test]
    fn a_panic_goes_to_the_caller() {
        let caller = Builder::new_current_thread().build().unwrap();
        let panic = std::panic::catch_unwind(|| {
            caller.block_on(async { block_on(async { panic!("on purpose") }) })
        });
        assert!(panic.is_err());
    }
}
