//! Waiting for an end that several callers may wait for.

use std::future::Future;
use std::time::Duration;

use compute::error::{Object, WireError};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

use crate::blocking::call;

/// One wait on the host, shared by all who wait, and its outcome for all who
/// come later. Nothing is asked of the host before the first of them, and
/// giving up after a time limit leaves it as it is.
pub(crate) struct Wait<T: Clone>(Shared<BoxFuture<'static, Result<T, Box<WireError>>>>);

impl<T: Clone + Send + Sync + 'static> Wait<T> {
    pub(crate) fn new(wait: impl Future<Output = compute::Result<T>> + Send + 'static) -> Self {
        // The form that can be sent is the one that can be copied.
        let wait = wait.map(|outcome| outcome.map_err(|error| Box::new(error.to_wire())));
        Self(wait.boxed().shared())
    }

    /// Waits for the end.
    pub(crate) fn end(&self) -> compute::Result<T> {
        call(async { self.0.clone().await.map_err(|wire| restored(*wire)) })
    }

    /// Waits for the end, at most this long; `None` is for a time limit that
    /// has passed.
    pub(crate) fn end_within(&self, limit: Duration) -> compute::Result<Option<T>> {
        call(async {
            match tokio::time::timeout(limit, self.0.clone()).await {
                Ok(outcome) => outcome.map(Some).map_err(|wire| restored(*wire)),
                Err(_) => Ok(None),
            }
        })
    }
}

fn restored(wire: WireError) -> compute::Error {
    let operation = wire.operation.clone();
    compute::Error::from_wire(wire)
        .unwrap_or_else(|invalid| compute::Error::about(operation, Object::Service, invalid))
}
