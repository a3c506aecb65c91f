//! Spans, as far as a log needs them: an event is told with the fields of those that
//! it happens in (task, exec).

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::span;

use super::line::Fields;

thread_local! {
    /// The spans that this thread is in, the innermost last.
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// The spans that there are.
#[derive(Debug, Default)]
pub(super) struct Spans(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    last: u64,
    spans: HashMap<u64, Span>,
}

#[derive(Debug)]
struct Span {
    /// Its own, and those of the spans around it.
    fields: String,
    holders: usize,
}

impl Spans {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn open(&self, span: &span::Attributes<'_>) -> span::Id {
        let around = match span.parent() {
            Some(parent) => Some(parent.into_u64()),
            None if span.is_contextual() => innermost(),
            None => None,
        };
        let mut own = Fields::default();
        span.record(&mut own);
        let mut known = self.known();
        let outer = around.and_then(|around| known.spans.get(&around));
        let fields = own.others + outer.map_or("", |outer| &outer.fields);
        known.last += 1;
        let id = known.last;
        known.spans.insert(id, Span { fields, holders: 1 });
        span::Id::from_u64(id)
    }

    /// Adds values that were not known when the span was opened.
    pub(super) fn record(&self, span: &span::Id, values: &span::Record<'_>) {
        let mut more = Fields::default();
        values.record(&mut more);
        if let Some(span) = self.known().spans.get_mut(&span.into_u64()) {
            span.fields.insert_str(0, &more.others);
        }
    }

    pub(super) fn share(&self, span: &span::Id) {
        if let Some(span) = self.known().spans.get_mut(&span.into_u64()) {
            span.holders += 1;
        }
    }

    /// Gives one hold of a span up; whether it was the last one.
    pub(super) fn close(&self, span: &span::Id) -> bool {
        let mut known = self.known();
        let Some(held) = known.spans.get_mut(&span.into_u64()) else { return false };
        held.holders -= 1;
        let is_last = held.holders == 0;
        if is_last {
            known.spans.remove(&span.into_u64());
        }
        is_last
    }

    pub(super) fn enter(&self, span: &span::Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(span.into_u64()));
    }

    pub(super) fn exit(&self, span: &span::Id) {
        ENTERED.with_borrow_mut(|entered| {
            if let Some(at) = entered.iter().rposition(|entered| *entered == span.into_u64()) {
                entered.remove(at);
            }
        });
    }

    /// The fields of the spans that this thread is in.
    pub(super) fn fields(&self) -> String {
        let span = innermost();
        let known = self.known();
        span.and_then(|id| known.spans.get(&id))
            .map_or_else(String::new, |span| span.fields.clone())
    }
}

fn innermost() -> Option<u64> {
    ENTERED.with_borrow(|entered| entered.last().copied())
}
