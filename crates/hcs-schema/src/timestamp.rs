//! Points in time.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;

use crate::field::field;

/// A point in time, written in RFC 3339 with up to nine digits of a second and no trailing zeros.
///
/// The offset from UTC is kept. The default is `0001-01-01T00:00:00Z`, which stands for "never".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub OffsetDateTime);

impl Timestamp {
    /// The value that stands for "never".
    pub const ZERO: Self = Self(datetime!(0001-01-01 00:00:00 UTC));

    /// Whether this is the value that stands for "never".
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }
}

impl Default for Timestamp {
    fn default() -> Self {
        Self::ZERO
    }
}

impl From<OffsetDateTime> for Timestamp {
    fn from(time: OffsetDateTime) -> Self {
        Self(time)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, clock, offset) = (self.0.date(), self.0.time(), self.0.offset());
        write!(f, "{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())?;
        write!(f, "T{:02}:{:02}:{:02}", clock.hour(), clock.minute(), clock.second())?;
        if clock.nanosecond() != 0 {
            let digits = format!("{:09}", clock.nanosecond());
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        let minutes = offset.whole_minutes();
        if minutes == 0 {
            return f.write_str("Z");
        }
        let sign = if minutes < 0 { '-' } else { '+' };
        let minutes = minutes.unsigned_abs();
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// The text is not a point in time in RFC 3339.
#[derive(Debug, Clone, thiserror::Error)]
#[error("timestamp {text:?} is not RFC 3339, such as 2001-02-03T04:05:06Z: {source}")]
#[non_exhaustive]
pub struct ParseTimestampError {
    text: String,
    source: time::error::Parse,
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        OffsetDateTime::parse(text, &Rfc3339)
            .map(Self)
            .map_err(|source| ParseTimestampError { text: text.to_owned(), source })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

field! { Timestamp => |_value| false; }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_it_was_read() {
        for text in [
            "0001-01-01T00:00:00Z",
            "2001-02-03T04:05:06.789Z",
            "2021-05-05T20:45:01.4178325Z",
            "2021-05-05T20:45:01.000000001+05:30",
            "2021-05-05T20:45:01-08:00",
        ] {
            let time: Timestamp = text.parse().unwrap();
            assert_eq!(time.to_string(), text);
        }
    }

    #[test]
    fn trailing_zeros_and_an_offset_of_nothing_are_trimmed() {
        let time: Timestamp = "2001-02-03T04:05:06.700+00:00".parse().unwrap();
        assert_eq!(time.to_string(), "2001-02-03T04:05:06.7Z");
    }

    #[test]
    fn the_default_is_never() {
        assert!(Timestamp::default().is_zero());
    }

    #[test]
    fn anything_else_is_refused_with_an_example() {
        let error = "yesterday".parse::<Timestamp>().unwrap_err().to_string();
        assert!(error.starts_with("timestamp \"yesterday\" is not RFC 3339, such as "), "{error}");
    }
}
