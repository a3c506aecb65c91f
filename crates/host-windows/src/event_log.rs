//! Records of this program in Event Tracing for Windows.
//!
//! Any tracing session can ask for them by the provider's id, as for the
//! reference's: the providers, the name of the events and the form of their
//! fields are the same. The events describe themselves ("TraceLogging"), so no
//! manifest has to be installed. As long as no session asks, a record costs one
//! call that says so.

mod encoding;

use std::io;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, span};
use uuid::Uuid;
use windows_sys::Win32::Foundation::ERROR_SUCCESS;
use windows_sys::Win32::System::Diagnostics::Etw::{
    EVENT_DATA_DESCRIPTOR, EVENT_DATA_DESCRIPTOR_0, EVENT_DATA_DESCRIPTOR_TYPE_EVENT_METADATA,
    EVENT_DATA_DESCRIPTOR_TYPE_NONE, EVENT_DATA_DESCRIPTOR_TYPE_PROVIDER_METADATA,
    EVENT_DESCRIPTOR, EventProviderEnabled, EventProviderSetTraits, EventRegister,
    EventSetInformation, EventUnregister, EventWriteTransfer, REGHANDLE,
};
use windows_sys::core::GUID;

use encoding::{Encoded, Value};

/// The name of each event, by which consumers of the reference's know it.
const EVENT: &str = "LogrusEntry";
/// The field that has the event's text.
const MESSAGE: &str = "Message";
/// The channel of events that describe themselves.
const TRACE_LOGGING: u8 = 11;

/// Who writes events: a name, and the id that sessions ask for, which every
/// tool derives from the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Provider {
    name: &'static str,
    id: Uuid,
}

impl Provider {
    /// The shim and `runhcs`.
    pub const RUNHCS: Self = Self {
        name: "Microsoft.Virtualization.RunHCS",
        id: Uuid::from_u128(0x0b52781f_b24d_5685_ddf6_69830ed40ec3),
    };
    /// The shim for Linux containers only.
    pub const RUNHCS_LCOW: Self = Self {
        name: "Microsoft.Virtualization.RunHCSLCOW",
        id: Uuid::from_u128(0x64f6fc7f_8326_5ee8_b890_3734ae584136),
    };
    /// The network proxy.
    pub const NCPROXY: Self = Self {
        name: "Microsoft.Virtualization.NCProxy",
        id: Uuid::from_u128(0xcf9f01fe_87b3_568d_ecef_9f54b7c5ff70),
    };

    /// Its name.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// Its id.
    pub fn id(self) -> Uuid {
        self.id
    }
}

/// Why there are no records.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EventLogError {
    /// The provider could not be registered.
    #[error("failed to register event provider {provider}")]
    Register {
        /// The name of the provider.
        provider: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A record could not be written.
    #[error("failed to write an event of provider {provider}")]
    Write {
        /// The name of the provider.
        provider: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A registered provider, which gives the events of `tracing` to whoever
/// listens.
///
/// It is a whole [`tracing::Subscriber`]; where a program has another, that one
/// calls [`EventLog::record`]. Spans are not recorded.
#[derive(Debug)]
pub struct EventLog {
    provider: Provider,
    handle: REGHANDLE,
    /// The provider's own description, which goes with each event.
    traits: Vec<u8>,
}

impl EventLog {
    /// Registers a provider for this process.
    ///
    /// # Errors
    /// The system refuses.
    pub fn register(provider: Provider) -> Result<Self, EventLogError> {
        let id = GUID::from_u128(provider.id.as_u128());
        let mut handle = 0;
        // SAFETY: the id is ours, there is no callback, and the result goes to
        // our variable.
        check(unsafe { EventRegister(&raw const id, None, std::ptr::null(), &raw mut handle) })
            .map_err(|source| EventLogError::Register { provider: provider.name, source })?;
        let log = Self { provider, handle, traits: encoding::traits(provider.name) };
        let size = u32::try_from(log.traits.len()).unwrap_or_default();
        // SAFETY: the provider is registered, and the traits are as long as told.
        let set = unsafe {
            EventSetInformation(handle, EventProviderSetTraits, log.traits.as_ptr().cast(), size)
        };
        if let Err(error) = check(set) {
            // Each event has them too.
            tracing::debug!(provider = provider.name, %error, "a provider's name was not set");
        }
        Ok(log)
    }

    /// Whether anybody listens to events of this level.
    pub fn is_enabled(&self, level: Level) -> bool {
        // SAFETY: the provider is registered.
        unsafe { EventProviderEnabled(self.handle, number(level), 0) }
    }

    /// Records an event, if anybody listens. One that is too long is shortened.
    ///
    /// # Errors
    /// The system refuses, as it does when events come faster than they are
    /// taken away.
    pub fn record(&self, event: &Event<'_>) -> Result<(), EventLogError> {
        let level = *event.metadata().level();
        if !self.is_enabled(level) {
            return Ok(());
        }
        self.write(level, &encode(event))
    }

    fn write(&self, level: Level, encoded: &Encoded) -> Result<(), EventLogError> {
        let descriptor =
            EVENT_DESCRIPTOR { Channel: TRACE_LOGGING, Level: number(level), ..Default::default() };
        let data = [
            part(&self.traits, EVENT_DATA_DESCRIPTOR_TYPE_PROVIDER_METADATA),
            part(encoded.metadata(), EVENT_DATA_DESCRIPTOR_TYPE_EVENT_METADATA),
            part(encoded.data(), EVENT_DATA_DESCRIPTOR_TYPE_NONE),
        ];
        let count = u32::try_from(data.len()).unwrap_or_default();
        // SAFETY: the provider is registered; the parts live across the call, and
        // are as many and as long as told.
        let written = unsafe {
            EventWriteTransfer(
                self.handle,
                &raw const descriptor,
                std::ptr::null(),
                std::ptr::null(),
                count,
                data.as_ptr(),
            )
        };
        check(written)
            .map_err(|source| EventLogError::Write { provider: self.provider.name, source })
    }
}

impl Drop for EventLog {
    fn drop(&mut self) {
        // SAFETY: it is registered, and nobody uses it any more.
        unsafe { EventUnregister(self.handle) };
    }
}

impl tracing::Subscriber for EventLog {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && self.is_enabled(*metadata.level())
    }

    fn event(&self, event: &Event<'_>) {
        // There is nobody to tell.
        let _ = self.record(event);
    }

    fn new_span(&self, _span: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _span: &span::Id, _values: &span::Record<'_>) {}
    fn record_follows_from(&self, _span: &span::Id, _follows: &span::Id) {}
    fn enter(&self, _span: &span::Id) {}
    fn exit(&self, _span: &span::Id) {}

    /// Sessions come and go: an event must ask each time.
    fn register_callsite(&self, _: &'static Metadata<'static>) -> tracing::subscriber::Interest {
        tracing::subscriber::Interest::sometimes()
    }
}

/// The levels of Windows. There is none below "verbose".
fn number(level: Level) -> u8 {
    match level {
        Level::ERROR => 2,
        Level::WARN => 3,
        Level::INFO => 4,
        _ => 5,
    }
}

fn part(bytes: &[u8], kind: u32) -> EVENT_DATA_DESCRIPTOR {
    EVENT_DATA_DESCRIPTOR {
        Ptr: bytes.as_ptr() as u64,
        // They are bounded: see `encoding`.
        Size: u32::try_from(bytes.len()).unwrap_or_default(),
        Anonymous: EVENT_DATA_DESCRIPTOR_0 { Reserved: kind },
    }
}

fn check(code: u32) -> io::Result<()> {
    match code {
        ERROR_SUCCESS => Ok(()),
        code => Err(io::Error::from_raw_os_error(code.cast_signed())),
    }
}

/// The text first, then the other fields in their order.
fn encode(event: &Event<'_>) -> Encoded {
    let mut fields = Fields::default();
    event.record(&mut fields);
    let mut encoded = Encoded::new(EVENT);
    encoded.add(MESSAGE, &Value::Text(fields.message));
    for (name, value) in &fields.others {
        encoded.add(name, value);
    }
    encoded
}

/// What an event has.
#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, Value)>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::Text(text)) => self.message = text,
            (name, value) => self.others.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.add(field, Value::Text(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, Value::Text(value.into()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, Value::Truth(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, Value::Signed(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, Value::Unsigned(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, Value::Float(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let causes = std::iter::successors(Some(value), |error| error.source());
        let texts: Vec<String> = causes.map(ToString::to_string).collect();
        self.add(field, Value::Text(texts.join(": ")));
    }
}

#[cfg(test)]
mod tests;
