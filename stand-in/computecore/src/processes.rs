//! The functions for processes.

use std::ffi::c_void;

use hcs_schema::HResult;
use stand_in::protocol::Request;
use stand_in_support::{Out, Text, checked, exports};
use windows_sys::Win32::System::HostComputeSystem::*;

use crate::call::{limit, operation, process, submit, system};
use crate::callback::{Context, EventCallback};
use crate::object::{Kind, Object, PROCESSES};
use crate::operation::Outcome;
use crate::systems::takes_operations;

exports! {
    fn HcsCreateProcess(
        system: HCS_SYSTEM,
        parameters: Text,
        operation: HCS_OPERATION,
        _security: *const c_void,
        process: Out<HCS_PROCESS>,
    ) -> HResult {
        create(system, &parameters, operation, &process)
    }

    fn HcsOpenProcess(
        system: HCS_SYSTEM,
        pid: u32,
        _access: u32,
        process: Out<HCS_PROCESS>,
    ) -> HResult {
        open(system, pid, &process)
    }

    fn HcsCloseProcess(process: HCS_PROCESS) -> () {
        if let Some(process) = PROCESSES.remove(process as usize) {
            process.close();
        }
    }

    fn HcsTerminateProcess(
        process: HCS_PROCESS,
        operation: HCS_OPERATION,
        _options: Text,
    ) -> HResult {
        submit(self::process(process)?, operation, HcsOperationTypeSignalProcess, |process| {
            Request::TerminateProcess { process }
        })
    }

    fn HcsSignalProcess(
        process: HCS_PROCESS,
        operation: HCS_OPERATION,
        options: Text,
    ) -> HResult {
        let options = options.or_empty();
        submit(self::process(process)?, operation, HcsOperationTypeSignalProcess, |process| {
            Request::SignalProcess { process, options }
        })
    }

    fn HcsGetProcessInfo(process: HCS_PROCESS, operation: HCS_OPERATION) -> HResult {
        submit(self::process(process)?, operation, HcsOperationTypeGetProcessInfo, |process| {
            Request::ProcessInfo { process }
        })
    }

    fn HcsGetProcessProperties(
        process: HCS_PROCESS,
        operation: HCS_OPERATION,
        _query: Text,
    ) -> HResult {
        let process = self::process(process)?;
        submit(process, operation, HcsOperationTypeGetProcessProperties, |process| {
            Request::ProcessProperties { process }
        })
    }

    fn HcsModifyProcess(
        process: HCS_PROCESS,
        operation: HCS_OPERATION,
        settings: Text,
    ) -> HResult {
        let settings = settings.required()?;
        submit(self::process(process)?, operation, HcsOperationTypeModifyProcess, |process| {
            Request::ModifyProcess { process, settings }
        })
    }

    /// No callback takes the one that is set away.
    fn HcsSetProcessCallback(
        process: HCS_PROCESS,
        options: HCS_EVENT_OPTIONS,
        context: *const c_void,
        callback: HCS_EVENT_CALLBACK,
    ) -> HResult {
        let context = Context::new(context);
        let callback = callback.is_some().then(|| EventCallback::new(callback, context));
        self::process(process)?.set_callback(callback, takes_operations(options));
        Ok(())
    }

    fn HcsWaitForProcessExit(
        process: HCS_PROCESS,
        milliseconds: u32,
        result: Out<*mut u16>,
    ) -> HResult {
        result.set(std::ptr::null_mut());
        let exit = self::process(process)?.wait_exit(limit(milliseconds))?;
        result.set_text(exit.as_deref())
    }
}

fn create(
    system: HCS_SYSTEM,
    parameters: &Text,
    operation: HCS_OPERATION,
    handle: &Out<HCS_PROCESS>,
) -> Result<(), HResult> {
    handle.required()?;
    handle.set(std::ptr::null_mut());
    let system = self::system(system)?;
    let parameters = parameters.required()?;
    let operation = self::operation(operation)?;
    let kind = Kind::Process(system.handle);
    let process = PROCESSES.insert(|handle| Object::new(handle, kind, None));
    // The system's callback is told of it: the process has none yet.
    if let Err(code) = operation.start(HcsOperationTypeCreateProcess, Some(system.clone())) {
        PROCESSES.remove(process.handle);
        process.close();
        return Err(code);
    }
    operation.is_about(process.handle);
    // Before the operation can be done, and its callback called.
    handle.set(process.handle as HCS_PROCESS);
    system.with_remote(move |remote| {
        let (client, system) = match remote {
            Ok(remote) => remote,
            Err(failure) => {
                process.failed(&failure);
                return operation.finish(failure.into());
            }
        };
        let sender = client.clone();
        client.send(Request::CreateProcess { system, parameters }, move |reply| {
            match checked(reply.clone()).map(|reply| reply.process) {
                Ok(Some(info)) => process.arrived(&sender, info.handle),
                Ok(None) => process.failed(&HResult::E_UNEXPECTED.into()),
                Err(failure) => process.failed(&failure),
            }
            operation.finish(Outcome::of(sender, reply));
        });
    });
    Ok(())
}

fn open(system: HCS_SYSTEM, pid: u32, handle: &Out<HCS_PROCESS>) -> Result<(), HResult> {
    handle.required()?;
    handle.set(std::ptr::null_mut());
    let system = self::system(system)?;
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    system.with_remote(move |remote| drop(sender.send(remote)));
    let remote = receiver.recv().map_err(|_| HResult::E_HANDLE)?;
    let (client, id) = remote.map_err(|failure| failure.code)?;
    let reply = client.call(Request::OpenProcess { system: id, pid });
    let reply = checked(reply).map_err(|failure| failure.code)?;
    let info = reply.process.ok_or(HResult::E_UNEXPECTED)?;
    let kind = Kind::Process(system.handle);
    let process = PROCESSES.insert(|handle| Object::new(handle, kind, None));
    process.arrived(&client, info.handle);
    handle.set(process.handle as HCS_PROCESS);
    Ok(())
}
