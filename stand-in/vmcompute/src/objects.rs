//! Compute systems and processes, as handles to them.

use std::ffi::c_void;
use std::sync::Arc;

use hcs_schema::HResult;
use serde_json::json;
use stand_in::Client;
use stand_in::protocol::{Event, Process, System};
use stand_in_support::Table;
use windows_sys::Win32::System::HostComputeSystem::{
    HCS_NOTIFICATIONS, HcsNotificationProcessExited, HcsNotificationServiceDisconnect,
    HcsNotificationSystemCrashInitiated, HcsNotificationSystemCrashReport,
    HcsNotificationSystemExited,
};

use crate::hub::{Hub, Notification};

/// The compute systems by their handles.
pub(crate) static SYSTEMS: Table<Object> = Table::new();
/// The processes by their handles.
pub(crate) static PROCESSES: Table<Object> = Table::new();

/// A compute system or a process.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) handle: usize,
    pub(crate) client: Client,
    /// The gateway's handle to it.
    pub(crate) id: u64,
    pub(crate) hub: Arc<Hub>,
}

impl Object {
    /// A compute system that the gateway gave.
    pub(crate) fn system(client: Client, id: System) -> Arc<Self> {
        let object = Self::insert(&SYSTEMS, client, id);
        let hub = object.hub.clone();
        object.client.subscribe_system(id, move |event| happened(&hub, event));
        object
    }

    /// A process that the gateway gave.
    pub(crate) fn process(client: Client, id: Process) -> Arc<Self> {
        let object = Self::insert(&PROCESSES, client, id);
        let hub = object.hub.clone();
        object.client.subscribe_process(id, move |event| happened(&hub, event));
        object
    }

    fn insert(table: &Table<Self>, client: Client, id: u64) -> Arc<Self> {
        table.insert(|handle| Self { handle, client, id, hub: Arc::default() })
    }
}

/// The object of a handle.
///
/// # Errors
/// `E_INVALIDARG` for null, `E_HANDLE` for what is not open.
pub(crate) fn find<T>(table: &Table<T>, handle: *mut c_void) -> Result<Arc<T>, HResult> {
    if handle.is_null() {
        return Err(HResult::E_INVALIDARG);
    }
    table.get(handle as usize).ok_or(HResult::E_HANDLE)
}

/// The gateway tells of something.
fn happened(hub: &Hub, event: Event) {
    match event {
        Event::SystemExited { status, exit_type, .. } => {
            let data = json!({ "Status": status, "ExitType": exit_type }).to_string();
            let status = match exit_type.as_str() {
                "UnexpectedExit" => HResult::ERROR_VMCOMPUTE_UNEXPECTED_EXIT,
                _ => HResult::S_OK,
            };
            let kind = HcsNotificationSystemExited;
            hub.notify_all(Notification { kind, status, data: Some(data) });
        }
        Event::ProcessExited { status, .. } => {
            hub.notify_all(well(HcsNotificationProcessExited, Some(status.to_string())));
        }
        Event::ServiceDisconnect { .. } | Event::ProcessServiceDisconnect { .. } => {
            hub.notify_all(well(HcsNotificationServiceDisconnect, None));
        }
        Event::SystemCrashInitiated { .. } => {
            hub.notify(well(HcsNotificationSystemCrashInitiated, None));
        }
        Event::SystemCrashReport { report, .. } => {
            hub.notify(well(HcsNotificationSystemCrashReport, Some(report)));
        }
        _ => {}
    }
}

fn well(kind: HCS_NOTIFICATIONS, data: Option<String>) -> Notification {
    Notification { kind, status: HResult::S_OK, data }
}
