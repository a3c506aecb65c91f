//! JSON that is passed on as it is.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::field::field;

/// JSON text that is passed on as it was read, but for white space between its tokens.
///
/// The order of keys and the digits of numbers stay; the text is checked, not built into a tree.
#[derive(Debug, Clone)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// The JSON text of a value.
    ///
    /// # Errors
    /// The value can't be written as JSON, for example a map whose keys aren't strings.
    pub fn new(value: &impl Serialize) -> serde_json::Result<Self> {
        serde_json::value::to_raw_value(value).map(Self)
    }

    /// The text.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// Reads the text into a type.
    ///
    /// # Errors
    /// The text doesn't fit the type.
    pub fn parse<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.get())
    }
}

/// Equal text.
impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

/// The text `null`.
impl Default for RawJson {
    fn default() -> Self {
        Self(RawValue::NULL.to_owned())
    }
}

impl fmt::Display for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

/// JSON text without the white space between its tokens.
fn compact(text: &str) -> String {
    let mut compact = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    for c in text.chars() {
        if in_string {
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if c.is_ascii_whitespace() {
            continue;
        } else {
            in_string = c == '"';
        }
        compact.push(c);
    }
    compact
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        if !raw.get().contains(|c: char| c.is_ascii_whitespace()) {
            return Ok(Self(raw));
        }
        RawValue::from_string(compact(raw.get())).map(Self).map_err(serde::de::Error::custom)
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

field! { RawJson => |_value| false; }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_digits_stay_and_white_space_goes() {
        let raw: RawJson =
            serde_json::from_str("{ \"z\" : 1.50, \"a b\\\" \" : [ 1e400 , true ] }").unwrap();
        assert_eq!(raw.get(), r#"{"z":1.50,"a b\" ":[1e400,true]}"#);
        assert_eq!(serde_json::to_string(&raw).unwrap(), raw.get());
    }

    #[test]
    fn reads_into_a_type() {
        let raw = RawJson::new(&[1, 2]).unwrap();
        assert_eq!(raw.parse::<Vec<u8>>().unwrap(), [1, 2]);
        assert_eq!(RawJson::default().get(), "null");
    }
}
