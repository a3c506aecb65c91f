//! Arguments as C gives them.
//!
//! Only a caller in C makes values of these types, by calling a function that has
//! them as arguments; so what the services' documentation asks of callers holds of
//! each of them: it is null, or points to what its type says as long as the call
//! lasts.

use hcs_schema::HResult;
use windows_sys::Win32::System::Com::CoTaskMemAlloc;

/// A UTF-16 string with a NUL at its end, or null.
#[repr(transparent)]
#[derive(Debug)]
pub struct Text(*const u16);

impl Text {
    /// What it says; none where it is null. What is no text becomes U+FFFD.
    pub fn get(&self) -> Option<String> {
        if self.0.is_null() {
            return None;
        }
        let mut length = 0;
        // SAFETY: up to its NUL the string is there, see above.
        while unsafe { *self.0.add(length) } != 0 {
            length += 1;
        }
        // SAFETY: as before.
        Some(String::from_utf16_lossy(unsafe { std::slice::from_raw_parts(self.0, length) }))
    }

    /// What it says; nothing where it is null.
    pub fn or_empty(&self) -> String {
        self.get().unwrap_or_default()
    }

    /// What it says.
    ///
    /// # Errors
    /// `E_INVALIDARG` where it is null.
    pub fn required(&self) -> Result<String, HResult> {
        self.get().ok_or(HResult::E_INVALIDARG)
    }
}

/// Where a function puts a result, or null where the caller wants none.
#[repr(transparent)]
#[derive(Debug)]
pub struct Out<T>(*mut T);

impl<T> Out<T> {
    /// Whether nobody wants the result.
    pub fn is_null(&self) -> bool {
        self.0.is_null()
    }

    /// # Errors
    /// `E_POINTER` where it is null.
    pub fn required(&self) -> Result<(), HResult> {
        if self.is_null() { Err(HResult::E_POINTER) } else { Ok(()) }
    }

    /// Puts the result there, where it is wanted.
    pub fn set(&self, value: T) {
        if !self.0.is_null() {
            // SAFETY: it points to room for a value, see above. What is there
            // need not be one.
            unsafe { self.0.write(value) };
        }
    }
}

impl Out<*mut u16> {
    /// Puts a string there that the caller frees, with `CoTaskMemFree` or
    /// `LocalFree`: both give memory back to the heap of the process, where this
    /// is from. No text is null.
    ///
    /// # Errors
    /// `E_OUTOFMEMORY`; the pointer is null then.
    pub fn set_text(&self, text: Option<&str>) -> Result<(), HResult> {
        self.set(std::ptr::null_mut());
        let Some(text) = text.filter(|_| !self.is_null()) else {
            return Ok(());
        };
        let units = wide(text);
        // SAFETY: the function takes any size.
        let memory: *mut u16 = unsafe { CoTaskMemAlloc(size_of_val(units.as_slice())) }.cast();
        if memory.is_null() {
            return Err(HResult::E_OUTOFMEMORY);
        }
        // SAFETY: there is room for them, and nobody else has this memory yet.
        unsafe { memory.copy_from_nonoverlapping(units.as_ptr(), units.len()) };
        self.set(memory);
        Ok(())
    }
}

/// The text in UTF-16 with a NUL at its end.
pub fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::Foundation::LocalFree;
    use windows_sys::Win32::System::Com::CoTaskMemFree;

    use super::*;

    #[test]
    fn a_string_is_freed_either_way() {
        let mut text = std::ptr::null_mut();
        for round in 0..100 {
            Out(&raw mut text).set_text(Some("aé𝄞")).unwrap();
            assert_eq!(Text(text).get().as_deref(), Some("aé𝄞"));
            // SAFETY: it is ours, and is not used again.
            unsafe {
                if round % 2 == 0 {
                    CoTaskMemFree(text.cast());
                } else {
                    assert!(LocalFree(text.cast()).is_null());
                }
            }
        }
        Out(&raw mut text).set_text(None).unwrap();
        assert!(text.is_null());
    }

    #[test]
    fn null_is_no_text_and_wants_nothing() {
        assert_eq!(Text(std::ptr::null()).get(), None);
        assert_eq!(Text(std::ptr::null()).required(), Err(HResult::E_INVALIDARG));
        let nowhere = Out::<*mut u16>(std::ptr::null_mut());
        nowhere.set_text(Some("x")).unwrap();
        assert_eq!(nowhere.required(), Err(HResult::E_POINTER));
    }
}
