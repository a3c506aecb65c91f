//! HRESULT values and system error numbers: their names, and what they mean.

mod codes;
mod win32;

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use win32::Win32Error;

use crate::field::field;

/// The result of a call: negative for a failure.
///
/// ```
/// use hcs_schema::HResult;
///
/// let result = HResult::ERROR_VMCOMPUTE_SYSTEM_NOT_FOUND;
/// assert!(result.is_failure());
/// assert_eq!(result.to_string(), "ERROR_VMCOMPUTE_SYSTEM_NOT_FOUND (0xC037010E)");
/// assert_eq!("ERROR_VMCOMPUTE_SYSTEM_NOT_FOUND".parse(), Ok(result));
/// ```
///
/// In a document it is a signed number of 32 bits; the unsigned form is read too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(transparent)]
pub struct HResult(pub i32);

/// The bits that tell the facility (with the bits reserved above it) of an HRESULT.
const FACILITY_MASK: u32 = 0x1fff_0000;
/// The facility of system error numbers.
const FACILITY_WIN32: u32 = 0x0007_0000;

impl HResult {
    /// The HRESULT of the unsigned number that is usually printed in hexadecimal.
    pub const fn from_u32(code: u32) -> Self {
        Self(code.cast_signed())
    }

    /// The unsigned number that is usually printed in hexadecimal.
    pub const fn as_u32(self) -> u32 {
        self.0.cast_unsigned()
    }

    /// The HRESULT of a system error number; what is an HRESULT already stays as it is.
    pub const fn from_win32(error: Win32Error) -> Self {
        match error.0 {
            0 => Self::S_OK,
            code @ 1..=0xffff => Self::from_u32(0x8000_0000 | FACILITY_WIN32 | code),
            code => Self::from_u32(code),
        }
    }

    /// Whether the call failed.
    pub const fn is_failure(self) -> bool {
        self.0 < 0
    }

    /// The system error number of a failure; none for a success.
    ///
    /// A failure of the Win32 facility gives its low 16 bits, any other the whole HRESULT.
    pub const fn win32(self) -> Option<Win32Error> {
        if !self.is_failure() {
            None
        } else if self.is_of_win32_facility() {
            Some(Win32Error(self.as_u32() & 0xffff))
        } else {
            Some(Win32Error(self.as_u32()))
        }
    }

    const fn is_of_win32_facility(self) -> bool {
        self.as_u32() & FACILITY_MASK == FACILITY_WIN32
    }

    /// The name, such as `HCS_E_INVALID_JSON`; of a system error number that number's name.
    pub fn name(self) -> Option<&'static str> {
        self.known().map(|known| known.name)
    }

    /// What the code means, in a few words.
    pub fn message(self) -> Option<&'static str> {
        self.known().map(|known| known.message)
    }

    fn known(self) -> Option<&'static Known> {
        let code = self.as_u32();
        codes::HRESULTS.iter().find(|known| known.code == code).or_else(|| {
            let low = code & 0xffff;
            let win32 = self.is_failure() && self.is_of_win32_facility();
            win32::ERRORS.iter().find(|known| win32 && known.code == low)
        })
    }

    /// All HRESULTs with a name, but for those of the Win32 facility that only pass on a system
    /// error number.
    pub fn all() -> impl Iterator<Item = Self> {
        codes::HRESULTS.iter().map(|known| Self::from_u32(known.code))
    }
}

/// An entry of a table of codes.
struct Known {
    code: u32,
    name: &'static str,
    message: &'static str,
}

/// Defines a constant for each code, and the table of all.
macro_rules! code_table {
    ($table:ident of $ty:ident by $new:path: $($name:ident = $code:literal, $message:literal;)+) => {
        impl $ty {
            $(#[doc = concat!("`", stringify!($code), "`: ", $message, ".")]
            pub const $name: Self = $new($code);)+
        }

        pub(super) static $table: &[super::Known] = &[
            $(super::Known { code: $code, name: stringify!($name), message: $message },)+
        ];
    };
}
use code_table;

impl From<Win32Error> for HResult {
    fn from(error: Win32Error) -> Self {
        Self::from_win32(error)
    }
}

impl fmt::Display for HResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} (0x{:08X})", self.0),
            None => write!(f, "0x{:08X}", self.0),
        }
    }
}

/// The text is no known name, and no number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "error code {text:?} is no known name and no number; give a name such as HCS_E_INVALID_JSON, or hexadecimal such as 0x8037010D"
)]
#[non_exhaustive]
pub struct ParseCodeError {
    text: String,
}

/// Reads a number, or the number at the end of what a code displays as: in hexadecimal with `0x`,
/// or in decimal, signed or not.
fn parse_number(text: &str) -> Option<u32> {
    let displayed = || text.split_once(" (")?.1.strip_suffix(')');
    let number = displayed().unwrap_or(text);
    match number.strip_prefix("0x").or_else(|| number.strip_prefix("0X")) {
        // The parser would take a sign.
        Some(digits) if !digits.starts_with('+') => u32::from_str_radix(digits, 16).ok(),
        Some(_) => None,
        None => number.parse().ok().or_else(|| number.parse().ok().map(i32::cast_unsigned)),
    }
}

impl FromStr for HResult {
    type Err = ParseCodeError;

    /// Reads a name, a number, or what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, ParseCodeError> {
        let named = |table: &'static [Known]| table.iter().find(|known| known.name == text);
        if let Some(code) = parse_number(text) {
            Ok(Self::from_u32(code))
        } else if let Some(known) = named(codes::HRESULTS) {
            Ok(Self::from_u32(known.code))
        } else if let Some(known) = named(win32::ERRORS) {
            Ok(Win32Error(known.code).into())
        } else {
            Err(ParseCodeError { text: text.to_owned() })
        }
    }
}

impl Serialize for HResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i32(self.0)
    }
}

impl<'de> Deserialize<'de> for HResult {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = i64::deserialize(deserializer)?;
        if let Ok(code) = i32::try_from(code) {
            return Ok(Self(code));
        }
        u32::try_from(code)
            .map(Self::from_u32)
            .map_err(|_| D::Error::invalid_value(Unexpected::Signed(code), &"a number of 32 bits"))
    }
}

field! { HResult => |value| value.0 == 0; }

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_displayed_is_parsed(code in prop_oneof![
            any::<u32>(),
            0x8007_0000..=0x8007_ffff_u32,
            prop::sample::select(HResult::all().map(HResult::as_u32).collect::<Vec<_>>()),
        ]) {
            let code = HResult::from_u32(code);
            prop_assert_eq!(code.to_string().parse(), Ok(code));
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = text.parse::<HResult>();
            let _ = text.parse::<Win32Error>();
        }
    }

    #[test]
    fn a_system_error_number_is_the_low_half_of_its_facility_and_else_the_whole() {
        let win32 = |code| HResult::from_u32(code).win32().map(|error| error.0);
        assert_eq!(win32(0x8007_000d), Some(0xd));
        assert_eq!(win32(0xa007_000d), Some(0xd));
        assert_eq!(win32(0x9007_000d), Some(0x9007_000d));
        assert_eq!(win32(0xc007_000d), Some(0xd));
        assert_eq!(win32(0xc037_010e), Some(0xc037_010e));
        assert_eq!(win32(0x0007_000d), None);
        assert_eq!(win32(0), None);
    }

    #[test]
    fn a_system_error_number_comes_back_from_its_hresult() {
        for code in [1, 2, 5, 0x490, 0xffff, 0xc037_0103, 0x8037_0118] {
            let error = Win32Error(code);
            assert_eq!(HResult::from_win32(error).win32(), Some(error));
        }
        assert_eq!(HResult::from_win32(Win32Error(0)), HResult::S_OK);
    }

    #[test]
    fn codes_and_names_are_there_once() {
        for table in [codes::HRESULTS, win32::ERRORS] {
            let codes: BTreeSet<_> = table.iter().map(|known| known.code).collect();
            assert_eq!(codes.len(), table.len());
        }
        let names = codes::HRESULTS.iter().chain(win32::ERRORS).map(|known| known.name);
        assert_eq!(
            names.collect::<BTreeSet<_>>().len(),
            codes::HRESULTS.len() + win32::ERRORS.len()
        );
    }

    #[test]
    fn numbers_are_parsed_in_each_usual_form() {
        for text in ["0x8037010D", "0X8037010d", "2151088397", "-2143878899", "HCS_E_INVALID_JSON"]
        {
            assert_eq!(text.parse(), Ok(HResult::HCS_E_INVALID_JSON), "{text}");
        }
        for text in ["", "0x", "0x+1", "HCS_E", "0x123456789", "99999999999"] {
            assert!(text.parse::<HResult>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_code_of_the_win32_facility_has_the_name_of_its_number() {
        let code = HResult::from_u32(0x8007_0490);
        assert_eq!(code.to_string(), "ERROR_NOT_FOUND (0x80070490)");
        assert_eq!(HResult::E_ACCESSDENIED.win32(), Some(Win32Error::ERROR_ACCESS_DENIED));
    }

    #[test]
    fn json_takes_both_signs_and_32_bits_only() {
        let read = |text| serde_json::from_str::<HResult>(text);
        assert_eq!(read("-2143878899").unwrap(), HResult::HCS_E_INVALID_JSON);
        assert_eq!(read("2151088397").unwrap(), HResult::HCS_E_INVALID_JSON);
        assert!(read("4294967296").is_err());
        assert!(read("-2147483649").is_err());
    }
}
