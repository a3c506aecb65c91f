//! What a call made and the caller does not have yet.

use std::sync::Arc;

use crate::blocking::{blocking, detach};
use crate::failure::Outcome;

/// Something that was just made. It is ended unless it is kept: also where the
/// caller gave up before the service had answered.
pub(crate) struct Unkept<T: Send + Sync + 'static> {
    open: Arc<T>,
    end: Option<End<T>>,
}

/// The call that ends it.
pub(crate) type End<T> = fn(&T) -> Outcome<()>;

impl<T: Send + Sync> Unkept<T> {
    pub(crate) fn new(open: Arc<T>, end: End<T>) -> Self {
        Self { open, end: Some(end) }
    }

    /// For calls meanwhile.
    pub(crate) fn open(&self) -> Arc<T> {
        Arc::clone(&self.open)
    }

    /// It stays.
    pub(crate) fn keep(mut self) {
        self.end = None;
    }

    /// Ends it and waits until the service has been told.
    pub(crate) async fn undo(mut self) {
        let Some(end) = self.end.take() else { return };
        let open = self.open();
        let ended = blocking(move || end(&open)).await;
        note(ended);
    }
}

impl<T: Send + Sync> Drop for Unkept<T> {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            let open = self.open();
            detach(move || note(end(&open)));
        }
    }
}

/// An end that fails is no news to the caller, who has an error already; that it
/// begins is what was asked for.
fn note(ended: Outcome<()>) {
    match ended {
        Err(failure) if !failure.is_pending() => {
            tracing::debug!(?failure, "what was to be undone was not ended");
        }
        _ => {}
    }
}
