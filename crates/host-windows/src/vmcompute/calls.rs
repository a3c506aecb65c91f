//! The calls about a compute system, as safe functions that block.

use std::ffi::c_void;
use std::sync::Arc;

use hcs_schema::schema2::Properties;
use serde::Serialize;
use windows_sys::core::HRESULT;

use super::handle::{self, Open};
use super::notify::{self, SYSTEMS, SystemEar};
use super::raw;
use super::system::OpenSystem;
use crate::dll::DllError;
use crate::failure::{Failure, check, document};
use crate::handle::{Closed, Handle};
use crate::unkept::Unkept;
use crate::wide::{CoTaskString, Wide};

/// A compute system that was just made.
pub(super) struct Made {
    pub(super) system: Unkept<OpenSystem>,
    /// Whether the making goes on, and a notification tells its end.
    pub(super) pending: bool,
    pub(super) closed: Closed,
}

/// Makes a system, which the ear hears.
pub(super) fn create(
    id: &Wide,
    configuration: &Wide,
    ear: Arc<SystemEar>,
) -> Result<Made, Failure> {
    let (mut system, mut result) = (std::ptr::null_mut(), CoTaskString::empty());
    // SAFETY: the texts end with a NUL, the rest is ours; no identity is given.
    let called = unsafe {
        raw::HcsCreateComputeSystem(
            id.as_ptr(),
            configuration.as_ptr(),
            std::ptr::null_mut(),
            &raw mut system,
            result.out(),
        )
    };
    // SAFETY: the service has just given it to us; also where the call failed.
    let handle = unsafe { handle::SYSTEM.own(system) };
    let outcome = check(called, result.text());
    let pending = outcome.as_ref().is_err_and(Failure::is_pending);
    if !pending {
        outcome?;
    }
    let handle = handle?;
    match listen(handle, ear) {
        Ok((open, closed)) => Ok(Made { system: Unkept::new(open, terminate), pending, closed }),
        Err((failure, handle)) => {
            // What nobody hears of cannot be used.
            if let Err(failure) = with_text(&handle, raw::HcsTerminateComputeSystem, None) {
                tracing::debug!(?failure, "a compute system was not terminated");
            }
            Err(failure)
        }
    }
}

/// Opens a system, which the ear hears.
pub(super) fn open(id: &Wide, ear: Arc<SystemEar>) -> Result<(Arc<OpenSystem>, Closed), Failure> {
    listen(open_handle(id)?, ear).map_err(|(failure, _)| failure)
}

/// Opens a system that nobody listens to.
pub(super) fn open_handle(id: &Wide) -> Result<Handle, Failure> {
    let (mut system, mut result) = (std::ptr::null_mut(), CoTaskString::empty());
    // SAFETY: the id ends with a NUL, the rest is ours.
    let called = unsafe { raw::HcsOpenComputeSystem(id.as_ptr(), &raw mut system, result.out()) };
    check(called, result.text())?;
    // SAFETY: the service has just given it to us.
    Ok(unsafe { handle::SYSTEM.own(system) }?)
}

type Heard = (Arc<OpenSystem>, Closed);

fn listen(mut handle: Handle, ear: Arc<SystemEar>) -> Result<Heard, (Failure, Arc<Handle>)> {
    let closed = Closed::of(&mut handle);
    let handle = Arc::new(handle);
    let entry = SYSTEMS.register(ear);
    match Open::new(Arc::clone(&handle), &handle::SYSTEM, notify::on_system, entry) {
        Ok(open) => Ok((Arc::new(open), closed)),
        Err(failure) => Err((failure, handle)),
    }
}

pub(super) fn start(system: &OpenSystem) -> Result<(), Failure> {
    with_text(system.handle(), raw::HcsStartComputeSystem, None)
}

pub(super) fn shutdown(system: &OpenSystem) -> Result<(), Failure> {
    with_text(system.handle(), raw::HcsShutdownComputeSystem, None)
}

pub(super) fn terminate(system: &OpenSystem) -> Result<(), Failure> {
    with_text(system.handle(), raw::HcsTerminateComputeSystem, None)
}

pub(super) fn pause(system: &OpenSystem, options: &Options) -> Result<(), Failure> {
    with_text(system.handle(), raw::HcsPauseComputeSystem, options.0.as_ref())
}

pub(super) fn resume(system: &OpenSystem) -> Result<(), Failure> {
    with_text(system.handle(), raw::HcsResumeComputeSystem, None)
}

pub(super) fn save(system: &OpenSystem, options: &Wide) -> Result<(), Failure> {
    with_text(system.handle(), raw::HcsSaveComputeSystem, Some(options))
}

pub(super) fn modify(system: &OpenSystem, request: &Wide) -> Result<(), Failure> {
    with_text(system.handle(), raw::HcsModifyComputeSystem, Some(request))
}

pub(super) fn properties(system: &OpenSystem, query: &Wide) -> Result<Properties, Failure> {
    let (mut properties, mut result) = (CoTaskString::empty(), CoTaskString::empty());
    // SAFETY: the handle is open, the query ends with a NUL, the strings are ours.
    let called = unsafe {
        raw::HcsGetComputeSystemProperties(
            system.handle().raw(),
            query.as_ptr(),
            properties.out(),
            result.out(),
        )
    };
    check(called, result.text())?;
    document(properties.text())
}

/// Options of a call, which has a default.
pub(super) struct Options(Option<Wide>);

impl Options {
    /// None where they are those that hold anyway, as old services know none.
    pub(super) fn unless_default<T: Serialize + Default + PartialEq>(
        options: &T,
    ) -> serde_json::Result<Self> {
        if *options == T::default() { Ok(Self(None)) } else { Ok(Self(Some(Wide::json(options)?))) }
    }
}

/// A function of a handle with one text.
type WithText = unsafe fn(*mut c_void, *const u16, *mut *mut u16) -> Result<HRESULT, DllError>;

pub(super) fn with_text(
    handle: &Handle,
    function: WithText,
    options: Option<&Wide>,
) -> Result<(), Failure> {
    let mut result = CoTaskString::empty();
    // SAFETY: the handle is open, the text ends with a NUL, the result is ours.
    let called = unsafe {
        function(handle.raw(), options.map_or(EMPTY.as_ptr(), Wide::as_ptr), result.out())
    };
    check(called, result.text())
}

/// The empty text.
static EMPTY: [u16; 1] = [0];
