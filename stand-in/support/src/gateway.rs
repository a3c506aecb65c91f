//! The way to the gateway.

use std::ffi::c_void;

use hcs_schema::HResult;
use stand_in::Client;
use stand_in::protocol;

use windows_sys::Win32::System::SystemServices::DLL_PROCESS_DETACH;

use crate::Failure;

type Told = extern "system" fn(*mut c_void, u32, *mut c_void);

/// Has Windows tell of the process's end, as of a thread's: a `DllMain` would be
/// one more export.
#[used]
#[unsafe(link_section = ".CRT$XLB")]
static TOLD: Told = told;

/// The service closes the handles of a process that ends without having closed them.
extern "system" fn told(_: *mut c_void, reason: u32, _: *mut c_void) {
    if reason == DLL_PROCESS_DETACH {
        Client::hang_up();
    }
}

/// The connection that the calls of this process share, made at the first one.
///
/// # Errors
/// `HCS_E_SERVICE_NOT_AVAILABLE`: no gateway is there.
pub fn client() -> Result<Client, Failure> {
    crate::thread::stay();
    // What nobody reads, the linker leaves out.
    std::hint::black_box(&TOLD);
    Client::from_env().map_err(|error| {
        let message = format!(
            "{error}; the stand-in for the Windows service needs hcs-gateway to run, {} to name its address and {} its secret",
            protocol::ADDRESS,
            protocol::SECRET
        );
        Failure::new(HResult::HCS_E_SERVICE_NOT_AVAILABLE, message)
    })
}
