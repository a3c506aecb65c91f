//! Log records in the form of the reference's: `time`, `level` and `msg`, as
//! text or JSON.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tracing::field::{Field, Visit};
use tracing::span;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Level {
    Error,
    Warning,
    Info,
    Debug,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

/// The form of records.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Format {
    Text,
    Json,
}

impl Format {
    /// Writes one record. What cannot be logged is lost.
    pub(crate) fn write(self, target: &mut dyn Write, level: Level, message: &str) {
        let _ = target.write_all(self.line(&now(), level, message).as_bytes());
    }

    fn line(self, time: &str, level: Level, message: &str) -> String {
        let (quoted, level) = (serde_json::Value::from(message), level.name());
        match self {
            Self::Text => format!("time=\"{time}\" level={level} msg={quoted}\n"),
            Self::Json => {
                format!("{{\"level\":\"{level}\",\"msg\":{quoted},\"time\":\"{time}\"}}\n")
            }
        }
    }
}

/// The time as records and states have it.
pub(crate) fn now() -> String {
    // It cannot fail: the year has four digits.
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default()
}

/// The log of this run. A clone writes to the same file.
#[derive(Clone)]
pub(crate) struct Log {
    target: Arc<File>,
    format: Format,
    debug: bool,
}

impl Log {
    /// The log that was asked for, if any, which from then on takes what the
    /// libraries tell too. Without a file, `debug` logs to stderr.
    pub(crate) fn open(
        path: Option<&Path>,
        format: &str,
        debug: bool,
    ) -> anyhow::Result<Option<Self>> {
        let format = match format {
            "text" => Format::Text,
            "json" => Format::Json,
            other => bail!("unknown log-format {other:?}"),
        };
        let target = match path.filter(|path| !path.as_os_str().is_empty()) {
            Some(path) => File::options()
                .append(true)
                .create(true)
                .open(path)
                .map_err(|error| anyhow!("opening the log {}: {error}", path.display()))?,
            None if debug => match stderr() {
                Ok(stderr) => stderr,
                Err(_) => return Ok(None),
            },
            None => return Ok(None),
        };
        let log = Self { target: Arc::new(target), format, debug };
        // A second run in one process keeps the first one's.
        let _ = tracing::subscriber::set_global_default(Subscriber(log.clone()));
        Ok(Some(log))
    }

    pub(crate) fn record(&self, level: Level, message: &str) {
        self.format.write(&mut &*self.target, level, message);
    }
}

#[cfg(unix)]
fn stderr() -> std::io::Result<File> {
    use std::os::fd::AsFd;
    Ok(std::io::stderr().as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn stderr() -> std::io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(std::io::stderr().as_handle().try_clone_to_owned()?.into())
}

/// Gives the events of the libraries to the log. Spans are not logged.
struct Subscriber(Log);

impl tracing::Subscriber for Subscriber {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        let least = if self.0.debug { tracing::Level::DEBUG } else { tracing::Level::INFO };
        metadata.is_event() && *metadata.level() <= least
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let level = match *event.metadata().level() {
            tracing::Level::ERROR => Level::Error,
            tracing::Level::WARN => Level::Warning,
            tracing::Level::INFO => Level::Info,
            _ => Level::Debug,
        };
        let mut text = Text::default();
        event.record(&mut text);
        self.0.record(level, &(text.message + &text.fields));
    }

    fn new_span(&self, _span: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _span: &span::Id, _values: &span::Record<'_>) {}
    fn record_follows_from(&self, _span: &span::Id, _follows: &span::Id) {}
    fn enter(&self, _span: &span::Id) {}
    fn exit(&self, _span: &span::Id) {}
}

/// An event as one text: its message and then its fields.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_the_form_of_the_reference_s() {
        let line =
            |format: Format| format.line("2024-05-06T07:08:09Z", Level::Warning, "a \"b\"\n");
        assert_eq!(
            line(Format::Text),
            "time=\"2024-05-06T07:08:09Z\" level=warning msg=\"a \\\"b\\\"\\n\"\n"
        );
        assert_eq!(
            line(Format::Json),
            "{\"level\":\"warning\",\"msg\":\"a \\\"b\\\"\\n\",\"time\":\"2024-05-06T07:08:09Z\"}\n"
        );
    }

    #[test]
    fn records_are_added_to_the_file() {
        let temp = tempfile::tempdir().expect("temp");
        let path = temp.path().join("log");
        for message in ["first", "second"] {
            let log = Log::open(Some(&path), "json", false).expect("open").expect("a log");
            log.record(Level::Error, message);
        }
        let text = std::fs::read_to_string(&path).expect("read");
        let message = |line: &str| {
            let value: serde_json::Value = serde_json::from_str(line).expect("json");
            value["msg"].clone()
        };
        assert_eq!(text.lines().map(message).collect::<Vec<_>>(), ["first", "second"]);
    }
}
