//! Handles.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The objects behind the handles of one kind.
///
/// A handle is a number and no address, and none is given twice in the life of
/// the process: one that is closed, or is of another kind, or was never given, is
/// told from those that are open.
#[derive(Debug)]
pub struct Table<T>(Mutex<BTreeMap<usize, Arc<T>>>);

/// The next handle, of whatever kind. It looks like an address, as some callers
/// expect of a handle: aligned, and far from null and from `INVALID_HANDLE_VALUE`.
static NEXT: AtomicUsize = AtomicUsize::new(0x10000);
const STEP: usize = 16;

impl<T> Table<T> {
    /// One without handles.
    pub const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Gives a handle to a new object, which is told it.
    pub fn insert(&self, make: impl FnOnce(usize) -> T) -> Arc<T> {
        let handle = NEXT.fetch_add(STEP, Ordering::Relaxed);
        let object = Arc::new(make(handle));
        self.table().insert(handle, object.clone());
        object
    }

    /// The object of an open handle.
    pub fn get(&self, handle: usize) -> Option<Arc<T>> {
        self.table().get(&handle).cloned()
    }

    /// Closes a handle, and gives the object that it was of.
    pub fn remove(&self, handle: usize) -> Option<Arc<T>> {
        self.table().remove(&handle)
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<usize, Arc<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_handle_is_known_to_nobody_and_not_given_again() {
        let (one, other) = (Table::new(), Table::new());
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let handle = *one.insert(|handle| handle);
            assert!(seen.insert(handle), "{handle:#x} was given before");
            assert_eq!(one.get(handle).as_deref(), Some(&handle));
            assert_eq!(other.get(handle), None::<Arc<usize>>, "it is of another kind");
            assert!(one.remove(handle).is_some());
            assert_eq!(one.get(handle), None);
            assert!(one.remove(handle).is_none());
        }
    }
}
