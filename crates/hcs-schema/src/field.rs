//! How one field of a document is left out, read and written.
//!
//! The rules are those of Go's `encoding/json`, in which the reference writes its documents:
//! a scalar, list, map or optional value that is empty is left out, a nested document never is;
//! `null` reads as the empty value; map keys are written in the order of their text.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use uuid::Uuid;

/// A type that a field of a document may have.
pub(crate) trait Field: Default {
    /// Whether the field is left out when it is written.
    fn is_omitted(&self) -> bool;

    /// Reads a value that is not `null`.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Writes the value.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

/// Reads a field: `null` gives the empty value.
pub(crate) struct Read<T>(pub(crate) T);

impl<'de, T: Field> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NotNull<T>(T);
        impl<'de, T: Field> Deserialize<'de> for NotNull<T> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                T::read(deserializer).map(Self)
            }
        }
        let value = Option::<NotNull<T>>::deserialize(deserializer)?;
        Ok(Self(value.map(|value| value.0).unwrap_or_default()))
    }
}

/// Writes a field.
pub(crate) struct Write<'a, T>(pub(crate) &'a T);

impl<T: Field> Serialize for Write<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

/// A type with serde of its own, left out when the given test holds.
macro_rules! field {
    ($($ty:ty => |$value:ident| $omitted:expr;)+) => {$(
        impl $crate::field::Field for $ty {
            fn is_omitted(&self) -> bool {
                let $value = self;
                $omitted
            }

            fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde::Deserialize::deserialize(deserializer)
            }

            fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serde::Serialize::serialize(self, serializer)
            }
        }
    )+};
}
pub(crate) use field;

field! {
    bool => |value| !*value;
    u8 => |value| *value == 0;
    u16 => |value| *value == 0;
    u32 => |value| *value == 0;
    u64 => |value| *value == 0;
    i32 => |value| *value == 0;
    i64 => |value| *value == 0;
    String => |value| value.is_empty();
    Value => |value| value.is_null();
    // Arrays are never empty.
    Uuid => |_value| false;
    [u32; 2] => |_value| false;
}

impl Field for f64 {
    fn is_omitted(&self) -> bool {
        *self == 0.0
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }

    /// A whole number is written without a fraction, as Go does.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// Up to here every whole number has an exact integer.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if self.fract() == 0.0 && self.abs() < EXACT {
            #[expect(clippy::cast_possible_truncation, reason = "a whole number within range")]
            serializer.serialize_i64(*self as i64)
        } else {
            serializer.serialize_f64(*self)
        }
    }
}

impl<T: Field> Field for Option<T> {
    fn is_omitted(&self) -> bool {
        self.is_none()
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Some)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.write(serializer),
            None => serializer.serialize_none(),
        }
    }
}

impl<T: Field> Field for Vec<T> {
    fn is_omitted(&self) -> bool {
        self.is_empty()
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T>(PhantomData<T>);
        impl<'de, T: Field> Visitor<'de> for List<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(Read(item)) = seq.next_element()? {
                    list.push(item);
                }
                Ok(list)
            }
        }
        deserializer.deserialize_seq(List(PhantomData))
    }

    /// An empty list that is not left out is `null`, as Go's empty list is.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_empty() {
            return serializer.serialize_none();
        }
        serializer.collect_seq(self.iter().map(Write))
    }
}

/// Reads a map whose keys are parsed from their text.
fn read_map<'de, D, K, V>(
    deserializer: D,
    parse: fn(String) -> Result<K, String>,
) -> Result<BTreeMap<K, V>, D::Error>
where
    D: Deserializer<'de>,
    K: Ord,
    V: Field,
{
    struct Entries<K, V>(fn(String) -> Result<K, String>, PhantomData<V>);
    impl<'de, K: Ord, V: Field> Visitor<'de> for Entries<K, V> {
        type Value = BTreeMap<K, V>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut entries = BTreeMap::new();
            while let Some(key) = map.next_key::<String>()? {
                let key = (self.0)(key).map_err(serde::de::Error::custom)?;
                let Read(value) = map.next_value()?;
                entries.insert(key, value);
            }
            Ok(entries)
        }
    }
    deserializer.deserialize_map(Entries(parse, PhantomData))
}

impl<T: Field> Field for BTreeMap<String, T> {
    fn is_omitted(&self) -> bool {
        self.is_empty()
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_map(deserializer, Ok)
    }

    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(key, value)| (key, Write(value))))
    }
}

impl<T: Field> Field for BTreeMap<i64, T> {
    fn is_omitted(&self) -> bool {
        self.is_empty()
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read_map(deserializer, |key| {
            key.parse().map_err(|_| format!("map key {key:?} is not a whole number"))
        })
    }

    /// The keys' text decides the order: `10` comes before `9`.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entries: Vec<_> =
            self.iter().map(|(key, value)| (key.to_string(), value)).collect();
        entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut map = serializer.serialize_map(Some(entries.len()))?;
        for (key, value) in entries {
            map.serialize_entry(&key, &Write(value))?;
        }
        map.end()
    }
}
