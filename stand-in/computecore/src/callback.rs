//! A caller's callbacks.

use std::ffi::c_void;
use std::sync::Arc;

use stand_in_support::{Sink, wide};
use windows_sys::Win32::System::HostComputeSystem::{
    HCS_EVENT, HCS_EVENT_CALLBACK, HCS_EVENT_TYPE, HCS_OPERATION_COMPLETION,
};

/// What a function of the caller is called with besides what happened: a number
/// to us, whatever it is to the caller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context(usize);

impl Context {
    pub(crate) fn new(context: *const c_void) -> Self {
        Self(context as usize)
    }

    pub(crate) fn pointer(self) -> *mut c_void {
        self.0 as *mut c_void
    }
}

/// Something that happened, as an event callback is told.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) kind: HCS_EVENT_TYPE,
    pub(crate) data: Option<String>,
    /// The handle of the operation, if it is about one.
    pub(crate) operation: usize,
}

/// An event callback that is set.
#[derive(Debug, Clone)]
pub(crate) struct EventCallback {
    function: HCS_EVENT_CALLBACK,
    context: Context,
    pub(crate) sink: Arc<Sink>,
}

impl EventCallback {
    pub(crate) fn new(function: HCS_EVENT_CALLBACK, context: Context) -> Self {
        Self { function, context, sink: Sink::new() }
    }

    /// Has it called.
    pub(crate) fn post(&self, event: Event) {
        let (function, context) = (self.function, self.context);
        self.sink.post(move || call_event(function, context, &event));
    }
}

pub(crate) fn call_event(function: HCS_EVENT_CALLBACK, context: Context, event: &Event) {
    let Some(function) = function else { return };
    let data = event.data.as_deref().map(wide);
    let event = HCS_EVENT {
        Type: event.kind,
        EventData: data.as_ref().map_or(std::ptr::null(), |data| data.as_ptr()),
        Operation: event.operation as *mut c_void,
    };
    // SAFETY: whoever gave the function takes its context with it, and the event
    // stays until it returns.
    unsafe { function(&raw const event, context.pointer()) };
}

pub(crate) fn call_completion(
    function: HCS_OPERATION_COMPLETION,
    context: Context,
    operation: usize,
) {
    let Some(function) = function else { return };
    // SAFETY: whoever gave the function takes its context with it.
    unsafe { function(operation as *mut c_void, context.pointer()) };
}
