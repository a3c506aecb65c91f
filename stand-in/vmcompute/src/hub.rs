//! Notifications, and the callbacks that are told of them.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::c_void;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hcs_schema::HResult;
use stand_in_support::{Sink, wide};
use windows_sys::Win32::System::HostComputeSystem::{HCS_NOTIFICATION_CALLBACK, HCS_NOTIFICATIONS};

/// What a callback is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notification {
    pub(crate) kind: HCS_NOTIFICATIONS,
    pub(crate) status: HResult,
    pub(crate) data: Option<String>,
}

/// A function of the caller, and what it is called with besides: a number to us,
/// whatever it is to the caller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Function {
    function: HCS_NOTIFICATION_CALLBACK,
    context: usize,
}

impl Function {
    pub(crate) fn new(function: HCS_NOTIFICATION_CALLBACK, context: *const c_void) -> Self {
        Self { function, context: context as usize }
    }

    fn call(self, notification: &Notification) {
        let Some(function) = self.function else { return };
        let data = notification.data.as_deref().map(wide);
        let data = data.as_ref().map_or(std::ptr::null(), |data| data.as_ptr());
        let kind = notification.kind.cast_unsigned();
        // SAFETY: whoever gave the function takes its context with it, and the data
        // stays until it returns.
        unsafe { function(kind, self.context as *const c_void, notification.status.0, data) };
    }
}

/// The callbacks of a compute system or a process.
#[derive(Debug, Default)]
pub(crate) struct Hub(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    callbacks: BTreeMap<usize, (Function, Arc<Sink>)>,
    /// What the next callback is told that is registered: nobody was there.
    kept: VecDeque<Notification>,
    /// What every callback is told: an exit, a loss of the service.
    last: Vec<Notification>,
    is_closed: bool,
}

impl Hub {
    /// Registers a callback under a number, and tells it what was before.
    pub(crate) fn register(&self, number: usize, function: Function) {
        let sink = Sink::new();
        let mut state = self.state();
        if state.is_closed {
            return;
        }
        let kept = std::mem::take(&mut state.kept);
        for notification in kept.into_iter().chain(state.last.clone()) {
            sink.post(move || function.call(&notification));
        }
        state.callbacks.insert(number, (function, sink));
    }

    /// When this returns the callback is not running and not called any more, but
    /// where it calls this itself.
    pub(crate) fn unregister(&self, number: usize) {
        let removed = self.state().callbacks.remove(&number);
        if let Some((_, sink)) = removed {
            sink.close();
        }
    }

    /// Unregisters all, and keeps nothing any more.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        let closed = std::mem::take(&mut *state);
        state.is_closed = true;
        drop(state);
        for (_, sink) in closed.callbacks.into_values() {
            sink.close();
        }
    }

    /// Tells the callbacks, or the first that is registered.
    pub(crate) fn notify(&self, notification: Notification) {
        let mut state = self.state();
        if state.callbacks.is_empty() && !state.is_closed {
            state.kept.push_back(notification);
        } else {
            state.tell(&notification);
        }
    }

    /// Tells every callback, now or when it is registered.
    pub(crate) fn notify_all(&self, notification: Notification) {
        let mut state = self.state();
        state.tell(&notification);
        state.last.push(notification);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tell(&self, notification: &Notification) {
        for (function, sink) in self.callbacks.values() {
            let (function, notification) = (*function, notification.clone());
            sink.post(move || function.call(&notification));
        }
    }
}
