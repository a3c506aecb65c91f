//! The shim's log: what `tracing` tells, as lines of text for containerd's own log.
//!
//! A line has the form that containerd's log has (logrus without colours). It goes to
//! a queue, and from there to containerd as fast as it reads: a containerd that is
//! slow or away holds up nobody.

mod line;
mod queue;

use std::str::FromStr;
use std::sync::Arc;

use tracing::{Event, Subscriber, span};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry};

use crate::telemetry::{Telemetry, is_for_people};

pub(crate) use line::warning;
pub(crate) use queue::Queue;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) struct Level(tracing::Level);

impl Level {
    pub(crate) const DEBUG: Self = Self(tracing::Level::DEBUG);
    pub(crate) const INFO: Self = Self(tracing::Level::INFO);
    pub(crate) const TRACE: Self = Self(tracing::Level::TRACE);
    pub(crate) const WARNING: Self = Self(tracing::Level::WARN);
    pub(crate) const ERROR: Self = Self(tracing::Level::ERROR);
}

impl FromStr for Level {
    type Err = anyhow::Error;

    /// As the reference reads its option `log_level`.
    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text.to_ascii_lowercase().as_str() {
            "trace" => Ok(Self::TRACE),
            "debug" => Ok(Self::DEBUG),
            "info" => Ok(Self::INFO),
            "warn" | "warning" => Ok(Self::WARNING),
            // Here nothing is worse than an error.
            "error" | "fatal" | "panic" => Ok(Self::ERROR),
            _ => anyhow::bail!(
                "failed to parse shim log level {text:?}: not a valid logrus Level: {text:?}"
            ),
        }
    }
}

/// Takes what `tracing` tells.
struct Log {
    queue: Option<Arc<Queue>>,
    #[cfg(windows)]
    events: Option<host_windows::event_log::EventLog>,
}

/// The fields of a span, as they are in a line.
struct SpanFields(String);

/// Begins to log to the queue, to a collector, and on Windows to whoever traces the
/// shim's events.
pub(crate) fn begin(level: Level, queue: Option<Arc<Queue>>, telemetry: Option<&Telemetry>) {
    let log = Log {
        queue,
        #[cfg(windows)]
        events: {
            use host_windows::event_log::{EventLog, Provider};
            // Nobody can be told that there is nobody to tell.
            EventLog::register(Provider::RUNHCS).ok()
        },
    };
    let all = Registry::default().with(log.down_to(level)).with(telemetry.map(Telemetry::layer));
    // A process begins once.
    let _ = tracing::subscriber::set_global_default(all);
}

impl Log {
    /// A log of this level that is for people.
    fn down_to<S>(self, level: Level) -> impl Layer<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        self.with_filter(filter_fn(move |told| *told.level() <= level.0 && is_for_people(told)))
    }
}

impl<S: Subscriber + for<'span> LookupSpan<'span>> Layer<S> for Log {
    fn on_new_span(&self, span: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let mut own = line::Fields::default();
        span.record(&mut own);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(SpanFields(own.others));
        }
    }

    /// Adds values that were not known when the span was opened.
    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        let mut more = line::Fields::default();
        values.record(&mut more);
        if let Some(span) = context.span(id)
            && let Some(SpanFields(fields)) = span.extensions_mut().get_mut()
        {
            fields.insert_str(0, &more.others);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        #[cfg(windows)]
        if let Some(events) = &self.events {
            // It can't take what comes too fast.
            let _ = events.record(event);
        }
        if let Some(queue) = &self.queue {
            // The innermost first.
            let spans = context.event_scope(event).into_iter().flatten();
            let fields = spans.filter_map(|span| {
                span.extensions().get().map(|SpanFields(fields)| fields.clone())
            });
            queue.push(&line::of(event, &fields.collect::<String>()));
        }
    }
}

#[cfg(test)]
mod tests;
