//! The shim's log: what `tracing` tells, as lines of text for containerd's own log.
//!
//! A line has the form that containerd's log has (logrus without colours). It goes to
//! a queue, and from there to containerd as fast as it reads: a containerd that is
//! slow or away holds up nobody.

mod line;
mod queue;
mod spans;

use std::str::FromStr;
use std::sync::Arc;

use tracing::{Event, Metadata, span};

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
    level: Level,
    queue: Option<Arc<Queue>>,
    spans: spans::Spans,
    #[cfg(windows)]
    events: Option<host_windows::event_log::EventLog>,
}

/// Begins to log to the queue, and on Windows to whoever traces the shim's events.
pub(crate) fn begin(level: Level, queue: Option<Arc<Queue>>) {
    let log = Log {
        level,
        queue,
        spans: spans::Spans::default(),
        #[cfg(windows)]
        events: {
            use host_windows::event_log::{EventLog, Provider};
            // Nobody can be told that there is nobody to tell.
            EventLog::register(Provider::RUNHCS).ok()
        },
    };
    // A process begins once.
    let _ = tracing::subscriber::set_global_default(log);
}

impl tracing::Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level.0
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(self.level.0.into())
    }

    fn event(&self, event: &Event<'_>) {
        #[cfg(windows)]
        if let Some(events) = &self.events {
            // It can't take what comes too fast.
            let _ = events.record(event);
        }
        if let Some(queue) = &self.queue {
            queue.push(&line::of(event, &self.spans.fields()));
        }
    }

    fn new_span(&self, span: &span::Attributes<'_>) -> span::Id {
        self.spans.open(span)
    }

    fn record(&self, span: &span::Id, values: &span::Record<'_>) {
        self.spans.record(span, values);
    }

    fn record_follows_from(&self, _span: &span::Id, _follows: &span::Id) {}

    fn enter(&self, span: &span::Id) {
        self.spans.enter(span);
    }

    fn exit(&self, span: &span::Id) {
        self.spans.exit(span);
    }

    fn clone_span(&self, span: &span::Id) -> span::Id {
        self.spans.share(span);
        span.clone()
    }

    fn try_close(&self, span: span::Id) -> bool {
        self.spans.close(&span)
    }
}

#[cfg(test)]
mod tests;
