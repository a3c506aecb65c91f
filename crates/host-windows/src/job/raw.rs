//! What a job object is asked and told.

use windows_sys::Wdk::Foundation::OBJECT_ATTRIBUTES;
use windows_sys::Win32::Foundation::{HANDLE, NTSTATUS};
use windows_sys::Win32::System::JobObjects::{
    JOBOBJECT_ASSOCIATE_COMPLETION_PORT, JOBOBJECT_BASIC_ACCOUNTING_INFORMATION,
    JOBOBJECT_CPU_RATE_CONTROL_INFORMATION, JOBOBJECT_EXTENDED_LIMIT_INFORMATION,
    JOBOBJECT_IO_ATTRIBUTION_INFORMATION, JOBOBJECT_IO_RATE_CONTROL_INFORMATION,
    JOBOBJECTINFOCLASS, JobObjectAssociateCompletionPortInformation,
    JobObjectBasicAccountingInformation, JobObjectCpuRateControlInformation, JobObjectCreateSilo,
    JobObjectExtendedLimitInformation, JobObjectSiloBasicInformation,
};
use windows_sys::core::{HRESULT, PCWSTR};

use compute::error::SystemCode;

use super::{Job, JobError};
use crate::dll::{DllError, Library, imports};
use crate::named_pipe::size_of_u32;
use crate::nt;

static NTDLL: Library = Library::new("ntdll.dll");
static KERNEL32: Library = Library::new("kernel32.dll");
pub(super) static BINDFLTAPI: Library = Library::new("bindfltapi.dll");

imports! { NTDLL {
    fn NtCreateJobObject(job: *mut HANDLE, access: u32, attributes: *const OBJECT_ATTRIBUTES) -> NTSTATUS;
    fn NtOpenJobObject(job: *mut HANDLE, access: u32, attributes: *const OBJECT_ATTRIBUTES) -> NTSTATUS;
    fn NtQueryInformationJobObject(
        job: HANDLE,
        class: JOBOBJECTINFOCLASS,
        information: *mut std::ffi::c_void,
        size: u32,
        used: *mut u32,
    ) -> NTSTATUS;
    fn NtSetInformationJobObject(
        job: HANDLE,
        class: JOBOBJECTINFOCLASS,
        information: *const std::ffi::c_void,
        size: u32,
    ) -> NTSTATUS;
}}

// What newer Windows no longer promises to have.
imports! { KERNEL32 {
    fn QueryIoRateControlInformationJobObject(
        job: HANDLE,
        volume: PCWSTR,
        blocks: *mut *mut JOBOBJECT_IO_RATE_CONTROL_INFORMATION,
        count: *mut u32,
    ) -> u32;
    fn SetIoRateControlInformationJobObject(
        job: HANDLE,
        information: *const JOBOBJECT_IO_RATE_CONTROL_INFORMATION,
    ) -> u32;
    fn FreeMemoryJobObject(buffer: *const std::ffi::c_void);
}}

imports! { BINDFLTAPI {
    fn BfSetupFilter(
        job: HANDLE,
        flags: u32,
        root: PCWSTR,
        target: PCWSTR,
        exceptions: *const PCWSTR,
        exception_count: u32,
    ) -> HRESULT;
}}

/// Why a call failed.
#[derive(Debug)]
pub(super) enum Failure {
    Code(SystemCode),
    Dll(DllError),
}

impl Failure {
    /// The error of a call on a job.
    pub(super) fn about(self, operation: &'static str, job: String) -> JobError {
        match self {
            Self::Code(code) => JobError::Refused { operation, job, code },
            Self::Dll(source) => JobError::Missing { operation, job, source },
        }
    }
}

impl From<SystemCode> for Failure {
    fn from(code: SystemCode) -> Self {
        Self::Code(code)
    }
}

impl From<DllError> for Failure {
    fn from(error: DllError) -> Self {
        Self::Dll(error)
    }
}

/// A structure that a job object is asked for, or told.
///
/// # Safety
/// It is that of its class, and all of its bytes may have any value.
pub(super) unsafe trait Information: Copy {
    /// The number of its class.
    const CLASS: JOBOBJECTINFOCLASS;
}

/// The memory in use, in bytes.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct MemoryInformation {
    pub(super) used: u64,
    pub(super) peak: u64,
}

/// What is known of a silo.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SiloInformation {
    silo: u32,
    parent: u32,
    processes: u32,
    in_server_silo: u8,
    reserved: [u8; 3],
}

macro_rules! information {
    ($($structure:ty: $class:expr;)*) => { $(
        // SAFETY: the documentation of Windows, or the reference, has it so; it
        // is made of numbers.
        unsafe impl Information for $structure {
            const CLASS: JOBOBJECTINFOCLASS = $class;
        }
    )* };
}

information! {
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION: JobObjectBasicAccountingInformation;
    JOBOBJECT_ASSOCIATE_COMPLETION_PORT: JobObjectAssociateCompletionPortInformation;
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION: JobObjectExtendedLimitInformation;
    JOBOBJECT_CPU_RATE_CONTROL_INFORMATION: JobObjectCpuRateControlInformation;
    // Not documented.
    MemoryInformation: 28;
    SiloInformation: JobObjectSiloBasicInformation;
    JOBOBJECT_IO_ATTRIBUTION_INFORMATION: 42;
}

impl Job {
    /// Asks for a structure. `asked` has what the question itself says.
    pub(super) fn query<T: Information>(&self, mut asked: T) -> Result<T, Failure> {
        // SAFETY: the handle is open, and this is the structure of this class.
        let status = unsafe {
            NtQueryInformationJobObject(
                self.raw(),
                T::CLASS,
                (&raw mut asked).cast(),
                const { size_of_u32::<T>() },
                std::ptr::null_mut(),
            )
        };
        nt::check(status?)?;
        Ok(asked)
    }

    /// Tells a structure.
    pub(super) fn set<T: Information>(
        &self,
        operation: &'static str,
        told: &T,
    ) -> Result<(), JobError> {
        let told: *const T = told;
        // SAFETY: the handle is open, and this is the structure of this class.
        unsafe { self.tell(T::CLASS, told.cast(), const { size_of_u32::<T>() }) }
            .map_err(self.failed(operation))
    }

    /// Tells some bytes.
    ///
    /// # Safety
    /// They are the structure of the class, and as many as is told.
    pub(super) unsafe fn tell(
        &self,
        class: JOBOBJECTINFOCLASS,
        bytes: *const std::ffi::c_void,
        size: u32,
    ) -> Result<(), Failure> {
        // SAFETY: the handle is open, and the caller says the rest.
        let status = unsafe { NtSetInformationJobObject(self.raw(), class, bytes, size) };
        Ok(nt::check(status?)?)
    }

    /// Makes a silo of it. This class has no structure.
    pub(super) fn tell_silo(&self) -> Result<(), Failure> {
        // SAFETY: no bytes.
        unsafe { self.tell(JobObjectCreateSilo, std::ptr::null(), 0) }
    }
}
