//! What a job tells: its processes come and go, and reach limits.
//!
//! All jobs of this process tell it at one completion port, which one thread
//! reads.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};

use compute::error::SystemCode;
use futures_core::Stream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use windows_sys::Win32::Foundation::{ERROR_NO_SYSTEM_RESOURCES, HANDLE, INVALID_HANDLE_VALUE};
use windows_sys::Win32::System::IO::{
    CreateIoCompletionPort, GetQueuedCompletionStatus, OVERLAPPED,
};
use windows_sys::Win32::System::JobObjects::JOBOBJECT_ASSOCIATE_COMPLETION_PORT;
use windows_sys::Win32::System::SystemServices::{
    JOB_OBJECT_MSG_ABNORMAL_EXIT_PROCESS, JOB_OBJECT_MSG_ACTIVE_PROCESS_LIMIT,
    JOB_OBJECT_MSG_ACTIVE_PROCESS_ZERO, JOB_OBJECT_MSG_END_OF_JOB_TIME,
    JOB_OBJECT_MSG_END_OF_PROCESS_TIME, JOB_OBJECT_MSG_EXIT_PROCESS,
    JOB_OBJECT_MSG_JOB_CYCLE_TIME_LIMIT, JOB_OBJECT_MSG_JOB_MEMORY_LIMIT,
    JOB_OBJECT_MSG_NEW_PROCESS, JOB_OBJECT_MSG_NOTIFICATION_LIMIT,
    JOB_OBJECT_MSG_PROCESS_MEMORY_LIMIT, JOB_OBJECT_MSG_SILO_TERMINATED,
};
use windows_sys::Win32::System::Threading::INFINITE;

use super::{Job, JobError};
use crate::nt;

/// What a job tells. A process is told by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Notification {
    /// A process came.
    NewProcess(u32),
    /// A process went.
    ProcessExited(u32),
    /// A process went as one does that crashed.
    ProcessCrashed(u32),
    /// The last process went.
    AllProcessesExited,
    /// A process did not come: there are as many as there may be.
    ProcessLimit,
    /// A process has used all of its time.
    ProcessTime(u32),
    /// A process has all the memory that one may have.
    ProcessMemory(u32),
    /// The processes have used all of their time.
    JobTime,
    /// The processes have used all of their processor cycles.
    JobCycles,
    /// A process wanted more memory than all may have together.
    JobMemory(u32),
    /// A limit that is only told was reached by a process.
    NotificationLimit(u32),
    /// The silo has ended.
    SiloTerminated,
    /// Something that this version has no word for.
    Other {
        /// Its number.
        message: u32,
        /// The process that it is about, as a rule.
        value: u32,
    },
}

impl Notification {
    fn new(message: u32, value: u32) -> Self {
        match message {
            JOB_OBJECT_MSG_END_OF_JOB_TIME => Self::JobTime,
            JOB_OBJECT_MSG_END_OF_PROCESS_TIME => Self::ProcessTime(value),
            JOB_OBJECT_MSG_ACTIVE_PROCESS_LIMIT => Self::ProcessLimit,
            JOB_OBJECT_MSG_ACTIVE_PROCESS_ZERO => Self::AllProcessesExited,
            JOB_OBJECT_MSG_NEW_PROCESS => Self::NewProcess(value),
            JOB_OBJECT_MSG_EXIT_PROCESS => Self::ProcessExited(value),
            JOB_OBJECT_MSG_ABNORMAL_EXIT_PROCESS => Self::ProcessCrashed(value),
            JOB_OBJECT_MSG_PROCESS_MEMORY_LIMIT => Self::ProcessMemory(value),
            JOB_OBJECT_MSG_JOB_MEMORY_LIMIT => Self::JobMemory(value),
            JOB_OBJECT_MSG_NOTIFICATION_LIMIT => Self::NotificationLimit(value),
            JOB_OBJECT_MSG_JOB_CYCLE_TIME_LIMIT => Self::JobCycles,
            JOB_OBJECT_MSG_SILO_TERMINATED => Self::SiloTerminated,
            message => Self::Other { message, value },
        }
    }
}

/// The notifications of a job, in their order. None is lost, however late they
/// are read. It ends when the [`Job`] is dropped.
#[derive(Debug)]
pub struct Notifications(UnboundedReceiver<Notification>);

impl Notifications {
    /// The next one; `None` at the end.
    pub async fn next(&mut self) -> Option<Notification> {
        self.0.recv().await
    }
}

impl Stream for Notifications {
    type Item = Notification;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Notification>> {
        self.0.poll_recv(cx)
    }
}

impl Job {
    /// Begins to listen to it. What was before is not told, so listen before
    /// there are processes in it.
    ///
    /// # Errors
    /// Somebody listens already, or the system refuses.
    pub fn notifications(&self) -> Result<Notifications, JobError> {
        const LISTEN: &str = "listen to";
        let mut listening = self.listening.lock().unwrap_or_else(PoisonError::into_inner);
        if listening.is_some() {
            return Err(JobError::Taken { job: self.label() });
        }
        let port = port().map_err(|code| self.failed(LISTEN)(code.into()))?;
        let (registration, notifications) = Registration::new();
        let told = JOBOBJECT_ASSOCIATE_COMPLETION_PORT {
            CompletionKey: std::ptr::without_provenance_mut(registration.key),
            CompletionPort: port.0,
        };
        self.set(LISTEN, &told)?;
        *listening = Some(registration);
        Ok(notifications)
    }
}

/// A place in the table of who listens, given up when dropped.
#[derive(Debug)]
pub(super) struct Registration {
    /// Never used again, as a handle's number would be: what a job has told
    /// before its end can be read after it.
    key: usize,
}

impl Registration {
    fn new() -> (Self, Notifications) {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let key = NEXT.fetch_add(1, Ordering::Relaxed);
        let (sender, receiver) = unbounded_channel();
        listeners().insert(key, sender);
        (Self { key }, Notifications(receiver))
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        listeners().remove(&self.key);
    }
}

type Listeners = HashMap<usize, UnboundedSender<Notification>>;

fn listeners() -> MutexGuard<'static, Listeners> {
    static LISTENERS: OnceLock<Mutex<Listeners>> = OnceLock::new();
    LISTENERS.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

/// A completion port that is never closed.
#[derive(Debug, Clone, Copy)]
struct Port(HANDLE);

// SAFETY: a port belongs to the process, and may be used by several threads at once.
unsafe impl Send for Port {}
// SAFETY: as above.
unsafe impl Sync for Port {}

/// The port of all jobs, made at its first use with the thread that reads it.
fn port() -> Result<Port, SystemCode> {
    static PORT: OnceLock<Result<Port, SystemCode>> = OnceLock::new();
    *PORT.get_or_init(|| {
        // SAFETY: no file, no port that is there already.
        let port =
            unsafe { CreateIoCompletionPort(INVALID_HANDLE_VALUE, std::ptr::null_mut(), 0, 1) };
        if port.is_null() {
            return Err(nt::last_code());
        }
        let port = Port(port);
        let thread = std::thread::Builder::new().name("job notifications".into());
        match thread.spawn(move || read(port)) {
            Ok(_) => Ok(port),
            Err(error) => {
                let code = error.raw_os_error().map(i32::cast_unsigned);
                Err(SystemCode(code.unwrap_or(ERROR_NO_SYSTEM_RESOURCES)))
            }
        }
    })
}

/// Reads the port as long as it can be read.
fn read(port: Port) {
    let port = { port }.0;
    loop {
        let mut message = 0;
        let mut key = 0;
        // A number here: the id of a process, or none.
        let mut value: *mut OVERLAPPED = std::ptr::null_mut();
        // SAFETY: the port is never closed, and the results go to our variables.
        let read = unsafe {
            GetQueuedCompletionStatus(
                port,
                &raw mut message,
                &raw mut key,
                &raw mut value,
                INFINITE,
            )
        };
        if read == 0 {
            let code = nt::last_code();
            tracing::error!(%code, "the notifications of job objects cannot be read any more");
            return;
        }
        // An id has 32 bits.
        let value = u32::try_from(value.addr() & 0xffff_ffff).unwrap_or_default();
        let notification = Notification::new(message, value);
        let listener = listeners().get(&key).cloned();
        // Who has gone does not care.
        let told = listener.map(|listener| listener.send(notification));
        tracing::trace!(key, ?notification, listened = told.is_some(), "a job object told");
    }
}
