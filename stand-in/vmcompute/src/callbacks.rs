//! The functions for callbacks.

use std::ffi::c_void;
use std::sync::Arc;

use hcs_schema::HResult;
use stand_in_support::{Out, Table, exports};
use windows_sys::Win32::System::HostComputeSystem::HCS_NOTIFICATION_CALLBACK;

use crate::hub::{Function, Hub};
use crate::objects::{Object, PROCESSES, SYSTEMS, find};

/// The callbacks of compute systems by their handles.
static OF_SYSTEMS: Table<Registration> = Table::new();
/// The callbacks of processes by their handles.
static OF_PROCESSES: Table<Registration> = Table::new();

/// A registered callback: the number that a hub has it under.
struct Registration {
    handle: usize,
    hub: Arc<Hub>,
}

exports! {
    fn HcsRegisterComputeSystemCallback(
        system: *mut c_void,
        callback: HCS_NOTIFICATION_CALLBACK,
        context: *const c_void,
        handle: Out<*mut c_void>,
    ) -> HResult {
        register(&SYSTEMS, system, &OF_SYSTEMS, callback, context, &handle)
    }

    fn HcsUnregisterComputeSystemCallback(handle: *mut c_void) -> HResult {
        unregister(&OF_SYSTEMS, handle)
    }

    fn HcsRegisterProcessCallback(
        process: *mut c_void,
        callback: HCS_NOTIFICATION_CALLBACK,
        context: *const c_void,
        handle: Out<*mut c_void>,
    ) -> HResult {
        register(&PROCESSES, process, &OF_PROCESSES, callback, context, &handle)
    }

    fn HcsUnregisterProcessCallback(handle: *mut c_void) -> HResult {
        unregister(&OF_PROCESSES, handle)
    }
}

fn register(
    objects: &Table<Object>,
    object: *mut c_void,
    registrations: &Table<Registration>,
    callback: HCS_NOTIFICATION_CALLBACK,
    context: *const c_void,
    handle: &Out<*mut c_void>,
) -> Result<(), HResult> {
    handle.required()?;
    handle.set(std::ptr::null_mut());
    if callback.is_none() {
        return Err(HResult::E_INVALIDARG);
    }
    let hub = find(objects, object)?.hub.clone();
    let registration = registrations.insert(|handle| Registration { handle, hub });
    // Before the callback can be called.
    handle.set(registration.handle as *mut c_void);
    registration.hub.register(registration.handle, Function::new(callback, context));
    Ok(())
}

fn unregister(registrations: &Table<Registration>, handle: *mut c_void) -> Result<(), HResult> {
    find(registrations, handle)?;
    let registration = registrations.remove(handle as usize).ok_or(HResult::E_HANDLE)?;
    registration.hub.unregister(registration.handle);
    Ok(())
}
