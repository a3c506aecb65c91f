//! What the context of a callback stands for.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What callbacks of one kind are about, by the number that the service is given
/// as their context.
///
/// A number and no pointer: a callback that comes after its registration is gone,
/// or while it goes, finds nothing and is ignored. No number is given twice.
///
/// ```ignore
/// static SYSTEMS: Registry<Hub> = Registry::new();
/// let registration = SYSTEMS.register(Arc::clone(&hub));
/// HcsSetComputeSystemCallback(system, 0, registration.context(), Some(callback));
/// // In the callback:
/// if let Some(hub) = SYSTEMS.find(context) { ... }
/// ```
#[derive(Debug)]
pub(crate) struct Registry<T: 'static>(Mutex<BTreeMap<usize, Arc<T>>>);

/// One entry of a [`Registry`], which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Registration<T: 'static> {
    registry: &'static Registry<T>,
    key: usize,
}

impl<T> Registry<T> {
    /// One without entries.
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Enters a value.
    pub(crate) fn register(&'static self, value: Arc<T>) -> Registration<T> {
        /// 0 is the context of nobody.
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let key = NEXT.fetch_add(1, Ordering::Relaxed);
        self.entries().insert(key, value);
        Registration { registry: self, key }
    }

    /// What a callback's context stands for; `None` where that is gone.
    pub(crate) fn find(&self, context: *const c_void) -> Option<Arc<T>> {
        self.entries().get(&context.addr()).cloned()
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<usize, Arc<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Registration<T> {
    /// What to give the service. It is no address: nothing may read through it.
    pub(crate) fn context(&self) -> *const c_void {
        std::ptr::without_provenance(self.key)
    }
}

impl<T> Drop for Registration<T> {
    fn drop(&mut self) {
        let entry = self.registry.entries().remove(&self.key);
        // Not under the lock: what it drops may register or end something.
        drop(entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static TEXTS: Registry<String> = Registry::new();

    #[test]
    fn a_callback_after_the_end_finds_nothing() {
        let text = Arc::new("text".to_owned());
        let registration = TEXTS.register(Arc::clone(&text));
        let other = TEXTS.register(Arc::new("other".to_owned()));
        let context = registration.context();
        assert_eq!(TEXTS.find(context).as_deref(), Some(&*text));
        drop(registration);
        assert_eq!(TEXTS.find(context), None);
        assert_eq!(TEXTS.find(std::ptr::null()), None);
        assert_eq!(TEXTS.find(other.context()).unwrap().as_str(), "other");
        assert_eq!(Arc::strong_count(&text), 1);
    }
}
