//! The functions of vmcompute.dll. Every text is UTF-16 with a NUL; a text that
//! comes back is the caller's ([`CoTaskString`](crate::wide::CoTaskString)).

use std::ffi::c_void;

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::core::HRESULT;

use crate::dll::{Library, imports};

/// The DLL of the compute service's first generation.
pub(crate) static VMCOMPUTE: Library = Library::new("vmcompute.dll");

/// A compute system.
pub(crate) type System = *mut c_void;
/// A process of a compute system.
pub(crate) type Process = *mut c_void;
/// A callback that is registered.
pub(crate) type Callback = *mut c_void;
/// What is called: the kind of notification, the context that was registered,
/// the status of what happened, and a text that lives as long as the call.
pub(crate) type Notify = unsafe extern "system" fn(u32, *const c_void, HRESULT, *const u16);

/// A process and its streams; a handle that there is none of is null.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProcessInformation {
    pub(crate) process_id: u32,
    pub(crate) reserved: u32,
    pub(crate) std_input: HANDLE,
    pub(crate) std_output: HANDLE,
    pub(crate) std_error: HANDLE,
}

impl ProcessInformation {
    /// One that a function has not filled in yet.
    pub(crate) const fn empty() -> Self {
        let none = std::ptr::null_mut();
        Self { process_id: 0, reserved: 0, std_input: none, std_output: none, std_error: none }
    }
}

imports! { VMCOMPUTE {
    fn HcsEnumerateComputeSystems(query: *const u16, systems: *mut *mut u16, result: *mut *mut u16) -> HRESULT;
    fn HcsCreateComputeSystem(id: *const u16, configuration: *const u16, identity: HANDLE, system: *mut System, result: *mut *mut u16) -> HRESULT;
    fn HcsOpenComputeSystem(id: *const u16, system: *mut System, result: *mut *mut u16) -> HRESULT;
    fn HcsCloseComputeSystem(system: System) -> HRESULT;
    fn HcsStartComputeSystem(system: System, options: *const u16, result: *mut *mut u16) -> HRESULT;
    fn HcsShutdownComputeSystem(system: System, options: *const u16, result: *mut *mut u16) -> HRESULT;
    fn HcsTerminateComputeSystem(system: System, options: *const u16, result: *mut *mut u16) -> HRESULT;
    fn HcsPauseComputeSystem(system: System, options: *const u16, result: *mut *mut u16) -> HRESULT;
    fn HcsResumeComputeSystem(system: System, options: *const u16, result: *mut *mut u16) -> HRESULT;
    fn HcsSaveComputeSystem(system: System, options: *const u16, result: *mut *mut u16) -> HRESULT;
    fn HcsGetComputeSystemProperties(system: System, query: *const u16, properties: *mut *mut u16, result: *mut *mut u16) -> HRESULT;
    fn HcsModifyComputeSystem(system: System, configuration: *const u16, result: *mut *mut u16) -> HRESULT;
    fn HcsRegisterComputeSystemCallback(system: System, callback: Notify, context: *const c_void, registration: *mut Callback) -> HRESULT;
    fn HcsUnregisterComputeSystemCallback(registration: Callback) -> HRESULT;

    fn HcsCreateProcess(system: System, parameters: *const u16, information: *mut ProcessInformation, process: *mut Process, result: *mut *mut u16) -> HRESULT;
    fn HcsOpenProcess(system: System, pid: u32, process: *mut Process, result: *mut *mut u16) -> HRESULT;
    fn HcsCloseProcess(process: Process) -> HRESULT;
    fn HcsTerminateProcess(process: Process, result: *mut *mut u16) -> HRESULT;
    fn HcsSignalProcess(process: Process, options: *const u16, result: *mut *mut u16) -> HRESULT;
    fn HcsGetProcessInfo(process: Process, information: *mut ProcessInformation, result: *mut *mut u16) -> HRESULT;
    fn HcsGetProcessProperties(process: Process, properties: *mut *mut u16, result: *mut *mut u16) -> HRESULT;
    fn HcsModifyProcess(process: Process, settings: *const u16, result: *mut *mut u16) -> HRESULT;
    fn HcsRegisterProcessCallback(process: Process, callback: Notify, context: *const c_void, registration: *mut Callback) -> HRESULT;
    fn HcsUnregisterProcessCallback(registration: Callback) -> HRESULT;

    fn HcsGetServiceProperties(query: *const u16, properties: *mut *mut u16, result: *mut *mut u16) -> HRESULT;
    fn HcsModifyServiceSettings(settings: *const u16, result: *mut *mut u16) -> HRESULT;

    fn HNSCall(method: *const u16, path: *const u16, body: *const u16, response: *mut *mut u16) -> HRESULT;
} }
