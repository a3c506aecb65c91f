//! The standard output of this program, given up.

use std::io;

use windows_sys::Win32::Foundation::{CloseHandle, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::Console::{
    GetStdHandle, STD_ERROR_HANDLE, STD_OUTPUT_HANDLE, SetStdHandle,
};

/// Closes it, so that whoever reads it sees its end. What is written afterwards is
/// lost without an error.
///
/// Call it once, while no other thread writes there.
///
/// # Errors
/// The system refuses.
pub fn close() -> io::Result<()> {
    // SAFETY: the calls take no pointers.
    let (output, error) =
        unsafe { (GetStdHandle(STD_OUTPUT_HANDLE), GetStdHandle(STD_ERROR_HANDLE)) };
    if output.is_null() || output == INVALID_HANDLE_VALUE {
        return Ok(());
    }
    // SAFETY: no handle is a value that the call takes.
    if unsafe { SetStdHandle(STD_OUTPUT_HANDLE, std::ptr::null_mut()) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // Who starts a program may give one handle for both.
    if output == error {
        return Ok(());
    }
    // SAFETY: std asks for the handle at each write and has none any more.
    if unsafe { CloseHandle(output) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
