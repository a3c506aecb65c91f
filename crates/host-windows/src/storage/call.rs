//! Calls of functions whose arguments are texts.

use std::path::Path;

use compute::error::{Cause, SystemCode};
use hcs_schema::HResult;
use serde::Serialize;

use super::raw::Called;
use crate::wide::Wide;

/// What became of a call, before it is known what it was about.
pub(super) type Outcome<T> = Result<T, Cause>;

/// A text that may turn out to be none that can be given to a function.
pub(super) type Text = Outcome<Wide>;

/// A path as a text.
pub(super) fn path(path: &Path) -> Text {
    Ok(Wide::new(path)?)
}

/// A document as a text.
pub(super) fn json(document: &impl Serialize) -> Text {
    Ok(Wide::json(document)?)
}

/// What a function gave, as an outcome.
pub(super) fn check(called: Called) -> Outcome<()> {
    let hresult = HResult(called?);
    if hresult.is_failure() { Err(SystemCode::from(hresult).into()) } else { Ok(()) }
}

/// A function that reads texts, keeps none of them, and the texts for it.
pub(super) enum Call {
    One(unsafe fn(*const u16) -> Called, [Text; 1]),
    Two(unsafe fn(*const u16, *const u16) -> Called, [Text; 2]),
    Three(unsafe fn(*const u16, *const u16, *const u16) -> Called, [Text; 3]),
    Four(unsafe fn(*const u16, *const u16, *const u16, *const u16) -> Called, [Text; 4]),
}

impl Call {
    /// Makes the call. It blocks.
    pub(super) fn make(self) -> Outcome<()> {
        check(match self {
            Self::One(function, [a]) => {
                let a = a?;
                // SAFETY: the text ends with a NUL.
                unsafe { function(a.as_ptr()) }
            }
            Self::Two(function, [a, b]) => {
                let (a, b) = (a?, b?);
                // SAFETY: the texts end with a NUL.
                unsafe { function(a.as_ptr(), b.as_ptr()) }
            }
            Self::Three(function, [a, b, c]) => {
                let (a, b, c) = (a?, b?, c?);
                // SAFETY: the texts end with a NUL.
                unsafe { function(a.as_ptr(), b.as_ptr(), c.as_ptr()) }
            }
            Self::Four(function, [a, b, c, d]) => {
                let (a, b, c, d) = (a?, b?, c?, d?);
                // SAFETY: the texts end with a NUL.
                unsafe { function(a.as_ptr(), b.as_ptr(), c.as_ptr(), d.as_ptr()) }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wide::read;

    /// Succeeds where the texts are `a` to `d`, in this order.
    unsafe fn four(a: *const u16, b: *const u16, c: *const u16, d: *const u16) -> Called {
        // SAFETY: a call gives texts with a NUL.
        let texts = [a, b, c, d].map(|text| unsafe { read(text) }.unwrap_or_default());
        Ok(if texts == ["a", "b", "c", "d"] { 1 } else { HResult::E_FAIL.0 })
    }

    #[test]
    fn texts_keep_their_order() {
        let texts = |all: [&str; 4]| all.map(|text| path(Path::new(text)));
        assert!(Call::Four(four, texts(["a", "b", "c", "d"])).make().is_ok());
        let error = Call::Four(four, texts(["a", "c", "b", "d"])).make().unwrap_err();
        assert!(matches!(error, Cause::Code(SystemCode(0x8000_4005))), "{error:?}");
        let error = Call::Four(four, texts(["a", "b\0", "c", "d"])).make().unwrap_err();
        assert!(error.to_string().contains("NUL"), "{error}");
    }

    #[test]
    fn a_code_of_win32_is_known_in_an_hresult() {
        let failed = check(Ok(HResult::from_u32(0x8007_0005).0)).unwrap_err();
        assert!(matches!(failed, Cause::Code(SystemCode(5))), "{failed:?}");
    }
}
