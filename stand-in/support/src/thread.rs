//! Threads of the DLL.

use std::io;
use std::sync::Once;
use std::thread::Builder;

use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
};

/// These threads copy bytes and call callbacks of C, which have their own idea of
/// what they need: the usual size of Windows.
const STACK: usize = 1 << 20;

/// Starts a thread of the DLL.
pub(crate) fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    stay();
    Builder::new().name(name.into()).stack_size(STACK).spawn(work).map(drop)
}

/// Keeps the DLL loaded for good: its threads run its code, so that a caller's
/// `FreeLibrary` must not take it away.
pub(crate) fn stay() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let flags = GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS;
        let mut module = std::ptr::null_mut();
        let here: fn() = stay;
        // SAFETY: the address is in this module, and the handle is not kept.
        unsafe { GetModuleHandleExW(flags, here as *const u16, &raw mut module) };
    });
}
