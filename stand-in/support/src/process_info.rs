//! What a caller gets of a process.

use std::os::windows::io::{IntoRawHandle, OwnedHandle};

use hcs_schema::{HResult, Win32Error};
use stand_in::Client;
use stand_in::protocol::{ProcessInfo, StreamId};
use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::HostComputeSystem::HCS_PROCESS_INFORMATION;

use crate::Failure;
use crate::pipe::Direction;
use crate::relay::relay;

/// The id of a process and handles to its streams, which are the caller's from
/// now on. A stream that the process does not have is null.
///
/// # Errors
/// A stream is not there any more: each can be had once.
pub fn process_information(
    client: &Client,
    info: &ProcessInfo,
) -> Result<HCS_PROCESS_INFORMATION, Failure> {
    let input = open(client, info.stdin.as_ref(), Direction::Input)?;
    let output = open(client, info.stdout.as_ref(), Direction::Output)?;
    let error = open(client, info.stderr.as_ref(), Direction::Output)?;
    Ok(HCS_PROCESS_INFORMATION {
        ProcessId: info.pid,
        Reserved: 0,
        StdInput: raw(input),
        StdOutput: raw(output),
        StdError: raw(error),
    })
}

fn open(
    client: &Client,
    id: Option<&StreamId>,
    direction: Direction,
) -> Result<Option<OwnedHandle>, Failure> {
    let Some(id) = id else { return Ok(None) };
    let opened = client.stream(id).and_then(|stream| relay(stream, direction));
    opened.map(Some).map_err(|error| {
        let code = error
            .raw_os_error()
            .map(i32::cast_unsigned)
            .map_or(HResult::HCS_E_PROCESS_INFO_NOT_AVAILABLE, |code| {
                HResult::from_win32(Win32Error(code))
            });
        Failure::new(code, format!("opening a stream of process: {error}"))
    })
}

fn raw(handle: Option<OwnedHandle>) -> HANDLE {
    handle.map_or(std::ptr::null_mut(), IntoRawHandle::into_raw_handle)
}
