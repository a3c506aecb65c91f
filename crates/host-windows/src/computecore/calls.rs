//! The calls that begin something, as safe functions. They may block for as long
//! as the service takes to hear them.

use std::ffi::c_void;
use std::sync::{Arc, Weak};

use compute::error::is_access_is_denied;
use compute::error::predicates::v1::is_already_stopped;
use windows_sys::Win32::Foundation::GENERIC_ALL;
use windows_sys::Win32::System::HostComputeSystem::HCS_OPERATION;
use windows_sys::core::HRESULT;

use super::events::{PROCESSES, ProcessEar, SYSTEMS, on_process, on_system};
use super::handle::{self, Open};
use super::process::OpenProcess;
use super::raw;
use super::system::OpenSystem;
use super::tracked::Operation;
use crate::dll::DllError;
use crate::failure::{Failure, Outcome, check};
use crate::handle::{Closed, Handle};
use crate::hub::Hub;
use crate::unkept::Unkept;
use crate::wide::Wide;

/// A compute system that is being made.
pub(super) struct NewSystem {
    pub(super) system: Unkept<OpenSystem>,
    pub(super) creation: Operation,
    pub(super) closed: Closed,
}

/// Begins to make a system, whose events go to the hub.
pub(super) fn create(id: &Wide, configuration: &Wide, hub: Arc<Hub>) -> Outcome<NewSystem> {
    let mut system = std::ptr::null_mut();
    let creation = Operation::begin(|operation| {
        // SAFETY: the texts end with a NUL, the rest is ours; no security
        // descriptor is the default one.
        unsafe {
            raw::HcsCreateComputeSystem(
                id.as_ptr(),
                configuration.as_ptr(),
                operation,
                std::ptr::null(),
                &raw mut system,
            )
        }
    })?;
    // SAFETY: the service has just given it to us.
    let handle = unsafe { handle::SYSTEM.own(system) }?;
    match listen(handle, hub) {
        Ok((open, closed)) => {
            Ok(NewSystem { system: Unkept::new(open, end_system), creation, closed })
        }
        Err((failure, handle)) => {
            // What nobody hears of cannot be used.
            let ended = with_text(handle.raw(), raw::HcsTerminateComputeSystem, None);
            note(ended.map(Operation::release));
            Err(failure)
        }
    }
}

/// Opens a system, whose events go to the hub.
pub(super) fn open(id: &Wide, hub: Arc<Hub>) -> Outcome<(Arc<OpenSystem>, Closed)> {
    listen(open_handle(id)?, hub).map_err(|(failure, _)| failure)
}

fn open_handle(id: &Wide) -> Outcome<Handle> {
    let mut system = std::ptr::null_mut();
    // SAFETY: the id ends with a NUL, the rest is ours.
    let called = unsafe { raw::HcsOpenComputeSystem(id.as_ptr(), GENERIC_ALL, &raw mut system) };
    check(called, None)?;
    // SAFETY: the service has just given it to us.
    Ok(unsafe { handle::SYSTEM.own(system) }?)
}

fn listen(handle: Handle, hub: Arc<Hub>) -> Result<(Arc<OpenSystem>, Closed), (Failure, Handle)> {
    let (open, closed) = Open::new(handle, &handle::SYSTEM, &SYSTEMS, hub, Some(on_system))?;
    Ok((Arc::new(open), closed))
}

/// Ends a system that nobody has.
fn end_system(system: &OpenSystem) -> Outcome<()> {
    with_text(system.raw(), raw::HcsTerminateComputeSystem, None).map(Operation::release)
}

/// A process that is being made.
pub(super) struct NewProcess {
    pub(super) process: Unkept<OpenProcess>,
    pub(super) creation: Operation,
    pub(super) closed: Closed,
}

/// Begins to start a process, which the ear hears.
pub(super) fn create_process(
    system: &OpenSystem,
    parameters: &Wide,
    ear: Arc<ProcessEar>,
) -> Outcome<NewProcess> {
    let mut process = std::ptr::null_mut();
    let creation = Operation::begin(|operation| {
        // SAFETY: the system's handle is open, the parameters end with a NUL, the
        // rest is ours.
        unsafe {
            raw::HcsCreateProcess(
                system.raw(),
                parameters.as_ptr(),
                operation,
                std::ptr::null(),
                &raw mut process,
            )
        }
    })?;
    // SAFETY: the service has just given it to us.
    let handle = unsafe { handle::PROCESS.own(process) }?;
    match listen_process(handle, ear) {
        Ok((open, closed)) => {
            Ok(NewProcess { process: Unkept::new(open, end_process), creation, closed })
        }
        Err((failure, handle)) => {
            // What nobody hears of cannot be used.
            let ended = with_text(handle.raw(), raw::HcsTerminateProcess, None);
            note(ended.map(Operation::release));
            Err(failure)
        }
    }
}

/// Opens a process, which the ear hears.
pub(super) fn open_process(
    system: &OpenSystem,
    pid: u32,
    ear: Arc<ProcessEar>,
) -> Outcome<(Arc<OpenProcess>, Closed)> {
    let handle = open_process_handle(system.raw(), pid)?;
    listen_process(handle, ear).map_err(|(failure, _)| failure)
}

fn open_process_handle(system: *mut c_void, pid: u32) -> Outcome<Handle> {
    let mut process = std::ptr::null_mut();
    // SAFETY: the system's handle is open, the rest is ours.
    let called = unsafe { raw::HcsOpenProcess(system, pid, GENERIC_ALL, &raw mut process) };
    check(called, None)?;
    // SAFETY: the service has just given it to us.
    Ok(unsafe { handle::PROCESS.own(process) }?)
}

fn listen_process(
    handle: Handle,
    ear: Arc<ProcessEar>,
) -> Result<(Arc<OpenProcess>, Closed), (Failure, Handle)> {
    let (open, closed) = Open::new(handle, &handle::PROCESS, &PROCESSES, ear, Some(on_process))?;
    Ok((Arc::new(open), closed))
}

/// Ends a process that nobody has.
fn end_process(process: &OpenProcess) -> Outcome<()> {
    with_text(process.raw(), raw::HcsTerminateProcess, None).map(Operation::release)
}

/// The end of a process, with the handles that it was asked for by.
pub(super) struct Kill {
    operation: Option<Operation>,
    // Closed in this order, and by one who may block.
    _process: Option<Handle>,
    _system: Option<Handle>,
}

/// Ends a process through new handles: the service sends what comes by one handle
/// one after the other, and a signal before could be stuck. Where that cannot be,
/// the whole system is ended, so that nothing is left.
pub(super) fn kill(id: &Wide, pid: u32, system: &Weak<OpenSystem>) -> Outcome<Kill> {
    let opened = match open_handle(id) {
        Ok(opened) => opened,
        Err(failure) => {
            let Some(system) = system.upgrade() else { return Err(failure) };
            tracing::warn!(?failure, "a process is killed with its whole system");
            let operation = with_text(system.raw(), raw::HcsTerminateComputeSystem, None)?;
            return Ok(Kill { operation: Some(operation), _process: None, _system: None });
        }
    };
    let process = match open_process_handle(opened.raw(), pid) {
        Ok(process) => process,
        Err(failure) if is_already_stopped(failure.as_error()) => {
            return Ok(Kill { operation: None, _process: None, _system: Some(opened) });
        }
        Err(failure) => return Err(failure),
    };
    let operation = with_text(process.raw(), raw::HcsTerminateProcess, None)?;
    Ok(Kill { operation: Some(operation), _process: Some(process), _system: Some(opened) })
}

impl Kill {
    /// Waits until it has been asked for.
    pub(super) async fn ended(&mut self) -> Outcome<()> {
        let Some(operation) = &mut self.operation else { return Ok(()) };
        operation.ended().await;
        match operation.document() {
            // It has ended in between, or the first kill is under way.
            Err(failure)
                if is_access_is_denied(failure.as_error())
                    || is_already_stopped(failure.as_error()) =>
            {
                Ok(())
            }
            outcome => outcome.map(drop),
        }
    }
}

/// A function of a handle that an operation tracks, with one text.
type WithText = unsafe fn(*mut c_void, HCS_OPERATION, *const u16) -> Result<HRESULT, DllError>;

/// Begins such a call. Null stands for no text, as documented.
pub(super) fn with_text(
    handle: *mut c_void,
    function: WithText,
    text: Option<&Wide>,
) -> Outcome<Operation> {
    let text = text.map_or(std::ptr::null(), Wide::as_ptr);
    // SAFETY: the handle is open, the text is null or ends with a NUL.
    Operation::begin(|operation| unsafe { function(handle, operation, text) })
}

/// A failure to undo what has failed is no news to the caller.
fn note(ended: Outcome<()>) {
    if let Err(failure) = ended {
        tracing::debug!(?failure, "what was to be undone was not ended");
    }
}
