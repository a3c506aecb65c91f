//! The values of a state, and their types in the registry.

use serde::Serialize;
use serde::de::DeserializeOwned;
use windows_sys::Win32::System::Registry::{REG_BINARY, REG_DWORD, REG_QWORD, REG_SZ};

/// Why a value is not one of its type.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// It has a type or a size that no such value has.
    #[error("a value of the registry's type {kind} with {size} bytes is no {wanted}")]
    Kind {
        /// The number of the type.
        kind: u32,
        /// Its bytes.
        size: usize,
        /// What was asked for.
        wanted: &'static str,
    },
    /// It is not JSON of this shape.
    #[error("it is not the JSON that was expected")]
    Json(#[from] serde_json::Error),
}

/// What a state can have as a value.
pub trait StateValue: Sized {
    /// The number of the registry's type, and the bytes.
    ///
    /// # Errors
    /// The value cannot be written down.
    fn encode(&self) -> Result<(u32, Vec<u8>), ValueError>;

    /// The value of what the registry has.
    ///
    /// # Errors
    /// It is none of this type.
    fn decode(kind: u32, bytes: &[u8]) -> Result<Self, ValueError>;
}

/// A value that is kept as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json<T>(pub T);

impl StateValue for bool {
    fn encode(&self) -> Result<(u32, Vec<u8>), ValueError> {
        Ok((REG_DWORD, u32::from(*self).to_le_bytes().into()))
    }

    fn decode(kind: u32, bytes: &[u8]) -> Result<Self, ValueError> {
        number(kind, bytes, "truth").map(|number| number != 0)
    }
}

impl StateValue for i64 {
    fn encode(&self) -> Result<(u32, Vec<u8>), ValueError> {
        Ok((REG_QWORD, self.to_le_bytes().into()))
    }

    fn decode(kind: u32, bytes: &[u8]) -> Result<Self, ValueError> {
        number(kind, bytes, "number").map(u64::cast_signed)
    }
}

impl StateValue for String {
    fn encode(&self) -> Result<(u32, Vec<u8>), ValueError> {
        let units = self.encode_utf16().chain([0]);
        Ok((REG_SZ, units.flat_map(u16::to_le_bytes).collect()))
    }

    fn decode(kind: u32, bytes: &[u8]) -> Result<Self, ValueError> {
        let (units, rest) = bytes.as_chunks::<2>();
        if kind != REG_SZ || !rest.is_empty() {
            return Err(ValueError::Kind { kind, size: bytes.len(), wanted: "text" });
        }
        // The NUL at the end may be missing: whoever wrote it had to think of it.
        let units = units.iter().copied().map(u16::from_le_bytes).take_while(|unit| *unit != 0);
        let text = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER));
        Ok(text.collect())
    }
}

impl<T: Serialize + DeserializeOwned> StateValue for Json<T> {
    fn encode(&self) -> Result<(u32, Vec<u8>), ValueError> {
        Ok((REG_BINARY, serde_json::to_vec(&self.0)?))
    }

    fn decode(kind: u32, bytes: &[u8]) -> Result<Self, ValueError> {
        if kind != REG_BINARY {
            return Err(ValueError::Kind { kind, size: bytes.len(), wanted: "JSON" });
        }
        Ok(Self(serde_json::from_slice(bytes)?))
    }
}

/// A number of either size.
fn number(kind: u32, bytes: &[u8], wanted: &'static str) -> Result<u64, ValueError> {
    let other = || ValueError::Kind { kind, size: bytes.len(), wanted };
    match kind {
        REG_DWORD => {
            let bytes = bytes.try_into().map_err(|_| other())?;
            Ok(u32::from_le_bytes(bytes).into())
        }
        REG_QWORD => Ok(u64::from_le_bytes(bytes.try_into().map_err(|_| other())?)),
        _ => Err(other()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round<T: StateValue + PartialEq + std::fmt::Debug>(value: T, kind: u32, bytes: &[u8]) {
        assert_eq!(value.encode().unwrap(), (kind, bytes.to_vec()));
        assert_eq!(T::decode(kind, bytes).unwrap(), value);
    }

    #[test]
    fn values_have_the_reference_s_types() {
        round(true, REG_DWORD, &[1, 0, 0, 0]);
        round(false, REG_DWORD, &[0; 4]);
        round(-1i64, REG_QWORD, &[0xff; 8]);
        round(4321i64, REG_QWORD, &[0xe1, 0x10, 0, 0, 0, 0, 0, 0]);
        round("aé".to_owned(), REG_SZ, &[0x61, 0, 0xe9, 0, 0, 0]);
        round(Json(vec![1, 2]), REG_BINARY, b"[1,2]");
    }

    #[test]
    fn a_value_of_another_program_is_read_or_refused() {
        assert_eq!(i64::decode(REG_DWORD, &[7, 0, 0, 0]).unwrap(), 7);
        assert!(bool::decode(REG_QWORD, &[0, 0, 0, 0, 1, 0, 0, 0]).unwrap());
        assert_eq!(String::decode(REG_SZ, &[0x61, 0]).unwrap(), "a");
        assert_eq!(String::decode(REG_SZ, &[]).unwrap(), "");
        for (kind, bytes) in [(REG_DWORD, &[1][..]), (REG_QWORD, &[0; 4]), (REG_SZ, &[0; 8])] {
            assert!(i64::decode(kind, bytes).is_err());
        }
        assert!(String::decode(REG_SZ, &[0x61]).is_err());
        assert!(Json::<u8>::decode(REG_BINARY, b"[").is_err());
        assert!(Json::<u8>::decode(REG_SZ, b"1").is_err());
    }
}
