//! Console events for processes of other consoles.

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use compute::error::SystemCode;
use windows_sys::Win32::Foundation::ERROR_ACCESS_DENIED;
use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT, CTRL_SHUTDOWN_EVENT,
};
use windows_sys::Win32::System::Threading::{
    CreateRemoteThread, LPTHREAD_START_ROUTINE, OpenProcess, PROCESS_CREATE_THREAD,
    PROCESS_QUERY_INFORMATION, PROCESS_VM_OPERATION, PROCESS_VM_READ, PROCESS_VM_WRITE,
};

use crate::dll::Library;
use crate::failure::Outcome;
use crate::nt;

static KERNEL32: Library = Library::new("kernel32.dll");

/// What `CreateRemoteThread` asks for.
const ACCESS: u32 = PROCESS_CREATE_THREAD
    | PROCESS_QUERY_INFORMATION
    | PROCESS_VM_OPERATION
    | PROCESS_VM_READ
    | PROCESS_VM_WRITE;

/// The number of a console event, by its name.
pub(super) fn event(name: &str) -> Option<u32> {
    Some(match name {
        "CtrlC" => CTRL_C_EVENT,
        "CtrlBreak" => CTRL_BREAK_EVENT,
        "CtrlClose" => CTRL_CLOSE_EVENT,
        "CtrlLogOff" => CTRL_LOGOFF_EVENT,
        "CtrlShutdown" => CTRL_SHUTDOWN_EVENT,
        _ => return None,
    })
}

/// Tells a process of a console event.
///
/// Windows has no call for that beyond the own console. The reference's way: a thread
/// in the process runs the routine by which the console tells a process itself, which
/// is at the same address in all processes since a boot.
///
/// # Errors
/// There is no such process any more, it is not ours, or the system refuses.
pub(super) fn send(pid: u32, event: u32) -> Outcome<()> {
    let routine = KERNEL32.find(c"CtrlRoutine")?;
    // SAFETY: no pointers.
    let process = unsafe { OpenProcess(ACCESS, 0, pid) };
    if process.is_null() {
        return Err(nt::last_code().into());
    }
    // SAFETY: it was just opened for us.
    let process = unsafe { OwnedHandle::from_raw_handle(process) };
    // SAFETY: the routine is such a function, of a number as a pointer.
    let routine = unsafe { std::mem::transmute::<*const _, LPTHREAD_START_ROUTINE>(routine) };
    let argument = std::ptr::without_provenance(event as usize);
    // SAFETY: the handle is open with the rights for it; the routine is in the process.
    let thread = unsafe {
        CreateRemoteThread(
            process.as_raw_handle(),
            std::ptr::null(),
            0,
            routine,
            argument,
            0,
            std::ptr::null_mut(),
        )
    };
    if thread.is_null() {
        // No thread begins in a process that ends.
        return Err(match nt::last_code() {
            SystemCode(ERROR_ACCESS_DENIED) => SystemCode::ERR_PROCESS_ALREADY_STOPPED,
            code => code,
        }
        .into());
    }
    // SAFETY: it was just made for us; nobody waits for it.
    drop(unsafe { OwnedHandle::from_raw_handle(thread) });
    Ok(())
}
