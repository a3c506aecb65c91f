//! The functions for compute systems.

use std::ffi::c_void;

use hcs_schema::HResult;
use stand_in::protocol::{Request, System};
use stand_in_support::{Out, Text, checked, client, document, exports};
use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::HostComputeSystem::{
    HCS_NOTIFICATIONS, HcsNotificationSystemCreateCompleted, HcsNotificationSystemPauseCompleted,
    HcsNotificationSystemResumeCompleted, HcsNotificationSystemSaveCompleted,
    HcsNotificationSystemStartCompleted,
};

use crate::answer::{answer, call, pending};
use crate::hub::Notification;
use crate::objects::{Object, SYSTEMS, find};

exports! {
    fn HcsEnumerateComputeSystems(
        query: Text,
        systems: Out<*mut u16>,
        result: Out<*mut u16>,
    ) -> HResult {
        answer(&result, || {
            systems.required()?;
            systems.set(std::ptr::null_mut());
            let reply = call(&client()?, Request::Enumerate { query: query.or_empty() })?;
            Ok(systems.set_text(document(&reply.document).as_deref())?)
        })
    }

    /// What is wrong with the document or the id is told at once. The identity is
    /// for files on other machines, which a container here has none of.
    fn HcsCreateComputeSystem(
        id: Text,
        configuration: Text,
        _identity: HANDLE,
        system: Out<*mut c_void>,
        result: Out<*mut u16>,
    ) -> HResult {
        answer(&result, || {
            system.required()?;
            system.set(std::ptr::null_mut());
            let (id, document) = (id.required()?, configuration.required()?);
            let client = client()?;
            let reply = call(&client, Request::CreateSystem { id, document })?;
            let object = Object::system(client, reply.system.ok_or(HResult::E_UNEXPECTED)?);
            object.hub.notify(Notification {
                kind: HcsNotificationSystemCreateCompleted,
                status: HResult::S_OK,
                data: None,
            });
            system.set(object.handle as *mut c_void);
            pending()
        })
    }

    fn HcsOpenComputeSystem(
        id: Text,
        system: Out<*mut c_void>,
        result: Out<*mut u16>,
    ) -> HResult {
        answer(&result, || {
            system.required()?;
            system.set(std::ptr::null_mut());
            let id = id.required()?;
            let client = client()?;
            let reply = call(&client, Request::OpenSystem { id })?;
            let object = Object::system(client, reply.system.ok_or(HResult::E_UNEXPECTED)?);
            system.set(object.handle as *mut c_void);
            Ok(())
        })
    }

    fn HcsCloseComputeSystem(system: *mut c_void) -> HResult {
        find(&SYSTEMS, system)?;
        let object = SYSTEMS.remove(system as usize).ok_or(HResult::E_HANDLE)?;
        object.hub.close();
        object.client.call(Request::CloseSystem { system: object.id });
        Ok(())
    }

    fn HcsStartComputeSystem(
        system: *mut c_void,
        options: Text,
        result: Out<*mut u16>,
    ) -> HResult {
        let options = options.or_empty();
        notified(system, &result, HcsNotificationSystemStartCompleted, |system| {
            Request::Start { system, options }
        })
    }

    fn HcsShutdownComputeSystem(
        system: *mut c_void,
        options: Text,
        result: Out<*mut u16>,
    ) -> HResult {
        let options = options.or_empty();
        ending(system, &result, |system| Request::Shutdown { system, options })
    }

    fn HcsTerminateComputeSystem(
        system: *mut c_void,
        options: Text,
        result: Out<*mut u16>,
    ) -> HResult {
        let options = options.or_empty();
        ending(system, &result, |system| Request::Terminate { system, options })
    }

    fn HcsPauseComputeSystem(
        system: *mut c_void,
        options: Text,
        result: Out<*mut u16>,
    ) -> HResult {
        let options = options.or_empty();
        notified(system, &result, HcsNotificationSystemPauseCompleted, |system| {
            Request::Pause { system, options }
        })
    }

    fn HcsResumeComputeSystem(
        system: *mut c_void,
        options: Text,
        result: Out<*mut u16>,
    ) -> HResult {
        let options = options.or_empty();
        notified(system, &result, HcsNotificationSystemResumeCompleted, |system| {
            Request::Resume { system, options }
        })
    }

    fn HcsSaveComputeSystem(
        system: *mut c_void,
        options: Text,
        result: Out<*mut u16>,
    ) -> HResult {
        let options = options.or_empty();
        notified(system, &result, HcsNotificationSystemSaveCompleted, |system| {
            Request::Save { system, options }
        })
    }

    fn HcsGetComputeSystemProperties(
        system: *mut c_void,
        query: Text,
        properties: Out<*mut u16>,
        result: Out<*mut u16>,
    ) -> HResult {
        answer(&result, || {
            properties.required()?;
            properties.set(std::ptr::null_mut());
            let object = find(&SYSTEMS, system)?;
            let request = Request::Properties { system: object.id, query: query.or_empty() };
            let reply = call(&object.client, request)?;
            Ok(properties.set_text(document(&reply.document).as_deref())?)
        })
    }

    fn HcsModifyComputeSystem(
        system: *mut c_void,
        configuration: Text,
        result: Out<*mut u16>,
    ) -> HResult {
        answer(&result, || {
            let object = find(&SYSTEMS, system)?;
            let request = configuration.required()?;
            call(&object.client, Request::Modify { system: object.id, request })?;
            Ok(())
        })
    }
}

/// Makes a call whose end a notification tells, well or not.
fn notified(
    system: *mut c_void,
    result: &Out<*mut u16>,
    kind: HCS_NOTIFICATIONS,
    request: impl FnOnce(System) -> Request,
) -> Result<(), HResult> {
    answer(result, || {
        let object = find(&SYSTEMS, system)?;
        let hub = object.hub.clone();
        object.client.send(request(object.id), move |reply| {
            let (status, data) = match checked(reply) {
                Ok(reply) => (HResult::S_OK, document(&reply.document)),
                Err(failure) => (failure.code, Some(failure.document())),
            };
            hub.notify(Notification { kind, status, data });
        });
        pending()
    })
}

/// Makes a call that leads to the system's exit, which is what a notification tells.
fn ending(
    system: *mut c_void,
    result: &Out<*mut u16>,
    request: impl FnOnce(System) -> Request,
) -> Result<(), HResult> {
    answer(result, || {
        let object = find(&SYSTEMS, system)?;
        call(&object.client, request(object.id))?;
        pending()
    })
}
