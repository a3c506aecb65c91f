//! Events that describe themselves, as bytes.
//!
//! Source: the description of "TraceLogging" in the Windows SDK's
//! `TraceLoggingProvider.h`. All numbers are little-endian. The description of a
//! provider is its size and its name; that of an event is its size, its tags,
//! its name, and for each field a name, a type, and how to show it. The data has
//! the fields' values one behind the other.

/// The most that Windows takes for one event is 64 KiB, with headers. These are
/// below it together.
const MAX_DATA: usize = 48 << 10;
const MAX_METADATA: usize = 8 << 10;

/// The most that one text may have.
const MAX_TEXT: usize = 32 << 10;
/// The most that a name may have.
const MAX_NAME: usize = 256;
/// What a shortened text ends with.
const SHORTENED: &str = "...";

/// How a value is written down.
mod input {
    pub(super) const ANSI_STRING: u8 = 2;
    pub(super) const U8: u8 = 4;
    pub(super) const I64: u8 = 9;
    pub(super) const U64: u8 = 10;
    pub(super) const F64: u8 = 12;
    /// Says that it is shown in another way than by its type.
    pub(super) const HAS_OUTPUT: u8 = 0x80;
}

/// How a value is shown.
mod output {
    pub(super) const BOOLEAN: u8 = 3;
    pub(super) const UTF_8: u8 = 35;
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Truth(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
}

/// The description of a provider.
pub(super) fn traits(name: &str) -> Vec<u8> {
    let mut traits = vec![0; 2];
    push_text(&mut traits, name, MAX_NAME);
    set_size(&mut traits);
    traits
}

/// An event.
#[derive(Debug)]
pub(super) struct Encoded {
    metadata: Vec<u8>,
    data: Vec<u8>,
}

impl Encoded {
    /// One without fields.
    pub(super) fn new(name: &str) -> Self {
        // No tags.
        let mut metadata = vec![0; 3];
        push_text(&mut metadata, name, MAX_NAME);
        set_size(&mut metadata);
        Self { metadata, data: Vec::new() }
    }

    pub(super) fn metadata(&self) -> &[u8] {
        &self.metadata
    }

    pub(super) fn data(&self) -> &[u8] {
        &self.data
    }

    /// Adds a field. A text that is too long is shortened; a field for which
    /// there is no room is left out.
    pub(super) fn add(&mut self, name: &str, value: &Value) {
        // A NUL behind the name, and two bytes for the type.
        let description = name.len().min(MAX_NAME) + 3;
        // A NUL, and room for a text that says something.
        let least = 1 + match value {
            Value::Text(text) => text.len().min(4 * SHORTENED.len()),
            _ => size_of::<u64>(),
        };
        let room = MAX_DATA.saturating_sub(self.data.len());
        if self.metadata.len() + description > MAX_METADATA || room < least {
            return;
        }
        push_text(&mut self.metadata, name, MAX_NAME);
        match value {
            Value::Text(text) => {
                self.metadata.extend([input::ANSI_STRING | input::HAS_OUTPUT, output::UTF_8]);
                push_text(&mut self.data, text, MAX_TEXT.min(room - 1));
            }
            Value::Truth(truth) => {
                self.metadata.extend([input::U8 | input::HAS_OUTPUT, output::BOOLEAN]);
                self.data.push(u8::from(*truth));
            }
            Value::Signed(number) => {
                self.metadata.push(input::I64);
                self.data.extend(number.to_le_bytes());
            }
            Value::Unsigned(number) => {
                self.metadata.push(input::U64);
                self.data.extend(number.to_le_bytes());
            }
            Value::Float(number) => {
                self.metadata.push(input::F64);
                self.data.extend(number.to_le_bytes());
            }
        }
        set_size(&mut self.metadata);
    }
}

/// Writes a text of no more than `most` bytes and the NUL that ends it. One that
/// is inside becomes a space.
fn push_text(to: &mut Vec<u8>, text: &str, most: usize) {
    let (kept, end) = if text.len() <= most {
        (text.len(), "")
    } else {
        (text.floor_char_boundary(most.saturating_sub(SHORTENED.len())), SHORTENED)
    };
    let bytes = text.bytes().take(kept).chain(end.bytes());
    to.extend(bytes.map(|byte| if byte == 0 { b' ' } else { byte }));
    to.push(0);
}

/// A description begins with its size, itself included.
fn set_size(description: &mut [u8]) {
    let size = u16::try_from(description.len()).unwrap_or(u16::MAX);
    if let Some(start) = description.first_chunk_mut() {
        *start = size.to_le_bytes();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_describes_itself() {
        assert_eq!(traits("ab"), b"\x05\0ab\0");
    }

    #[test]
    fn an_event_describes_its_fields() {
        let mut event = Encoded::new("E");
        assert_eq!(event.metadata(), b"\x05\0\0E\0");
        event.add("t", &Value::Text("aé\0b".into()));
        event.add("b", &Value::Truth(true));
        event.add("i", &Value::Signed(-2));
        event.add("u", &Value::Unsigned(3));
        event.add("f", &Value::Float(1.0));
        assert_eq!(event.metadata(), b"\x16\0\0E\0t\0\x82\x23b\0\x84\x03i\0\x09u\0\x0af\0\x0c");
        let mut data = b"a\xc3\xa9 b\0\x01".to_vec();
        data.extend((-2i64).to_le_bytes());
        data.extend(3u64.to_le_bytes());
        data.extend(1f64.to_le_bytes());
        assert_eq!(event.data(), data);
    }

    #[test]
    fn long_texts_are_shortened_at_a_character() {
        let mut event = Encoded::new("E");
        event.add("t", &Value::Text("é".repeat(MAX_TEXT)));
        let text = event.data().strip_suffix(b"\0").expect("a NUL");
        let text = std::str::from_utf8(text).expect("text");
        assert!(text.len() <= MAX_TEXT && text.len() > MAX_TEXT - 8, "{}", text.len());
        assert!(text.ends_with("é..."));
    }

    #[test]
    fn an_event_never_grows_too_big() {
        let mut event = Encoded::new(&"n".repeat(1000));
        for number in 0..2000u64 {
            event.add(&format!("field {number}"), &Value::Text("x".repeat(100_000)));
            event.add(&"n".repeat(1000), &Value::Unsigned(number));
        }
        assert!(event.data().len() <= MAX_DATA, "{}", event.data().len());
        assert!(event.metadata().len() <= MAX_METADATA, "{}", event.metadata().len());
        let size = u16::from_le_bytes(*event.metadata().first_chunk().expect("a size"));
        assert_eq!(usize::from(size), event.metadata().len());
    }
}
