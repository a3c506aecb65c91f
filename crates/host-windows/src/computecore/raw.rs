//! The functions of computecore.dll, as C has them.
//!
//! Texts are UTF-16 with a NUL. A text that is given back is the caller's, to be
//! freed with `LocalFree`. A function that takes an operation begins a call that
//! the operation then tracks.

use std::ffi::c_void;

use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::Security::SECURITY_DESCRIPTOR;
use windows_sys::Win32::System::HostComputeSystem::{
    HCS_CREATE_OPTIONS, HCS_EVENT_CALLBACK, HCS_EVENT_OPTIONS, HCS_OPERATION,
    HCS_OPERATION_COMPLETION, HCS_OPERATION_OPTIONS, HCS_OPERATION_TYPE, HCS_PROCESS,
    HCS_PROCESS_INFORMATION, HCS_RESOURCE_TYPE, HCS_SYSTEM,
};
use windows_sys::core::HRESULT;

use crate::dll::{DllError, Library};

/// The DLL of the compute service's second generation: Windows 10 1809, Windows
/// Server 2019 and later.
pub static COMPUTECORE: Library = Library::new("computecore.dll");

/// A socket as a resource of an operation (`HcsResourceTypeSocket`).
pub const RESOURCE_TYPE_SOCKET: HCS_RESOURCE_TYPE = 4;

/// Declares the functions: what [`crate::dll::imports`] finds, for all to call.
macro_rules! functions {
    ($($(#[$attribute:meta])* fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)?;)*) => {
        mod found {
            use super::*;
            $crate::dll::imports! { super::COMPUTECORE {
                $(fn $name($($argument: $type),*) $(-> $result)?;)*
            } }
        }
        $(
            $(#[$attribute])*
            ///
            /// # Errors
            /// The DLL or the function is missing.
            ///
            /// # Safety
            /// Handles are open, texts end with a NUL, and what the function
            /// writes to can be written to.
            #[allow(non_snake_case)]
            pub unsafe fn $name($($argument: $type),*)
                -> Result<$crate::dll::imports!(@result $($result)?), DllError>
            {
                // SAFETY: the caller keeps what the function asks for.
                unsafe { found::$name($($argument),*) }
            }
        )*
    };
}

functions! {
    /// Makes an operation; the callback is called when what it tracks is done. Null where there
    /// is no memory.
    fn HcsCreateOperation(
        context: *const c_void,
        callback: HCS_OPERATION_COMPLETION,
    ) -> HCS_OPERATION;
    /// Makes an operation whose callback is told of progress too.
    fn HcsCreateOperationWithNotifications(
        event_types: HCS_OPERATION_OPTIONS,
        context: *const c_void,
        callback: HCS_EVENT_CALLBACK,
    ) -> HCS_OPERATION;
    /// Closes an operation. It may be called from its callback.
    fn HcsCloseOperation(operation: HCS_OPERATION);
    /// The context of an operation's callback.
    fn HcsGetOperationContext(operation: HCS_OPERATION) -> *mut c_void;
    /// Sets the context of an operation's callback.
    fn HcsSetOperationContext(operation: HCS_OPERATION, context: *const c_void) -> HRESULT;
    /// The compute system that an operation is about; null for none.
    fn HcsGetComputeSystemFromOperation(operation: HCS_OPERATION) -> HCS_SYSTEM;
    /// The process that an operation is about; null for none.
    fn HcsGetProcessFromOperation(operation: HCS_OPERATION) -> HCS_PROCESS;
    /// What an operation tracks.
    fn HcsGetOperationType(operation: HCS_OPERATION) -> HCS_OPERATION_TYPE;
    /// The number of an operation.
    fn HcsGetOperationId(operation: HCS_OPERATION) -> u64;
    /// The result of an operation and its document, which the caller frees with `LocalFree`.
    fn HcsGetOperationResult(operation: HCS_OPERATION, result_document: *mut *mut u16) -> HRESULT;
    /// The same with the process that the operation was about and its pipes, which are the
    /// caller's.
    fn HcsGetOperationResultAndProcessInfo(
        operation: HCS_OPERATION,
        process_information: *mut HCS_PROCESS_INFORMATION,
        result_document: *mut *mut u16,
    ) -> HRESULT;
    /// Hands a handle to the call that the operation is for.
    fn HcsAddResourceToOperation(
        operation: HCS_OPERATION,
        kind: HCS_RESOURCE_TYPE,
        uri: *const u16,
        handle: HANDLE,
    ) -> HRESULT;
    /// The processor features that a saved virtual machine needs.
    fn HcsGetProcessorCompatibilityFromSavedState(
        runtime_file_name: *const u16,
        processor_features: *mut *const u16,
    ) -> HRESULT;
    /// Waits for the result of an operation.
    fn HcsWaitForOperationResult(
        operation: HCS_OPERATION,
        timeout_ms: u32,
        result_document: *mut *mut u16,
    ) -> HRESULT;
    /// Waits for the result of an operation about a process.
    fn HcsWaitForOperationResultAndProcessInfo(
        operation: HCS_OPERATION,
        timeout_ms: u32,
        process_information: *mut HCS_PROCESS_INFORMATION,
        result_document: *mut *mut u16,
    ) -> HRESULT;
    /// Sets the callback of an operation.
    fn HcsSetOperationCallback(
        operation: HCS_OPERATION,
        context: *const c_void,
        callback: HCS_OPERATION_COMPLETION,
    ) -> HRESULT;
    /// Cancels what an operation tracks. Microsoft documents it as not implemented (`E_NOTIMPL`).
    fn HcsCancelOperation(operation: HCS_OPERATION) -> HRESULT;
    /// Properties of an operation.
    fn HcsGetOperationProperties(
        operation: HCS_OPERATION,
        options: *const u16,
        result_document: *mut *mut u16,
    ) -> HRESULT;
    /// Lists the compute systems that a query selects.
    fn HcsEnumerateComputeSystems(query: *const u16, operation: HCS_OPERATION) -> HRESULT;
    /// Lists the compute systems of a namespace that a query selects.
    fn HcsEnumerateComputeSystemsInNamespace(
        id_namespace: *const u16,
        query: *const u16,
        operation: HCS_OPERATION,
    ) -> HRESULT;
    /// Makes a compute system. The handle is there when the call returns, also where the
    /// operation fails later.
    fn HcsCreateComputeSystem(
        id: *const u16,
        configuration: *const u16,
        operation: HCS_OPERATION,
        security_descriptor: *const SECURITY_DESCRIPTOR,
        system: *mut HCS_SYSTEM,
    ) -> HRESULT;
    /// Makes a compute system in a namespace.
    fn HcsCreateComputeSystemInNamespace(
        id_namespace: *const u16,
        id: *const u16,
        configuration: *const u16,
        operation: HCS_OPERATION,
        options: *const HCS_CREATE_OPTIONS,
        system: *mut HCS_SYSTEM,
    ) -> HRESULT;
    /// Opens a compute system.
    fn HcsOpenComputeSystem(
        id: *const u16,
        requested_access: u32,
        system: *mut HCS_SYSTEM,
    ) -> HRESULT;
    /// Opens a compute system of a namespace.
    fn HcsOpenComputeSystemInNamespace(
        id_namespace: *const u16,
        id: *const u16,
        requested_access: u32,
        system: *mut HCS_SYSTEM,
    ) -> HRESULT;
    /// Closes a compute system's handle. Its callback is not called any more afterwards.
    fn HcsCloseComputeSystem(system: HCS_SYSTEM);
    /// Starts a compute system.
    fn HcsStartComputeSystem(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        options: *const u16,
    ) -> HRESULT;
    /// Asks a compute system to end.
    fn HcsShutDownComputeSystem(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        options: *const u16,
    ) -> HRESULT;
    /// Ends a compute system.
    fn HcsTerminateComputeSystem(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        options: *const u16,
    ) -> HRESULT;
    /// Has a virtual machine crash.
    fn HcsCrashComputeSystem(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        options: *const u16,
    ) -> HRESULT;
    /// Freezes a compute system.
    fn HcsPauseComputeSystem(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        options: *const u16,
    ) -> HRESULT;
    /// Lets a frozen compute system go on.
    fn HcsResumeComputeSystem(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        options: *const u16,
    ) -> HRESULT;
    /// Saves a compute system.
    fn HcsSaveComputeSystem(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        options: *const u16,
    ) -> HRESULT;
    /// Asks for properties of a compute system.
    fn HcsGetComputeSystemProperties(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        property_query: *const u16,
    ) -> HRESULT;
    /// Changes a compute system.
    fn HcsModifyComputeSystem(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        configuration: *const u16,
        identity: HANDLE,
    ) -> HRESULT;
    /// Waits for the end of a compute system.
    fn HcsWaitForComputeSystemExit(
        system: HCS_SYSTEM,
        timeout_ms: u32,
        result: *mut *mut u16,
    ) -> HRESULT;
    /// Sets what is told of a compute system's events.
    fn HcsSetComputeSystemCallback(
        system: HCS_SYSTEM,
        options: HCS_EVENT_OPTIONS,
        context: *const c_void,
        callback: HCS_EVENT_CALLBACK,
    ) -> HRESULT;
    /// Prepares a virtual machine to migrate to another host.
    fn HcsInitializeLiveMigrationOnSource(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        options: *const u16,
    ) -> HRESULT;
    /// Begins a migration on the host that the machine leaves.
    fn HcsStartLiveMigrationOnSource(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        options: *const u16,
    ) -> HRESULT;
    /// Begins to carry memory over.
    fn HcsStartLiveMigrationTransfer(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        options: *const u16,
    ) -> HRESULT;
    /// Ends a migration.
    fn HcsFinalizeLiveMigration(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        options: *const u16,
    ) -> HRESULT;
    /// Gives a migration up.
    fn HcsCancelLiveMigration(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        options: *const u16,
    ) -> HRESULT;
    /// Starts a process. The handle is there when the call returns.
    fn HcsCreateProcess(
        system: HCS_SYSTEM,
        process_parameters: *const u16,
        operation: HCS_OPERATION,
        security_descriptor: *const SECURITY_DESCRIPTOR,
        process: *mut HCS_PROCESS,
    ) -> HRESULT;
    /// Opens a process.
    fn HcsOpenProcess(
        system: HCS_SYSTEM,
        process_id: u32,
        requested_access: u32,
        process: *mut HCS_PROCESS,
    ) -> HRESULT;
    /// Closes a process's handle. Its callback is not called any more afterwards.
    fn HcsCloseProcess(process: HCS_PROCESS);
    /// Ends a process.
    fn HcsTerminateProcess(
        process: HCS_PROCESS,
        operation: HCS_OPERATION,
        options: *const u16,
    ) -> HRESULT;
    /// Signals a process.
    fn HcsSignalProcess(
        process: HCS_PROCESS,
        operation: HCS_OPERATION,
        options: *const u16,
    ) -> HRESULT;
    /// Asks for a process's id and pipes.
    fn HcsGetProcessInfo(process: HCS_PROCESS, operation: HCS_OPERATION) -> HRESULT;
    /// Asks for properties of a process.
    fn HcsGetProcessProperties(
        process: HCS_PROCESS,
        operation: HCS_OPERATION,
        property_query: *const u16,
    ) -> HRESULT;
    /// Changes a process.
    fn HcsModifyProcess(
        process: HCS_PROCESS,
        operation: HCS_OPERATION,
        settings: *const u16,
    ) -> HRESULT;
    /// Sets what is told of a process's events.
    fn HcsSetProcessCallback(
        process: HCS_PROCESS,
        options: HCS_EVENT_OPTIONS,
        context: *const c_void,
        callback: HCS_EVENT_CALLBACK,
    ) -> HRESULT;
    /// Waits for the end of a process.
    fn HcsWaitForProcessExit(
        process: HCS_PROCESS,
        timeout_ms: u32,
        result: *mut *mut u16,
    ) -> HRESULT;
    /// Asks for properties of the service.
    fn HcsGetServiceProperties(property_query: *const u16, result: *mut *mut u16) -> HRESULT;
    /// Changes settings of the service.
    fn HcsModifyServiceSettings(settings: *const u16, result: *mut *mut u16) -> HRESULT;
    /// Submits a report to Windows Error Reporting.
    fn HcsSubmitWerReport(settings: *const u16) -> HRESULT;
    /// Makes a file for a virtual machine's guest state.
    fn HcsCreateEmptyGuestStateFile(guest_state_file_path: *const u16) -> HRESULT;
    /// Makes a file for a virtual machine's runtime state.
    fn HcsCreateEmptyRuntimeStateFile(runtime_state_file_path: *const u16) -> HRESULT;
    /// Lets a virtual machine use a file.
    fn HcsGrantVmAccess(vm_id: *const u16, file_path: *const u16) -> HRESULT;
    /// Takes that back.
    fn HcsRevokeVmAccess(vm_id: *const u16, file_path: *const u16) -> HRESULT;
    /// Lets all virtual machines use a file.
    fn HcsGrantVmGroupAccess(file_path: *const u16) -> HRESULT;
    /// Takes that back.
    fn HcsRevokeVmGroupAccess(file_path: *const u16) -> HRESULT;
}
