//! Job objects: processes that are limited, measured and ended together.
//!
//! A compute system's processes are in one (`\Container_<id>`), and a container
//! without isolation is nothing but one. Source of the numbers and structures
//! that the documentation of Windows lacks: the reference's `jobobject` and
//! `winapi` packages.

mod accounting;
mod limits;
mod name;
mod notifications;
mod processes;
mod raw;
mod silo;

use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};
use std::sync::Mutex;

use compute::error::SystemCode;
use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::System::JobObjects::{
    CreateJobObjectW, OpenJobObjectW, TerminateJobObject,
};

use crate::dll::DllError;
use crate::nt;
use raw::{Failure, NtCreateJobObject, NtOpenJobObject};

pub(crate) use accounting::working_set;
pub use accounting::{IoUse, MemoryUse, ProcessorUse, StorageUse};
pub use limits::{CpuLimit, GroupAffinity, IoLimit, Limits};
pub use name::{JobName, NameError};
pub use notifications::{Notification, Notifications};
pub use silo::Binding;

/// All that can be done to a job, but for impersonation: what the reference asks for.
const ALL_ACCESS: u32 = 0x001f_001f;

/// Why a job object could not be used. `job` is it for people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// The system refuses.
    #[error("failed to {operation} {job}")]
    Refused {
        /// What was tried.
        operation: &'static str,
        /// The job.
        job: String,
        /// Why.
        #[source]
        code: SystemCode,
    },
    /// This Windows cannot do it.
    #[error("failed to {operation} {job}")]
    Missing {
        /// What was tried.
        operation: &'static str,
        /// The job.
        job: String,
        /// What is missing.
        #[source]
        source: DllError,
    },
    /// A limit that no job can have.
    #[error("failed to limit {job}: {what} {value} is not from {min} to {max}")]
    Limit {
        /// The job.
        job: String,
        /// What was to be limited.
        what: &'static str,
        /// The limit.
        value: u64,
        /// The least limit.
        min: u64,
        /// The greatest limit.
        max: u64,
    },
    /// A job with processes cannot become a silo.
    #[error("failed to make a silo of {job}: it has {count} processes, and must have none")]
    Busy {
        /// The job.
        job: String,
        /// How many there are.
        count: usize,
    },
    /// Only a silo has a view of files of its own.
    #[error("failed to bind files in {job}: it is not a silo, make one of it first")]
    NotSilo {
        /// The job.
        job: String,
    },
    /// A path cannot be bound.
    #[error("failed to bind {} in {job}", path.display())]
    Path {
        /// The job.
        job: String,
        /// The path.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Somebody listens already.
    #[error("failed to listen to {job}: its notifications are taken already")]
    Taken {
        /// The job.
        job: String,
    },
}

impl JobError {
    /// The system's code, where it gave one.
    pub fn code(&self) -> Option<SystemCode> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }
}

/// A job object. Dropped, its handle is closed; processes in it live on, unless
/// [`Job::end_with_last_handle`] was called.
///
/// ```no_run
/// # #[cfg(windows)]
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// use std::os::windows::io::AsHandle;
///
/// use host_windows::exec::Command;
/// use host_windows::job::{Job, Notification};
///
/// let job = Job::create(None)?;
/// job.end_with_last_handle()?;
/// job.set_memory_limit(512 << 20)?;
/// let mut notifications = job.notifications()?;
/// let mut command = Command::new(r"C:\Windows\System32\ping.exe").args(["127.0.0.1"]);
/// command.job = Some(job.as_handle());
/// command.spawn()?;
/// while let Some(notification) = notifications.next().await {
///     if notification == Notification::AllProcessesExited {
///         break;
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Job {
    handle: OwnedHandle,
    name: Option<JobName>,
    /// Where its notifications go to, after the handle so that it ends last.
    listening: Mutex<Option<notifications::Registration>>,
}

impl Job {
    /// Makes a job, with a name or without. One of the name that is there
    /// already is opened, unless the name is one of the kernel's.
    ///
    /// # Errors
    /// The system refuses.
    pub fn create(name: Option<&JobName>) -> Result<Self, JobError> {
        let made = match name {
            Some(name) if name.is_kernel_s() => nt::with_name(name.units(), |attributes| {
                let mut handle = null_mut();
                // SAFETY: the attributes and the name in them live across the
                // call, and the handle goes to our variable.
                let status = unsafe { NtCreateJobObject(&raw mut handle, ALL_ACCESS, attributes) };
                nt::check(status?)?;
                Ok(handle)
            }),
            _ => {
                let name = name.map_or(null(), |name| name.as_ptr());
                // SAFETY: no attributes, and the name is null or ends with a NUL.
                opened(unsafe { CreateJobObjectW(null(), name) })
            }
        };
        Self::new("create", made, name)
    }

    /// Opens the job of a name.
    ///
    /// # Errors
    /// There is none, or the caller may not have it.
    pub fn open(name: &JobName) -> Result<Self, JobError> {
        let found = if name.is_kernel_s() {
            nt::with_name(name.units(), |attributes| {
                let mut handle = null_mut();
                // SAFETY: the attributes and the name in them live across the
                // call, and the handle goes to our variable.
                let status = unsafe { NtOpenJobObject(&raw mut handle, ALL_ACCESS, attributes) };
                nt::check(status?)?;
                Ok(handle)
            })
        } else {
            // SAFETY: the name ends with a NUL.
            opened(unsafe { OpenJobObjectW(ALL_ACCESS, 0, name.as_ptr()) })
        };
        Self::new("open", found, Some(name))
    }

    fn new(
        operation: &'static str,
        handle: Result<HANDLE, Failure>,
        name: Option<&JobName>,
    ) -> Result<Self, JobError> {
        let handle = handle.map_err(|failure| failure.about(operation, label(name)))?;
        // SAFETY: it was just made for us.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
        Ok(Self { handle, name: name.cloned(), listening: Mutex::new(None) })
    }

    /// Its name, where it was made or opened by one.
    pub fn name(&self) -> Option<&JobName> {
        self.name.as_ref()
    }

    /// Ends all processes in it with this exit code.
    ///
    /// # Errors
    /// The system refuses.
    pub fn terminate(&self, exit_code: u32) -> Result<(), JobError> {
        // SAFETY: the handle is open.
        match unsafe { TerminateJobObject(self.raw(), exit_code) } {
            0 => Err(self.failed("end the processes of")(nt::last_code().into())),
            _ => Ok(()),
        }
    }

    fn raw(&self) -> HANDLE {
        self.handle.as_raw_handle()
    }

    fn label(&self) -> String {
        label(self.name.as_ref())
    }

    /// The error of a call that failed.
    fn failed(&self, operation: &'static str) -> impl Fn(Failure) -> JobError {
        move |failure| failure.about(operation, self.label())
    }
}

impl AsHandle for Job {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.handle.as_handle()
    }
}

fn opened(handle: HANDLE) -> Result<HANDLE, Failure> {
    if handle.is_null() { Err(nt::last_code().into()) } else { Ok(handle) }
}

fn label(name: Option<&JobName>) -> String {
    match name {
        Some(name) => format!("job object {name}"),
        None => "a job object without a name".into(),
    }
}

#[cfg(test)]
mod tests;
