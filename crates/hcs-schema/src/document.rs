//! What all documents share: the macro that defines one, and the fields that nobody knows.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde_json::Value;

use crate::field::{Field, Read, Write};

/// Fields of a document that its type doesn't name, kept as they were read.
///
/// They are written after the named fields, in the order of their names. An empty set costs a
/// pointer.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(clippy::box_collection, reason = "an empty map would cost three pointers")]
pub struct Extra(Option<Box<BTreeMap<String, Value>>>);

impl Extra {
    /// No fields.
    pub const EMPTY: Self = Self(None);

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|fields| fields.is_empty())
    }

    /// The value of the field with this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.as_ref()?.get(name)
    }

    /// Sets a field, and returns the value that it had.
    ///
    /// A name that the document's type has as a field of its own is not written.
    pub fn insert(&mut self, name: impl Into<String>, value: Value) -> Option<Value> {
        self.0.get_or_insert_default().insert(name.into(), value)
    }

    /// The names and values, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().flat_map(|fields| fields.iter()).map(|(name, value)| (name.as_str(), value))
    }
}

/// A document as the generic reader sees it.
pub(crate) trait Document: Default {
    /// The type's name, for messages.
    const NAME: &'static str;
    /// The names of all fields in JSON.
    const KEYS: &'static [&'static str];

    /// Reads the value of the field `key`, one of `KEYS`.
    fn read_field<'de, A: MapAccess<'de>>(
        &mut self,
        key: &'static str,
        map: &mut A,
    ) -> Result<(), A::Error>;

    /// The fields without a name in the type.
    fn extra_mut(&mut self) -> &mut Extra;
}

/// The document's own spelling of a field name: the same name, else one that differs in case only.
fn own_key<T: Document>(name: &str) -> Option<&'static str> {
    let exact = T::KEYS.iter().find(|key| **key == name);
    exact.or_else(|| T::KEYS.iter().find(|key| key.eq_ignore_ascii_case(name))).copied()
}

/// Reads a document from a JSON object.
pub(crate) fn read<'de, T: Document, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_map(Fields(PhantomData))
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Document> Visitor<'de> for Fields<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {} document", T::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut document = T::default();
        while let Some(key) = map.next_key_seed(KeyOf::<T>(PhantomData))? {
            match key {
                // The names of the fields on the way down say where the fault is.
                Key::Own(key) => document.read_field(key, &mut map).map_err(|error| {
                    A::Error::custom(format_args!("{}.{key}: {error}", T::NAME))
                })?,
                Key::Unknown(name) => {
                    let value = map.next_value()?;
                    document.extra_mut().insert(name, value);
                }
            }
        }
        Ok(document)
    }
}

enum Key {
    Own(&'static str),
    Unknown(String),
}

/// Looks a field name up while it is still borrowed from the input.
struct KeyOf<T>(PhantomData<T>);

impl<'de, T: Document> DeserializeSeed<'de> for KeyOf<T> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<T: Document> Visitor<'_> for KeyOf<T> {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Key, E> {
        Ok(own_key::<T>(name).map_or_else(|| Key::Unknown(name.to_owned()), Key::Own))
    }
}

/// Reads the value that comes next; called by [`document!`].
pub(crate) fn read_value<'de, T: Field, A: MapAccess<'de>>(map: &mut A) -> Result<T, A::Error> {
    map.next_value().map(|Read(value)| value)
}

/// Passes over the value that comes next; called by [`document!`].
pub(crate) fn skip_value<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(drop)
}

/// Writes a field, empty or not; called by [`document!`].
pub(crate) fn write_always<M: SerializeMap, T: Field>(
    map: &mut M,
    key: &'static str,
    value: &T,
) -> Result<(), M::Error> {
    map.serialize_entry(key, &Write(value))
}

/// Writes a field unless it is empty; called by [`document!`].
pub(crate) fn write_unless_empty<M: SerializeMap, T: Field>(
    map: &mut M,
    key: &'static str,
    value: &T,
) -> Result<(), M::Error> {
    if value.is_omitted() { Ok(()) } else { write_always(map, key, value) }
}

/// Writes the fields that the type doesn't name; called by [`document!`].
pub(crate) fn write_extra<T: Document, M: SerializeMap>(
    map: &mut M,
    extra: &Extra,
) -> Result<(), M::Error> {
    extra
        .iter()
        .filter(|(name, _)| own_key::<T>(name).is_none())
        .try_for_each(|(name, value)| map.serialize_entry(name, value))
}

/// Defines documents: structs with public fields, each with its name in JSON.
///
/// A field is left out when it is empty, unless its name is preceded by `always`. Each document
/// gets a field `extra` for what the type doesn't name.
macro_rules! document {
    ($(
        $(#[$meta:meta])*
        pub struct $name:ident {
            $($(#[$field_meta:meta])* pub $field:ident: $ty:ty = $($always:ident)? $key:literal,)*
        }
    )+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $ty,)*
            /// Fields that this type doesn't name.
            pub extra: $crate::Extra,
        }

        impl $crate::document::Document for $name {
            const NAME: &'static str = stringify!($name);
            const KEYS: &'static [&'static str] = &[$($key),*];

            fn read_field<'de, A: serde::de::MapAccess<'de>>(
                &mut self,
                key: &'static str,
                map: &mut A,
            ) -> Result<(), A::Error> {
                $(if key == $key {
                    self.$field = $crate::document::read_value(map)?;
                    return Ok(());
                })*
                let _ = key;
                $crate::document::skip_value(map)
            }

            fn extra_mut(&mut self) -> &mut $crate::Extra {
                &mut self.extra
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::document::read(deserializer)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                $($crate::document::document!(@write $($always)? map, $key, &self.$field);)*
                $crate::document::write_extra::<Self, _>(&mut map, &self.extra)?;
                serde::ser::SerializeMap::end(map)
            }
        }

        // A nested document is written even when all its fields are empty.
        $crate::field::field! { $name => |_value| false; }
    )+};
    (@write always $map:ident, $key:literal, $value:expr) => {
        $crate::document::write_always(&mut $map, $key, $value)?
    };
    (@write $map:ident, $key:literal, $value:expr) => {
        $crate::document::write_unless_empty(&mut $map, $key, $value)?
    };
}
pub(crate) use document;
