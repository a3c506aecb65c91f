//! Work for several threads, which ends at the first failure.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Whether something has failed. Who works looks at it now and then.
#[derive(Debug, Clone, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Does `count` pieces of work, at most `jobs` at a time. Gives what came of each, in order,
/// or the first failure.
pub(super) fn run<T: Send>(
    count: usize,
    jobs: usize,
    stop: &Stop,
    work: impl Fn(usize) -> anyhow::Result<T> + Sync,
) -> anyhow::Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let outcome = Mutex::new(Ok(Vec::with_capacity(count)));
    let worker = || {
        while !stop.is_set() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return;
            }
            let done = work(index);
            let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
            match (done, &mut *outcome) {
                (Ok(done), Ok(all)) => all.push((index, done)),
                (Err(error), Ok(_)) => {
                    stop.0.store(true, Ordering::Relaxed);
                    *outcome = Err(error);
                }
                // What follows the first failure may be its consequence.
                (_, Err(_)) => {}
            }
        }
    };
    thread::scope(|scope| {
        // One of them is this thread.
        for _ in 1..jobs.min(count) {
            let spawned = thread::Builder::new().name("layer".into()).spawn_scoped(scope, worker);
            // With fewer threads it takes longer.
            if spawned.is_err() {
                break;
            }
        }
        worker();
    });
    let mut all = outcome.into_inner().unwrap_or_else(PoisonError::into_inner)?;
    all.sort_by_key(|(index, _)| *index);
    Ok(all.into_iter().map(|(_, done)| done).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_order() {
        let doubled = run(100, 8, &Stop::default(), |index| Ok(index * 2)).expect("work");
        assert_eq!(doubled, (0..100).map(|index| index * 2).collect::<Vec<_>>());
        assert!(run(0, 8, &Stop::default(), |_| Ok(())).expect("nothing").is_empty());
    }

    #[test]
    fn nothing_is_begun_after_a_failure() {
        let begun = AtomicUsize::new(0);
        let error = run(100, 1, &Stop::default(), |index| {
            begun.fetch_add(1, Ordering::Relaxed);
            anyhow::ensure!(index != 3, "third");
            Ok(())
        });
        assert_eq!(error.expect_err("failure").to_string(), "third");
        assert_eq!(begun.into_inner(), 4);
    }
}
