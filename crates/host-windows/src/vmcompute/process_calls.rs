//! The calls about a process, as safe functions that block.

use std::sync::Arc;

use hcs_schema::schema2::ProcessStatus;

use super::calls::with_text;
use super::handle::{self, Open};
use super::notify::{self, PROCESSES, ProcessEar};
use super::process::OpenProcess;
use super::raw::{self, ProcessInformation};
use super::system::OpenSystem;
use crate::failure::{Failure, check, document};
use crate::handle::{Closed, Handle};
use crate::streams::{StreamHandles, owned};
use crate::unkept::Unkept;
use crate::wide::{CoTaskString, Wide};

/// A process that was just started, and what came with it.
pub(super) struct Made {
    pub(super) process: Unkept<OpenProcess>,
    pub(super) pid: u32,
    pub(super) streams: StreamHandles,
    pub(super) closed: Closed,
}

/// Starts a process, which the ear hears.
pub(super) fn create(
    system: &OpenSystem,
    parameters: &Wide,
    ear: Arc<ProcessEar>,
) -> Result<Made, Failure> {
    let (mut process, mut result) = (std::ptr::null_mut(), CoTaskString::empty());
    let mut information = ProcessInformation::empty();
    // SAFETY: the system's handle is open, the parameters end with a NUL, the rest
    // is ours.
    let called = unsafe {
        raw::HcsCreateProcess(
            system.handle().raw(),
            parameters.as_ptr(),
            &raw mut information,
            &raw mut process,
            result.out(),
        )
    };
    check(called, result.text())?;
    let streams = pipes(information);
    // SAFETY: the service has just given it to us.
    let handle = unsafe { handle::PROCESS.own(process) }?;
    match listen(handle, ear) {
        Ok((open, closed)) => {
            let process = Unkept::new(open, |open| terminate(open.handle()));
            Ok(Made { process, pid: information.process_id, streams, closed })
        }
        Err((failure, handle)) => {
            // What nobody hears of cannot be used.
            if let Err(failure) = terminate(&handle) {
                tracing::debug!(?failure, "a process was not terminated");
            }
            Err(failure)
        }
    }
}

/// Opens a process, which the ear hears.
pub(super) fn open(
    system: &OpenSystem,
    pid: u32,
    ear: Arc<ProcessEar>,
) -> Result<(Arc<OpenProcess>, Closed), Failure> {
    listen(open_handle(system.handle(), pid)?, ear).map_err(|(failure, _)| failure)
}

/// Opens a process that nobody listens to.
pub(super) fn open_handle(system: &Handle, pid: u32) -> Result<Handle, Failure> {
    let (mut process, mut result) = (std::ptr::null_mut(), CoTaskString::empty());
    // SAFETY: the system's handle is open, the rest is ours.
    let called = unsafe { raw::HcsOpenProcess(system.raw(), pid, &raw mut process, result.out()) };
    check(called, result.text())?;
    // SAFETY: the service has just given it to us.
    Ok(unsafe { handle::PROCESS.own(process) }?)
}

fn listen(
    mut handle: Handle,
    ear: Arc<ProcessEar>,
) -> Result<(Arc<OpenProcess>, Closed), (Failure, Arc<Handle>)> {
    let closed = Closed::of(&mut handle);
    let handle = Arc::new(handle);
    let entry = PROCESSES.register(ear);
    match Open::new(Arc::clone(&handle), &handle::PROCESS, notify::on_process, entry) {
        Ok(open) => Ok((Arc::new(open), closed)),
        Err(failure) => Err((failure, handle)),
    }
}

pub(super) fn terminate(process: &Handle) -> Result<(), Failure> {
    let mut result = CoTaskString::empty();
    // SAFETY: the handle is open, the result is ours.
    let called = unsafe { raw::HcsTerminateProcess(process.raw(), result.out()) };
    check(called, result.text())
}

pub(super) fn signal(process: &OpenProcess, options: &Wide) -> Result<(), Failure> {
    with_text(process.handle(), raw::HcsSignalProcess, Some(options))
}

pub(super) fn modify(process: &OpenProcess, settings: &Wide) -> Result<(), Failure> {
    with_text(process.handle(), raw::HcsModifyProcess, Some(settings))
}

pub(super) fn status(process: &Handle) -> Result<ProcessStatus, Failure> {
    let (mut properties, mut result) = (CoTaskString::empty(), CoTaskString::empty());
    // SAFETY: the handle is open, the strings are ours.
    let called =
        unsafe { raw::HcsGetProcessProperties(process.raw(), properties.out(), result.out()) };
    check(called, result.text())?;
    document(properties.text())
}

/// New handles to the process's streams.
pub(super) fn streams(process: &OpenProcess) -> Result<StreamHandles, Failure> {
    let (mut information, mut result) = (ProcessInformation::empty(), CoTaskString::empty());
    // SAFETY: the handle is open, the rest is ours.
    let called = unsafe {
        raw::HcsGetProcessInfo(process.handle().raw(), &raw mut information, result.out())
    };
    check(called, result.text())?;
    Ok(pipes(information))
}

/// The pipes that came with a call that went well.
fn pipes(information: ProcessInformation) -> StreamHandles {
    let ProcessInformation { std_input, std_output, std_error, .. } = information;
    // SAFETY: the service has just given them to us.
    unsafe { owned([std_input, std_output, std_error]) }
}
