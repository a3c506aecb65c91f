//! Calls that operations track.

use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

use hcs_schema::HResult;
use stand_in::Client;
use stand_in::protocol::Request;
use stand_in_support::{Failure, Table, client};
use windows_sys::Win32::System::HostComputeSystem::{
    HCS_OPERATION, HCS_OPERATION_TYPE, HCS_PROCESS, HCS_SYSTEM,
};
use windows_sys::Win32::System::Threading::INFINITE;

use crate::object::{Object, PROCESSES, SYSTEMS};
use crate::operation::{OPERATIONS, Operation, Outcome};

/// The operation of a handle.
///
/// # Errors
/// `E_INVALIDARG` for null, `E_HANDLE` for what is not open.
pub(crate) fn operation(handle: HCS_OPERATION) -> Result<Arc<Operation>, HResult> {
    find(&OPERATIONS, handle)
}

/// The compute system of a handle.
pub(crate) fn system(handle: HCS_SYSTEM) -> Result<Arc<Object>, HResult> {
    find(&SYSTEMS, handle)
}

/// The process of a handle.
pub(crate) fn process(handle: HCS_PROCESS) -> Result<Arc<Object>, HResult> {
    find(&PROCESSES, handle)
}

fn find<T>(table: &Table<T>, handle: *mut c_void) -> Result<Arc<T>, HResult> {
    if handle.is_null() {
        return Err(HResult::E_INVALIDARG);
    }
    table.get(handle as usize).ok_or(HResult::E_HANDLE)
}

/// A limit in milliseconds.
pub(crate) fn limit(milliseconds: u32) -> Option<Duration> {
    (milliseconds != INFINITE).then(|| Duration::from_millis(milliseconds.into()))
}

/// Makes a call on a compute system or a process.
///
/// # Errors
/// The call is not made. Where it fails the operation says so.
pub(crate) fn submit(
    object: Arc<Object>,
    operation: HCS_OPERATION,
    kind: HCS_OPERATION_TYPE,
    request: impl FnOnce(u64) -> Request + Send + 'static,
) -> Result<(), HResult> {
    let operation = self::operation(operation)?;
    operation.start(kind, Some(object.clone()))?;
    object.with_remote(move |remote| match remote {
        Ok((client, id)) => send(&client, request(id), operation),
        Err(failure) => operation.finish(failure.into()),
    });
    Ok(())
}

/// Makes a call on the service.
///
/// # Errors
/// The call is not made. Where it fails the operation says so.
pub(crate) fn submit_to_service(
    operation: HCS_OPERATION,
    kind: HCS_OPERATION_TYPE,
    request: Request,
) -> Result<(), HResult> {
    let operation = self::operation(operation)?;
    operation.start(kind, None)?;
    match client() {
        Ok(client) => send(&client, request, operation),
        Err(failure) => operation.finish(failure.into()),
    }
    Ok(())
}

/// Makes a call that a stand-in does not have: its operation says so.
///
/// # Errors
/// The call is not made.
pub(crate) fn submit_unsupported(
    object: Arc<Object>,
    operation: HCS_OPERATION,
    kind: HCS_OPERATION_TYPE,
    what: &str,
) -> Result<(), HResult> {
    let operation = self::operation(operation)?;
    operation.start(kind, Some(object))?;
    operation.finish(Failure::unsupported(what).into());
    Ok(())
}

fn send(client: &Client, request: Request, operation: Arc<Operation>) {
    let sender = client.clone();
    client.send(request, move |reply| operation.finish(Outcome::of(sender, reply)));
}
