//! The functions of computecore.dll. Every text is UTF-16 with a NUL; one that
//! comes back is the caller's ([`LocalString`]). A function that takes an
//! operation begins a call that the operation then tracks.

use std::ffi::c_void;

use windows_sys::Win32::Foundation::{HANDLE, LocalFree};
use windows_sys::Win32::Security::SECURITY_DESCRIPTOR;
use windows_sys::Win32::System::HostComputeSystem::{
    HCS_EVENT_CALLBACK, HCS_EVENT_OPTIONS, HCS_OPERATION, HCS_OPERATION_COMPLETION, HCS_PROCESS,
    HCS_PROCESS_INFORMATION, HCS_SYSTEM,
};
use windows_sys::core::HRESULT;

use crate::dll::{Library, imports};
use crate::wide;

/// The DLL of the compute service's second generation.
static COMPUTECORE: Library = Library::new("computecore.dll");

imports! { COMPUTECORE {
    fn HcsCreateOperation(context: *const c_void, callback: HCS_OPERATION_COMPLETION) -> HCS_OPERATION;
    fn HcsCloseOperation(operation: HCS_OPERATION);
    fn HcsGetOperationResult(operation: HCS_OPERATION, document: *mut *mut u16) -> HRESULT;
    fn HcsGetOperationResultAndProcessInfo(operation: HCS_OPERATION, information: *mut HCS_PROCESS_INFORMATION, document: *mut *mut u16) -> HRESULT;
    fn HcsCancelOperation(operation: HCS_OPERATION) -> HRESULT;

    fn HcsEnumerateComputeSystems(query: *const u16, operation: HCS_OPERATION) -> HRESULT;
    fn HcsCreateComputeSystem(id: *const u16, configuration: *const u16, operation: HCS_OPERATION, security: *const SECURITY_DESCRIPTOR, system: *mut HCS_SYSTEM) -> HRESULT;
    fn HcsOpenComputeSystem(id: *const u16, access: u32, system: *mut HCS_SYSTEM) -> HRESULT;
    fn HcsCloseComputeSystem(system: HCS_SYSTEM);
    fn HcsSetComputeSystemCallback(system: HCS_SYSTEM, options: HCS_EVENT_OPTIONS, context: *const c_void, callback: HCS_EVENT_CALLBACK) -> HRESULT;
    fn HcsStartComputeSystem(system: HCS_SYSTEM, operation: HCS_OPERATION, options: *const u16) -> HRESULT;
    fn HcsShutDownComputeSystem(system: HCS_SYSTEM, operation: HCS_OPERATION, options: *const u16) -> HRESULT;
    fn HcsTerminateComputeSystem(system: HCS_SYSTEM, operation: HCS_OPERATION, options: *const u16) -> HRESULT;
    fn HcsPauseComputeSystem(system: HCS_SYSTEM, operation: HCS_OPERATION, options: *const u16) -> HRESULT;
    fn HcsResumeComputeSystem(system: HCS_SYSTEM, operation: HCS_OPERATION, options: *const u16) -> HRESULT;
    fn HcsSaveComputeSystem(system: HCS_SYSTEM, operation: HCS_OPERATION, options: *const u16) -> HRESULT;
    fn HcsGetComputeSystemProperties(system: HCS_SYSTEM, operation: HCS_OPERATION, query: *const u16) -> HRESULT;
    fn HcsModifyComputeSystem(system: HCS_SYSTEM, operation: HCS_OPERATION, configuration: *const u16, identity: HANDLE) -> HRESULT;

    fn HcsCreateProcess(system: HCS_SYSTEM, parameters: *const u16, operation: HCS_OPERATION, security: *const SECURITY_DESCRIPTOR, process: *mut HCS_PROCESS) -> HRESULT;
    fn HcsOpenProcess(system: HCS_SYSTEM, pid: u32, access: u32, process: *mut HCS_PROCESS) -> HRESULT;
    fn HcsCloseProcess(process: HCS_PROCESS);
    fn HcsSetProcessCallback(process: HCS_PROCESS, options: HCS_EVENT_OPTIONS, context: *const c_void, callback: HCS_EVENT_CALLBACK) -> HRESULT;
    fn HcsTerminateProcess(process: HCS_PROCESS, operation: HCS_OPERATION, options: *const u16) -> HRESULT;
    fn HcsSignalProcess(process: HCS_PROCESS, operation: HCS_OPERATION, options: *const u16) -> HRESULT;
    fn HcsGetProcessInfo(process: HCS_PROCESS, operation: HCS_OPERATION) -> HRESULT;
    fn HcsGetProcessProperties(process: HCS_PROCESS, operation: HCS_OPERATION, query: *const u16) -> HRESULT;
    fn HcsModifyProcess(process: HCS_PROCESS, operation: HCS_OPERATION, settings: *const u16) -> HRESULT;

    fn HcsGetServiceProperties(query: *const u16, result: *mut *mut u16) -> HRESULT;
    fn HcsModifyServiceSettings(settings: *const u16, result: *mut *mut u16) -> HRESULT;
} }

/// A text of computecore.dll, which is its caller's: freed with `LocalFree` when
/// dropped, as Microsoft documents it (`HcsGetOperationResult`).
#[derive(Debug)]
pub(super) struct LocalString(*mut u16);

impl LocalString {
    /// One that a function has not filled in yet.
    pub(super) const fn empty() -> Self {
        Self(std::ptr::null_mut())
    }

    /// Where one function puts its text.
    pub(super) fn out(&mut self) -> *mut *mut u16 {
        &raw mut self.0
    }

    /// Its text; `None` where there is none.
    pub(super) fn text(&self) -> Option<String> {
        // SAFETY: it is null, or what a function of the DLL put there.
        unsafe { wide::read(self.0) }
    }
}

impl Drop for LocalString {
    fn drop(&mut self) {
        if !self.0.is_null() {
            let memory: *mut c_void = self.0.cast();
            // SAFETY: it is ours, made by the allocator that this belongs to.
            unsafe { LocalFree(memory) };
        }
    }
}
