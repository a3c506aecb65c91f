//! When a shim rests.

use std::time::Duration;

use tokio::sync::watch;

/// The calls that have come, and who waits until no more do.
#[derive(Debug)]
pub(crate) struct Calls(watch::Sender<()>);

impl Calls {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    /// One has come.
    pub(crate) fn came(&self) {
        self.0.send_replace(());
    }

    /// Waits until one has come, and then none for so long.
    pub(crate) async fn rested(&self, pause: Duration) {
        let mut seen = self.0.subscribe();
        // The sender is ours.
        let _ = seen.changed().await;
        while tokio::time::timeout(pause, seen.changed()).await.is_ok() {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_rests_after_the_last_call() {
        const PAUSE: Duration = Duration::from_secs(1);
        let calls = Arc::new(Calls::new());
        // Without a call there is nothing to rest from.
        let idle = tokio::time::timeout(PAUSE * 60, calls.rested(PAUSE));
        assert!(idle.await.is_err());

        let start = tokio::time::Instant::now();
        let own = Arc::clone(&calls);
        let resting = tokio::spawn(async move { own.rested(PAUSE).await });
        for _ in 0..5 {
            tokio::time::sleep(PAUSE / 2).await;
            calls.came();
        }
        resting.await.expect("no panic");
        assert_eq!(start.elapsed(), PAUSE / 2 * 5 + PAUSE);
    }
}
