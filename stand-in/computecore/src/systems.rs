//! The functions for compute systems.

use std::ffi::c_void;

use hcs_schema::HResult;
use stand_in::protocol::Request;
use stand_in_support::{Failure, Out, Text, checked, client, exports};
use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::HostComputeSystem::*;

use crate::call::{limit, operation, submit, submit_to_service, submit_unsupported, system};
use crate::callback::{Context, EventCallback};
use crate::object::{Kind, Object, SYSTEMS};
use crate::operation::Outcome;

exports! {
    fn HcsEnumerateComputeSystems(query: Text, operation: HCS_OPERATION) -> HResult {
        let request = Request::Enumerate { query: query.or_empty() };
        submit_to_service(operation, HcsOperationTypeEnumerate, request)
    }

    fn HcsEnumerateComputeSystemsInNamespace(
        namespace: Text,
        query: Text,
        operation: HCS_OPERATION,
    ) -> HResult {
        no_namespace(&namespace)?;
        let request = Request::Enumerate { query: query.or_empty() };
        submit_to_service(operation, HcsOperationTypeEnumerate, request)
    }

    fn HcsCreateComputeSystem(
        id: Text,
        configuration: Text,
        operation: HCS_OPERATION,
        _security: *const c_void,
        system: Out<HCS_SYSTEM>,
    ) -> HResult {
        create(&id, &configuration, operation, None, &system)
    }

    fn HcsCreateComputeSystemInNamespace(
        namespace: Text,
        id: Text,
        configuration: Text,
        operation: HCS_OPERATION,
        options: *const HCS_CREATE_OPTIONS,
        system: Out<HCS_SYSTEM>,
    ) -> HResult {
        no_namespace(&namespace)?;
        let mut callback = None;
        if !options.is_null() {
            // SAFETY: options of all versions begin with the version.
            if unsafe { options.read_unaligned() } != HcsCreateOptions_1 {
                return Err(HResult::E_INVALIDARG);
            }
            // SAFETY: the version says what it is.
            let options = unsafe { options.cast::<HCS_CREATE_OPTIONS_1>().read_unaligned() };
            if options.Callback.is_some() {
                let context = Context::new(options.CallbackContext);
                callback = Some((
                    EventCallback::new(options.Callback, context),
                    options.CallbackOptions,
                ));
            }
        }
        create(&id, &configuration, operation, callback, &system)
    }

    fn HcsOpenComputeSystem(id: Text, _access: u32, system: Out<HCS_SYSTEM>) -> HResult {
        open(&id, &system)
    }

    fn HcsOpenComputeSystemInNamespace(
        namespace: Text,
        id: Text,
        _access: u32,
        system: Out<HCS_SYSTEM>,
    ) -> HResult {
        no_namespace(&namespace)?;
        open(&id, &system)
    }

    fn HcsCloseComputeSystem(system: HCS_SYSTEM) -> () {
        if let Some(system) = SYSTEMS.remove(system as usize) {
            system.close();
        }
    }

    fn HcsStartComputeSystem(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        options: Text,
    ) -> HResult {
        let options = options.or_empty();
        submit(self::system(system)?, operation, HcsOperationTypeStart, |system| {
            Request::Start { system, options }
        })
    }

    fn HcsShutDownComputeSystem(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        options: Text,
    ) -> HResult {
        let options = options.or_empty();
        submit(self::system(system)?, operation, HcsOperationTypeShutdown, |system| {
            Request::Shutdown { system, options }
        })
    }

    fn HcsTerminateComputeSystem(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        options: Text,
    ) -> HResult {
        let options = options.or_empty();
        submit(self::system(system)?, operation, HcsOperationTypeTerminate, |system| {
            Request::Terminate { system, options }
        })
    }

    /// For virtual machines.
    fn HcsCrashComputeSystem(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        _options: Text,
    ) -> HResult {
        let system = self::system(system)?;
        submit_unsupported(system, operation, HcsOperationTypeCrash, "crashing a virtual machine")
    }

    fn HcsPauseComputeSystem(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        options: Text,
    ) -> HResult {
        let options = options.or_empty();
        submit(self::system(system)?, operation, HcsOperationTypePause, |system| {
            Request::Pause { system, options }
        })
    }

    fn HcsResumeComputeSystem(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        options: Text,
    ) -> HResult {
        let options = options.or_empty();
        submit(self::system(system)?, operation, HcsOperationTypeResume, |system| {
            Request::Resume { system, options }
        })
    }

    fn HcsSaveComputeSystem(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        options: Text,
    ) -> HResult {
        let options = options.or_empty();
        submit(self::system(system)?, operation, HcsOperationTypeSave, |system| {
            Request::Save { system, options }
        })
    }

    fn HcsGetComputeSystemProperties(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        query: Text,
    ) -> HResult {
        let query = query.or_empty();
        submit(self::system(system)?, operation, HcsOperationTypeGetProperties, |system| {
            Request::Properties { system, query }
        })
    }

    /// The identity is for files on other machines, which a container here has none of.
    fn HcsModifyComputeSystem(
        system: HCS_SYSTEM,
        operation: HCS_OPERATION,
        configuration: Text,
        _identity: HANDLE,
    ) -> HResult {
        let request = configuration.required()?;
        submit(self::system(system)?, operation, HcsOperationTypeModify, |system| {
            Request::Modify { system, request }
        })
    }

    fn HcsWaitForComputeSystemExit(
        system: HCS_SYSTEM,
        milliseconds: u32,
        result: Out<*mut u16>,
    ) -> HResult {
        result.set(std::ptr::null_mut());
        let exit = self::system(system)?.wait_exit(limit(milliseconds))?;
        result.set_text(exit.as_deref())
    }

    /// No callback takes the one that is set away.
    fn HcsSetComputeSystemCallback(
        system: HCS_SYSTEM,
        options: HCS_EVENT_OPTIONS,
        context: *const c_void,
        callback: HCS_EVENT_CALLBACK,
    ) -> HResult {
        let context = Context::new(context);
        let callback = callback.is_some().then(|| EventCallback::new(callback, context));
        self::system(system)?.set_callback(callback, takes_operations(options));
        Ok(())
    }
}

pub(crate) fn takes_operations(options: HCS_EVENT_OPTIONS) -> bool {
    options & HcsEventOptionEnableOperationCallbacks != 0
}

fn no_namespace(namespace: &Text) -> Result<(), HResult> {
    if namespace.or_empty().is_empty() {
        return Ok(());
    }
    Err(Failure::unsupported("a namespace of compute systems").code)
}

fn create(
    id: &Text,
    configuration: &Text,
    operation: HCS_OPERATION,
    callback: Option<(EventCallback, HCS_EVENT_OPTIONS)>,
    handle: &Out<HCS_SYSTEM>,
) -> Result<(), HResult> {
    handle.required()?;
    handle.set(std::ptr::null_mut());
    let request = Request::CreateSystem { id: id.required()?, document: configuration.required()? };
    let operation = self::operation(operation)?;
    let system = SYSTEMS.insert(|handle| Object::new(handle, Kind::System, Some(&operation)));
    if let Some((callback, options)) = callback {
        system.set_callback(Some(callback), takes_operations(options));
    }
    if let Err(code) = operation.start(HcsOperationTypeCreate, Some(system.clone())) {
        SYSTEMS.remove(system.handle);
        system.close();
        return Err(code);
    }
    // Before the operation can be done, and its callback called.
    handle.set(system.handle as HCS_SYSTEM);
    let client = match client() {
        Ok(client) => client,
        Err(failure) => {
            system.failed(&failure);
            operation.finish(failure.into());
            return Ok(());
        }
    };
    let sender = client.clone();
    client.send(request, move |reply| {
        match checked(reply.clone()).map(|reply| reply.system) {
            Ok(Some(id)) => system.arrived(&sender, id),
            Ok(None) => system.failed(&HResult::E_UNEXPECTED.into()),
            Err(failure) => system.failed(&failure),
        }
        operation.finish(Outcome::of(sender, reply));
    });
    Ok(())
}

fn open(id: &Text, handle: &Out<HCS_SYSTEM>) -> Result<(), HResult> {
    handle.required()?;
    handle.set(std::ptr::null_mut());
    let id = id.required()?;
    let client = client().map_err(|failure| failure.code)?;
    let reply = checked(client.call(Request::OpenSystem { id })).map_err(|failure| failure.code)?;
    let id = reply.system.ok_or(HResult::E_UNEXPECTED)?;
    let system = SYSTEMS.insert(|handle| Object::new(handle, Kind::System, None));
    system.arrived(&client, id);
    handle.set(system.handle as HCS_SYSTEM);
    Ok(())
}
