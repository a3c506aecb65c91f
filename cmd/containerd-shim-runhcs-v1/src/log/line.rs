//! One line of the log.

use std::fmt::{Debug, Write as _};

use time::OffsetDateTime;
use time::macros::format_description;
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// An event as a line, with the fields of the spans that it is in.
pub(super) fn of(event: &Event<'_>, spans: &str) -> String {
    let mut text = Fields::default();
    event.record(&mut text);
    let level = match *event.metadata().level() {
        Level::ERROR => "error",
        Level::WARN => "warning",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    };
    assemble(level, &text.message, &text.others, spans)
}

/// A warning as a line, with one field: what `delete`, which has no log, tells
/// containerd.
pub(crate) fn warning(message: &str, key: &str, value: &str) -> String {
    let mut fields = String::new();
    push(&mut fields, key, value);
    assemble("warning", message, &fields, "")
}

fn assemble(level: &str, message: &str, fields: &str, spans: &str) -> String {
    let mut line = String::new();
    push(&mut line, "time", &now());
    push(&mut line, "level", level);
    push(&mut line, "msg", message);
    line.push_str(fields);
    line.push_str(spans);
    line.push('\n');
    // Without the space before the first.
    line.split_off(1)
}

fn now() -> String {
    let form =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:9]Z");
    OffsetDateTime::now_utc().format(form).unwrap_or_default()
}

/// Adds ` key=value`, with quotation marks where a reader could not tell otherwise
/// where the value ends.
fn push(line: &mut String, key: &str, value: &str) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/@^+".contains(c);
    let written = if !value.is_empty() && value.chars().all(plain) {
        write!(line, " {key}={value}")
    } else {
        write!(line, " {key}={value:?}")
    };
    // A string takes all.
    let _ = written;
}

/// The fields of an event or a span; those without a value are left out.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) message: String,
    pub(super) others: String,
}

impl Fields {
    fn add(&mut self, field: &Field, value: String) {
        match field.name() {
            "message" => self.message = value,
            // What the crate `log` says of its records, and what is for a collector.
            name if name.starts_with("log.") || name.starts_with("otel.") => {}
            name if !value.is_empty() => push(&mut self.others, name, &value),
            _ => {}
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, format!("{value:?}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(error) = source {
            let _ = write!(text, ": {error}");
            source = error.source();
        }
        self.add(field, text);
    }
}
