//! Whose turn it is to read a process's output.
//!
//! Each handle to a process can ask for streams, and what the process writes goes
//! to one of them: the newest that is connected. Without an order two relays would
//! take it from each other, one of them for a client that never reads.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;

/// An output of a process: its id, and whether it is stderr.
type Output = (u32, bool);

/// The numbers of an output's readers.
type Readers = watch::Sender<Vec<u64>>;

/// The outputs that have readers.
#[derive(Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<HashMap<Output, Weak<Readers>>>>);

impl Turns {
    /// A new reader, whose turn it is.
    pub(crate) fn join(&self, output: Output) -> Turn {
        let mut outputs = self.outputs();
        outputs.retain(|_, readers| readers.strong_count() > 0);
        let readers = outputs.get(&output).and_then(Weak::upgrade).unwrap_or_default();
        outputs.insert(output, Arc::downgrade(&readers));
        drop(outputs);
        let mut number = 0;
        readers.send_modify(|numbers| {
            number = numbers.last().map_or(0, |last| last + 1);
            numbers.push(number);
        });
        Turn { readers, number }
    }

    fn outputs(&self) -> MutexGuard<'_, HashMap<Output, Weak<Readers>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader of an output; one before it has its turn again when this is dropped.
pub(crate) struct Turn {
    readers: Arc<Readers>,
    number: u64,
}

impl Turn {
    /// Waits until it is this reader's turn.
    pub(crate) async fn come(&self) {
        self.wait(|is_last| is_last).await;
    }

    /// Waits until it is another's turn.
    pub(crate) async fn end(&self) {
        self.wait(|is_last| !is_last).await;
    }

    async fn wait(&self, wanted: impl Fn(bool) -> bool) {
        let mut readers = self.readers.subscribe();
        let turned = readers.wait_for(|numbers| wanted(numbers.last() == Some(&self.number)));
        // The sender is `self`'s: it is there.
        let _ = turned.await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.readers.send_modify(|numbers| numbers.retain(|number| *number != self.number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_newest_reads_until_it_goes() {
        let turns = Turns::default();
        let first = turns.join((7, false));
        first.come().await;
        let second = turns.join((7, false));
        let other = turns.join((7, true));
        tokio::join!(first.end(), second.come(), other.come());
        drop(second);
        first.come().await;
        drop((first, other));
        drop(turns.join((8, false)));
        assert_eq!(turns.outputs().len(), 1);
    }
}
