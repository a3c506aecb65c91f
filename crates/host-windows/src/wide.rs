//! UTF-16 text at the border to Windows.

use std::ffi::{OsStr, c_void};
use std::fmt;
use std::os::windows::ffi::OsStrExt;

use crate::dll::{DllError, Library, imports};

/// A UTF-16 string with a NUL at its end, for a function that reads one.
#[derive(Clone, PartialEq, Eq)]
pub struct Wide(Vec<u16>);

/// A text has a NUL inside, and Windows would see only what is before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} has a NUL character inside")]
pub struct NulError(pub String);

impl Wide {
    /// # Errors
    /// The text has a NUL inside.
    pub fn new(text: impl AsRef<OsStr>) -> Result<Self, NulError> {
        let text = text.as_ref();
        let mut units: Vec<u16> = text.encode_wide().collect();
        if units.contains(&0) {
            return Err(NulError(text.to_string_lossy().into_owned()));
        }
        units.push(0);
        Ok(Self(units))
    }

    /// A document. JSON that `serde_json` writes has no NUL: it escapes them.
    ///
    /// # Errors
    /// The value cannot be JSON.
    pub fn json(value: &impl serde::Serialize) -> serde_json::Result<Self> {
        let mut units: Vec<u16> = serde_json::to_string(value)?.encode_utf16().collect();
        units.push(0);
        Ok(Self(units))
    }

    /// Where it begins.
    pub fn as_ptr(&self) -> *const u16 {
        self.0.as_ptr()
    }

    /// The units, without the NUL.
    pub fn units(&self) -> &[u16] {
        self.0.split_last().map_or(&[], |(_, units)| units)
    }
}

impl fmt::Debug for Wide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&String::from_utf16_lossy(self.units()), f)
    }
}

/// The text at a pointer to UTF-16 with a NUL; `None` where the pointer is null.
/// A unit that is no text becomes U+FFFD.
///
/// # Safety
/// The pointer is null, or to units that end with a NUL.
pub unsafe fn read(text: *const u16) -> Option<String> {
    if text.is_null() {
        return None;
    }
    let mut length = 0;
    // SAFETY: up to the NUL all units are the string's.
    while unsafe { *text.add(length) } != 0 {
        length += 1;
    }
    // SAFETY: these units were just looked at.
    Some(String::from_utf16_lossy(unsafe { std::slice::from_raw_parts(text, length) }))
}

static COMBASE: Library = Library::new("combase.dll");
static OLE32: Library = Library::new("ole32.dll");

mod combase {
    super::imports! { super::COMBASE { fn CoTaskMemFree(memory: *const std::ffi::c_void); } }
}
mod ole32 {
    super::imports! { super::OLE32 { fn CoTaskMemFree(memory: *const std::ffi::c_void); } }
}

/// A string that a service made for its caller, who owns it: freed when dropped.
pub struct CoTaskString(*mut u16);

// SAFETY: the memory is nobody else's, and COM's allocator is free-threaded.
unsafe impl Send for CoTaskString {}

impl CoTaskString {
    /// One that a function has not filled in yet: give it [`CoTaskString::out`].
    pub const fn empty() -> Self {
        Self(std::ptr::null_mut())
    }

    /// Takes a string over.
    ///
    /// # Safety
    /// The pointer is null, or to a string with a NUL that `CoTaskMemAlloc` made
    /// and nobody else frees.
    pub unsafe fn from_raw(text: *mut u16) -> Self {
        Self(text)
    }

    /// Where a function puts the string. What was there before is freed.
    pub fn out(&mut self) -> *mut *mut u16 {
        self.free();
        &raw mut self.0
    }

    /// Its text; `None` where there is no string.
    pub fn text(&self) -> Option<String> {
        // SAFETY: `from_raw` and the functions that `out` is given to make it so.
        unsafe { read(self.0) }
    }

    fn free(&mut self) {
        let memory = std::mem::replace(&mut self.0, std::ptr::null_mut());
        if !memory.is_null() {
            let memory: *const c_void = memory.cast();
            // SAFETY: it is ours, and was made by COM's allocator, which both
            // DLLs have. Nano Server lacks the second, old Windows the first.
            let freed: Result<(), DllError> =
                unsafe { combase::CoTaskMemFree(memory).or_else(|_| ole32::CoTaskMemFree(memory)) };
            debug_assert!(freed.is_ok(), "{freed:?}");
        }
    }
}

impl Drop for CoTaskString {
    fn drop(&mut self) {
        self.free();
    }
}

impl fmt::Debug for CoTaskString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_ends_with_one_nul() {
        let wide = Wide::new("aé𝄞").unwrap();
        assert_eq!(wide.units(), [0x61, 0xe9, 0xd834, 0xdd1e]);
        // SAFETY: it ends with a NUL.
        assert_eq!(unsafe { read(wide.as_ptr()) }.as_deref(), Some("aé𝄞"));
        assert_eq!(Wide::new("a\0b"), Err(NulError("a\0b".into())));
        assert_eq!(format!("{:?}", Wide::json(&"a\0").unwrap()), r#""\"a\\u0000\"""#);
    }

    #[test]
    fn no_string_is_no_text() {
        assert_eq!(CoTaskString::empty().text(), None);
    }
}
