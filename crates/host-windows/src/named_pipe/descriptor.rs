//! Who may do what with an object, from its text form.

use std::ffi::c_void;
use std::io;

use windows_sys::Win32::Foundation::LocalFree;
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1,
};
use windows_sys::Win32::Security::SECURITY_ATTRIBUTES;

use super::PipeError;
use crate::wide::Wide;

/// A security descriptor of the system's own memory, freed when dropped.
#[derive(Debug)]
pub struct SecurityDescriptor(*mut c_void);

// SAFETY: the memory is nobody else's and is only read.
unsafe impl Send for SecurityDescriptor {}
// SAFETY: as above.
unsafe impl Sync for SecurityDescriptor {}

impl SecurityDescriptor {
    /// One from the Security Descriptor Definition Language, such as
    /// `D:P(A;;GA;;;BA)(A;;GA;;;SY)`.
    ///
    /// # Errors
    /// The text is not a descriptor.
    pub fn parse(sddl: &str) -> Result<Self, PipeError> {
        let failed = |source| PipeError::Descriptor { sddl: sddl.to_owned(), source };
        let text =
            Wide::new(sddl).map_err(|e| failed(io::Error::new(io::ErrorKind::InvalidInput, e)))?;
        let mut descriptor = std::ptr::null_mut();
        // SAFETY: the text ends with a NUL, and the result goes to our variable.
        let done = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text.as_ptr(),
                SDDL_REVISION_1,
                &raw mut descriptor,
                std::ptr::null_mut(),
            )
        };
        if done == 0 {
            return Err(failed(io::Error::last_os_error()));
        }
        Ok(Self(descriptor))
    }

    /// The descriptor for a function that makes an object, whose handle no child
    /// inherits. Valid as long as `self`.
    pub(crate) fn attributes(&self) -> SECURITY_ATTRIBUTES {
        SECURITY_ATTRIBUTES {
            nLength: const { size_of_u32::<SECURITY_ATTRIBUTES>() },
            lpSecurityDescriptor: self.0,
            bInheritHandle: 0,
        }
    }
}

/// The size of a small structure, as Windows counts it.
#[allow(clippy::cast_possible_truncation, reason = "evaluated by the compiler, which checks it")]
pub(crate) const fn size_of_u32<T>() -> u32 {
    assert!(size_of::<T>() < 0x1_0000);
    size_of::<T>() as u32
}

impl Drop for SecurityDescriptor {
    fn drop(&mut self) {
        // SAFETY: the conversion allocated it for us with LocalAlloc.
        unsafe { LocalFree(self.0) };
    }
}
