//! The functions for processes.

use std::ffi::c_void;

use hcs_schema::HResult;
use stand_in::protocol::Request;
use stand_in_support::{Out, Text, document, exports, process_information};
use windows_sys::Win32::System::HostComputeSystem::HCS_PROCESS_INFORMATION;

use crate::answer::{answer, call};
use crate::objects::{Object, PROCESSES, SYSTEMS, find};

exports! {
    fn HcsCreateProcess(
        system: *mut c_void,
        parameters: Text,
        information: Out<HCS_PROCESS_INFORMATION>,
        process: Out<*mut c_void>,
        result: Out<*mut u16>,
    ) -> HResult {
        answer(&result, || {
            process.required()?;
            process.set(std::ptr::null_mut());
            information.set(HCS_PROCESS_INFORMATION::default());
            let system = find(&SYSTEMS, system)?;
            let request =
                Request::CreateProcess { system: system.id, parameters: parameters.required()? };
            let reply = call(&system.client, request)?;
            let info = reply.process.ok_or(HResult::E_UNEXPECTED)?;
            let streams = if information.is_null() {
                Ok(())
            } else {
                process_information(&system.client, &info).map(|streams| information.set(streams))
            };
            if let Err(failure) = streams {
                system.client.send(Request::TerminateProcess { process: info.handle }, |_| ());
                system.client.call(Request::CloseProcess { process: info.handle });
                return Err(failure);
            }
            let object = Object::process(system.client.clone(), info.handle);
            process.set(object.handle as *mut c_void);
            Ok(())
        })
    }

    fn HcsOpenProcess(
        system: *mut c_void,
        pid: u32,
        process: Out<*mut c_void>,
        result: Out<*mut u16>,
    ) -> HResult {
        answer(&result, || {
            process.required()?;
            process.set(std::ptr::null_mut());
            let system = find(&SYSTEMS, system)?;
            let reply = call(&system.client, Request::OpenProcess { system: system.id, pid })?;
            let info = reply.process.ok_or(HResult::E_UNEXPECTED)?;
            let object = Object::process(system.client.clone(), info.handle);
            process.set(object.handle as *mut c_void);
            Ok(())
        })
    }

    fn HcsCloseProcess(process: *mut c_void) -> HResult {
        find(&PROCESSES, process)?;
        let object = PROCESSES.remove(process as usize).ok_or(HResult::E_HANDLE)?;
        object.hub.close();
        object.client.call(Request::CloseProcess { process: object.id });
        Ok(())
    }

    fn HcsTerminateProcess(process: *mut c_void, result: Out<*mut u16>) -> HResult {
        answer(&result, || {
            let object = find(&PROCESSES, process)?;
            call(&object.client, Request::TerminateProcess { process: object.id })?;
            Ok(())
        })
    }

    fn HcsSignalProcess(
        process: *mut c_void,
        options: Text,
        result: Out<*mut u16>,
    ) -> HResult {
        answer(&result, || {
            let object = find(&PROCESSES, process)?;
            let options = options.or_empty();
            call(&object.client, Request::SignalProcess { process: object.id, options })?;
            Ok(())
        })
    }

    fn HcsGetProcessInfo(
        process: *mut c_void,
        information: Out<HCS_PROCESS_INFORMATION>,
        result: Out<*mut u16>,
    ) -> HResult {
        answer(&result, || {
            information.required()?;
            information.set(HCS_PROCESS_INFORMATION::default());
            let object = find(&PROCESSES, process)?;
            let reply = call(&object.client, Request::ProcessInfo { process: object.id })?;
            let info = reply.process.ok_or(HResult::E_UNEXPECTED)?;
            information.set(process_information(&object.client, &info)?);
            Ok(())
        })
    }

    fn HcsGetProcessProperties(
        process: *mut c_void,
        properties: Out<*mut u16>,
        result: Out<*mut u16>,
    ) -> HResult {
        answer(&result, || {
            properties.required()?;
            properties.set(std::ptr::null_mut());
            let object = find(&PROCESSES, process)?;
            let reply = call(&object.client, Request::ProcessProperties { process: object.id })?;
            Ok(properties.set_text(document(&reply.document).as_deref())?)
        })
    }

    fn HcsModifyProcess(
        process: *mut c_void,
        settings: Text,
        result: Out<*mut u16>,
    ) -> HResult {
        answer(&result, || {
            let object = find(&PROCESSES, process)?;
            let settings = settings.required()?;
            call(&object.client, Request::ModifyProcess { process: object.id, settings })?;
            Ok(())
        })
    }
}
