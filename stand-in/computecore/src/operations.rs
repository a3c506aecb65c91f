//! The functions for operations.

use std::ffi::c_void;

use hcs_schema::HResult;
use stand_in_support::{Out, Text, exports, process_information};
use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::HostComputeSystem::{
    HCS_EVENT_CALLBACK, HCS_OPERATION, HCS_OPERATION_COMPLETION, HCS_OPERATION_OPTIONS,
    HCS_OPERATION_TYPE, HCS_PROCESS, HCS_PROCESS_INFORMATION, HCS_RESOURCE_TYPE, HCS_SYSTEM,
    HcsOperationTypeNone,
};

use crate::call::{limit, operation};
use crate::callback::Context;
use crate::object::{Kind, PROCESSES, SYSTEMS};
use crate::operation::{Callback, OPERATIONS, Operation, Outcome};

exports! {
    fn HcsCreateOperation(
        context: *const c_void,
        callback: HCS_OPERATION_COMPLETION,
    ) -> HCS_OPERATION {
        create(context, completion(callback))
    }

    /// The events are those of a completion: a stand-in's calls have no other.
    fn HcsCreateOperationWithNotifications(
        _events: HCS_OPERATION_OPTIONS,
        context: *const c_void,
        callback: HCS_EVENT_CALLBACK,
    ) -> HCS_OPERATION {
        create(context, if callback.is_some() { Callback::Event(callback) } else { Callback::None })
    }

    fn HcsCloseOperation(operation: HCS_OPERATION) -> () {
        if let Some(operation) = OPERATIONS.remove(operation as usize) {
            operation.close();
        }
    }

    fn HcsGetOperationContext(operation: HCS_OPERATION) -> *mut c_void {
        let operation = OPERATIONS.get(operation as usize);
        operation.map_or(std::ptr::null_mut(), |operation| operation.context().pointer())
    }

    fn HcsSetOperationContext(operation: HCS_OPERATION, context: *const c_void) -> HResult {
        self::operation(operation)?.set_context(Context::new(context));
        Ok(())
    }

    fn HcsGetComputeSystemFromOperation(operation: HCS_OPERATION) -> HCS_SYSTEM {
        let object = OPERATIONS.get(operation as usize).and_then(|operation| operation.object());
        let handle = object.map(|object| match object.kind {
            Kind::System => object.handle,
            Kind::Process(system) => system,
        });
        let open = handle.filter(|handle| SYSTEMS.get(*handle).is_some());
        open.unwrap_or_default() as HCS_SYSTEM
    }

    fn HcsGetProcessFromOperation(operation: HCS_OPERATION) -> HCS_PROCESS {
        let process = OPERATIONS.get(operation as usize).map(|operation| operation.process());
        let open = process.filter(|process| PROCESSES.get(*process).is_some());
        open.unwrap_or_default() as HCS_PROCESS
    }

    fn HcsGetOperationType(operation: HCS_OPERATION) -> HCS_OPERATION_TYPE {
        let operation = OPERATIONS.get(operation as usize);
        operation.map_or(HcsOperationTypeNone, |operation| operation.kind())
    }

    /// No two operations have the same handle, ever.
    fn HcsGetOperationId(operation: HCS_OPERATION) -> u64 {
        let operation = OPERATIONS.get(operation as usize);
        operation.and_then(|operation| u64::try_from(operation.handle).ok()).unwrap_or(u64::MAX)
    }

    fn HcsGetOperationResult(operation: HCS_OPERATION, document: Out<*mut u16>) -> HResult {
        document.set(std::ptr::null_mut());
        give(&self::operation(operation)?.outcome()?, &document)
    }

    fn HcsGetOperationResultAndProcessInfo(
        operation: HCS_OPERATION,
        information: Out<HCS_PROCESS_INFORMATION>,
        document: Out<*mut u16>,
    ) -> HResult {
        document.set(std::ptr::null_mut());
        let operation = self::operation(operation)?;
        let outcome = operation.outcome()?;
        give_process(&operation, &outcome, &information, &document)
    }

    fn HcsWaitForOperationResult(
        operation: HCS_OPERATION,
        milliseconds: u32,
        document: Out<*mut u16>,
    ) -> HResult {
        document.set(std::ptr::null_mut());
        give(&self::operation(operation)?.wait(limit(milliseconds))?, &document)
    }

    fn HcsWaitForOperationResultAndProcessInfo(
        operation: HCS_OPERATION,
        milliseconds: u32,
        information: Out<HCS_PROCESS_INFORMATION>,
        document: Out<*mut u16>,
    ) -> HResult {
        document.set(std::ptr::null_mut());
        let operation = self::operation(operation)?;
        let outcome = operation.wait(limit(milliseconds))?;
        give_process(&operation, &outcome, &information, &document)
    }

    fn HcsSetOperationCallback(
        operation: HCS_OPERATION,
        context: *const c_void,
        callback: HCS_OPERATION_COMPLETION,
    ) -> HResult {
        self::operation(operation)?.set_callback(Context::new(context), completion(callback));
        Ok(())
    }

    /// Documented as not implemented, and giving this always.
    fn HcsCancelOperation(operation: HCS_OPERATION) -> HResult {
        self::operation(operation)?;
        Err(HResult::E_NOTIMPL)
    }

    /// Resources are for live migration, which fails with its own error.
    fn HcsAddResourceToOperation(
        operation: HCS_OPERATION,
        _kind: HCS_RESOURCE_TYPE,
        uri: Text,
        handle: HANDLE,
    ) -> HResult {
        self::operation(operation)?;
        uri.required()?;
        if handle.is_null() { Err(HResult::E_INVALIDARG) } else { Ok(()) }
    }

    /// A stand-in's operations have no properties.
    fn HcsGetOperationProperties(
        operation: HCS_OPERATION,
        _options: Text,
        document: Out<*mut u16>,
    ) -> HResult {
        document.required()?;
        self::operation(operation)?;
        document.set_text(Some("{}"))
    }
}

fn create(context: *const c_void, callback: Callback) -> HCS_OPERATION {
    Operation::create(Context::new(context), callback).handle as HCS_OPERATION
}

fn completion(callback: HCS_OPERATION_COMPLETION) -> Callback {
    if callback.is_some() { Callback::Completion(callback) } else { Callback::None }
}

fn give(outcome: &Outcome, document: &Out<*mut u16>) -> Result<(), HResult> {
    document.set_text(outcome.document.as_deref())?;
    if outcome.code.is_failure() { Err(outcome.code) } else { Ok(()) }
}

fn give_process(
    operation: &Operation,
    outcome: &Outcome,
    information: &Out<HCS_PROCESS_INFORMATION>,
    document: &Out<*mut u16>,
) -> Result<(), HResult> {
    information.set(HCS_PROCESS_INFORMATION::default());
    give(outcome, document)?;
    if information.is_null() {
        return Ok(());
    }
    let (client, process) =
        operation.take_process().ok_or(HResult::HCS_E_PROCESS_INFO_NOT_AVAILABLE)?;
    match process_information(&client, &process) {
        Ok(process) => {
            information.set(process);
            Ok(())
        }
        Err(failure) => {
            document.set_text(Some(&failure.document()))?;
            Err(failure.code)
        }
    }
}
