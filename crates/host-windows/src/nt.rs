//! The kernel's own calls: names of its objects, and its status codes.

use compute::error::SystemCode;
use windows_sys::Wdk::Foundation::OBJECT_ATTRIBUTES;
use windows_sys::Win32::Foundation::{
    ERROR_FILENAME_EXCED_RANGE, GetLastError, NTSTATUS, OBJ_CASE_INSENSITIVE,
    RtlNtStatusToDosError, STATUS_SUCCESS, UNICODE_STRING,
};

use crate::named_pipe::size_of_u32;

/// Makes a call about an object of this name, from the root of the kernel's
/// objects. The case of the name does not count.
///
/// # Errors
/// The name is longer than the kernel can tell, and those of the call.
pub(crate) fn with_name<T, E: From<SystemCode>>(
    name: &[u16],
    call: impl FnOnce(*const OBJECT_ATTRIBUTES) -> Result<T, E>,
) -> Result<T, E> {
    let size = u16::try_from(size_of_val(name));
    let size = size.map_err(|_| SystemCode(ERROR_FILENAME_EXCED_RANGE))?;
    let text = UNICODE_STRING {
        Length: size,
        MaximumLength: size,
        // The kernel only reads it.
        Buffer: name.as_ptr().cast_mut(),
    };
    let attributes = OBJECT_ATTRIBUTES {
        Length: const { size_of_u32::<OBJECT_ATTRIBUTES>() },
        ObjectName: &raw const text,
        Attributes: OBJ_CASE_INSENSITIVE,
        ..OBJECT_ATTRIBUTES::default()
    };
    call(&raw const attributes)
}

/// The outcome of a call. Only success itself is one: what the kernel could not
/// do in full is told by its code.
pub(crate) fn check(status: NTSTATUS) -> Result<(), SystemCode> {
    match status {
        STATUS_SUCCESS => Ok(()),
        // SAFETY: takes a number.
        status => Err(SystemCode(unsafe { RtlNtStatusToDosError(status) })),
    }
}

/// The code of the call that just failed on this thread.
pub(crate) fn last_code() -> SystemCode {
    // SAFETY: no arguments.
    SystemCode(unsafe { GetLastError() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_becomes_a_code() {
        assert_eq!(check(0), Ok(()));
        let code = |status: u32| check(status.cast_signed()).unwrap_err().0;
        assert_eq!([0xc000_0034, 0x8000_0005, 0xc000_0022].map(code), [2, 234, 5]);
    }

    #[test]
    fn a_name_without_end_is_refused() {
        let name = vec![0x61; 0x8000];
        let code = with_name(&name, |_| Ok::<_, SystemCode>(())).unwrap_err();
        assert_eq!(code, SystemCode(ERROR_FILENAME_EXCED_RANGE));
    }
}
