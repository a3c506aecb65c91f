//! Reading one annotation.

use std::collections::BTreeMap;
use std::str::FromStr;

use tracing::warn;
use uuid::Uuid;

/// An annotation is not a GUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("failed to parse annotation {key:?} with value {value:?} as GUID: invalid GUID {value:?}")]
pub struct InvalidGuid {
    /// The annotation's key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// The annotations of a spec, as they are read.
///
/// Each reader gives `None` where the annotation is not there or can't be read;
/// the latter is warned of and no error, as in the reference: a pod with a
/// misspelt number runs with the default.
///
/// ```
/// use std::collections::BTreeMap;
/// use oci::{Annotations, keys};
///
/// let map = BTreeMap::from([(keys::PROCESSOR_COUNT.to_owned(), "4".to_owned()),
///     (keys::ALLOW_OVERCOMMIT.to_owned(), "maybe".to_owned())]);
/// let annotations = Annotations(&map);
/// assert_eq!(annotations.i32(keys::PROCESSOR_COUNT), Some(4));
/// assert!(annotations.bool(keys::ALLOW_OVERCOMMIT).unwrap_or(true));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Annotations<'a>(pub &'a BTreeMap<String, String>);

impl<'a> Annotations<'a> {
    /// The text of an annotation.
    pub fn get(self, key: &str) -> Option<&'a str> {
        self.0.get(key).map(String::as_str)
    }

    /// An annotation that is a string: its text, or the empty one.
    pub fn string(self, key: &str) -> String {
        self.get(key).unwrap_or_default().to_owned()
    }

    /// An annotation that is `1`, `t`, `T`, `true`, `True`, `TRUE`, or the same of false.
    pub fn bool(self, key: &str) -> Option<bool> {
        let text = self.get(key)?;
        match text {
            "1" | "t" | "T" | "true" | "True" | "TRUE" => Some(true),
            "0" | "f" | "F" | "false" | "False" | "FALSE" => Some(false),
            _ => {
                warn_of(key, text, "bool");
                None
            }
        }
    }

    /// An annotation that is a whole number.
    pub fn i32(self, key: &str) -> Option<i32> {
        let text = self.get(key)?;
        let number = text.parse().ok();
        if number.is_none() {
            warn_of(key, text, "int32");
        }
        number
    }

    /// An annotation that is a whole number and not negative.
    pub fn u32(self, key: &str) -> Option<u32> {
        self.unsigned(key, "uint32")
    }

    /// An annotation that is a whole number and not negative.
    pub fn u64(self, key: &str) -> Option<u64> {
        self.unsigned(key, "uint64")
    }

    fn unsigned<T: FromStr>(self, key: &str, expected: &str) -> Option<T> {
        let text = self.get(key)?;
        let number = parse_unsigned(text);
        if number.is_none() {
            warn_of(key, text, expected);
        }
        number
    }

    /// The parts between the commas of an annotation that is not empty.
    pub fn list(self, key: &str) -> Option<Vec<&'a str>> {
        let text = self.get(key).filter(|text| !text.is_empty())?;
        Some(text.split(',').collect())
    }

    /// The numbers between the commas of an annotation that is not empty.
    pub fn u32_list(self, key: &str) -> Option<Vec<u32>> {
        self.unsigned_list(key, "uint32")
    }

    /// The numbers between the commas of an annotation that is not empty.
    pub fn u64_list(self, key: &str) -> Option<Vec<u64>> {
        self.unsigned_list(key, "uint64")
    }

    fn unsigned_list<T: FromStr>(self, key: &str, expected: &str) -> Option<Vec<T>> {
        let numbers: Option<Vec<T>> = self.list(key)?.into_iter().map(parse_unsigned).collect();
        if numbers.is_none() {
            warn_of(key, self.get(key)?, expected);
        }
        numbers
    }

    /// An annotation that is a GUID, with hyphens and without braces.
    ///
    /// # Errors
    /// It is there and is no GUID.
    pub fn guid(self, key: &str) -> Result<Option<Uuid>, InvalidGuid> {
        let Some(text) = self.get(key) else {
            return Ok(None);
        };
        let guid = parse_guid(text);
        guid.map(Some).ok_or_else(|| InvalidGuid { key: key.to_owned(), value: text.to_owned() })
    }
}

/// A number without a sign.
fn parse_unsigned<T: FromStr>(text: &str) -> Option<T> {
    if text.starts_with('+') { None } else { text.parse().ok() }
}

/// A GUID with hyphens; braces are for other places.
pub(crate) fn parse_guid(text: &str) -> Option<Uuid> {
    const LENGTH: usize = uuid::fmt::Hyphenated::LENGTH;
    if text.len() == LENGTH { Uuid::try_parse(text).ok() } else { None }
}

/// Warns of an annotation that can't be read.
pub(crate) fn warn_of(key: &str, value: &str, expected: &str) {
    warn!(annotation = key, value, expected, "annotation value could not be parsed");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_read(text in r"[-+0-9a-fA-F,{}tT rue.\\]{0,40}") {
            let map = BTreeMap::from([("k".to_owned(), text.clone())]);
            let all = Annotations(&map);
            all.bool("k");
            let (signed, unsigned) = (all.i32("k"), all.u32("k"));
            if let (Some(signed), Some(unsigned)) = (signed, unsigned) {
                prop_assert_eq!(i64::from(signed), i64::from(unsigned));
            }
            prop_assert_eq!(all.list("k").map(|list| list.join(",")), (!text.is_empty()).then_some(text));
            let _ = all.guid("k");
        }

        #[test]
        fn numbers_are_read(numbers in prop::collection::vec(any::<u64>(), 1..5)) {
            let text: Vec<String> = numbers.iter().map(u64::to_string).collect();
            let map = BTreeMap::from([("k".to_owned(), text.join(","))]);
            prop_assert_eq!(Annotations(&map).u64_list("k"), Some(numbers));
        }
    }
}
