//! What the processes of a job have used.

use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::time::Duration;

use windows_sys::Wdk::System::SystemServices::VM_COUNTERS_EX2;
use windows_sys::Wdk::System::Threading::{NtQueryInformationProcess, ProcessVmCounters};
use windows_sys::Win32::System::JobObjects::{
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION, JOBOBJECT_IO_ATTRIBUTION_CONTROL_ENABLE,
    JOBOBJECT_IO_ATTRIBUTION_INFORMATION, JOBOBJECT_IO_ATTRIBUTION_STATS,
};
use windows_sys::Win32::System::Threading::{OpenProcess, PROCESS_QUERY_LIMITED_INFORMATION};

use compute::error::SystemCode;

use super::raw::MemoryInformation;
use super::{Job, JobError};
use crate::named_pipe::size_of_u32;
use crate::nt;

/// The processor time of all processes that are or were in a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProcessorUse {
    /// In programs.
    pub user: Duration,
    /// In the kernel.
    pub kernel: Duration,
    /// Page faults.
    pub page_faults: u32,
    /// How many processes there have ever been.
    pub processes: u32,
    /// How many there are.
    pub active: u32,
    /// How many were ended for having reached a limit.
    pub terminated: u32,
}

/// The memory that the processes of a job have committed, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryUse {
    /// Now.
    pub now: u64,
    /// At most, ever.
    pub peak: u64,
}

/// The input or output of a job's processes on storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IoUse {
    /// How often.
    pub count: u64,
    /// How much, in bytes.
    pub bytes: u64,
    /// How long requests waited, where that was not the same time.
    pub queued: Duration,
    /// How long requests took, where that was not the same time.
    pub served: Duration,
}

/// What a job's processes did with storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StorageUse {
    /// Reads.
    pub read: IoUse,
    /// Writes.
    pub write: IoUse,
}

impl Job {
    /// The processor time used.
    ///
    /// # Errors
    /// The system refuses.
    pub fn processor_use(&self) -> Result<ProcessorUse, JobError> {
        let told = self
            .query(JOBOBJECT_BASIC_ACCOUNTING_INFORMATION::default())
            .map_err(self.failed("ask for the processor time of"))?;
        let time = |ticks: i64| ticks_of(u64::try_from(ticks).unwrap_or_default());
        Ok(ProcessorUse {
            user: time(told.TotalUserTime),
            kernel: time(told.TotalKernelTime),
            page_faults: told.TotalPageFaultCount,
            processes: told.TotalProcesses,
            active: told.ActiveProcesses,
            terminated: told.TotalTerminatedProcesses,
        })
    }

    /// The memory used.
    ///
    /// # Errors
    /// The system refuses.
    pub fn memory_use(&self) -> Result<MemoryUse, JobError> {
        let told = self
            .query(MemoryInformation::default())
            .map_err(self.failed("ask for the memory of"))?;
        Ok(MemoryUse { now: told.used, peak: told.peak })
    }

    /// The memory, in bytes, that is in the working sets of its processes and of
    /// no others. A process that ends meanwhile does not count.
    ///
    /// # Errors
    /// The system refuses.
    pub fn private_working_set(&self) -> Result<u64, JobError> {
        let mut total = 0u64;
        for pid in self.pids()? {
            // SAFETY: no pointers.
            let process = unsafe { OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) };
            if process.is_null() {
                continue;
            }
            // SAFETY: it was just opened for us.
            let process = unsafe { OwnedHandle::from_raw_handle(process) };
            // The id may be another process's by now.
            if self.contains(process.as_handle())? {
                let size = working_set(process.as_handle())
                    .map_err(|code| self.failed("ask for the working sets of")(code.into()))?;
                total = total.saturating_add(size);
            }
        }
        Ok(total)
    }

    /// Begins to count what its processes do with storage.
    ///
    /// # Errors
    /// The system refuses.
    pub fn track_storage(&self) -> Result<(), JobError> {
        if self.storage_use().is_ok() {
            return Ok(());
        }
        self.set("count the input and output of", &attribution())
    }

    /// What its processes did with storage.
    ///
    /// # Errors
    /// Nobody counts ([`Job::track_storage`]), or the system refuses.
    pub fn storage_use(&self) -> Result<StorageUse, JobError> {
        let told =
            self.query(attribution()).map_err(self.failed("ask for the input and output of"))?;
        Ok(StorageUse { read: io_use(&told.ReadStats), write: io_use(&told.WriteStats) })
    }
}

fn attribution() -> JOBOBJECT_IO_ATTRIBUTION_INFORMATION {
    JOBOBJECT_IO_ATTRIBUTION_INFORMATION {
        ControlFlags: JOBOBJECT_IO_ATTRIBUTION_CONTROL_ENABLE.cast_unsigned(),
        ..JOBOBJECT_IO_ATTRIBUTION_INFORMATION::default()
    }
}

fn io_use(told: &JOBOBJECT_IO_ATTRIBUTION_STATS) -> IoUse {
    IoUse {
        count: u64::try_from(told.IoCount).unwrap_or(u64::MAX),
        bytes: told.TotalSize,
        queued: ticks_of(told.TotalNonOverlappedQueueTime),
        served: ticks_of(told.TotalNonOverlappedServiceTime),
    }
}

/// A time that is told in 100 nanoseconds.
fn ticks_of(ticks: u64) -> Duration {
    const A_SECOND: u64 = 10_000_000;
    Duration::from_secs(ticks / A_SECOND) + Duration::from_nanos(ticks % A_SECOND * 100)
}

/// The memory, in bytes, that is in the working set of a process and of no other.
pub(crate) fn working_set(process: BorrowedHandle<'_>) -> Result<u64, SystemCode> {
    let mut told = VM_COUNTERS_EX2::default();
    // SAFETY: the handle is open, and this is the longest structure of this class.
    nt::check(unsafe {
        NtQueryInformationProcess(
            process.as_raw_handle(),
            ProcessVmCounters,
            (&raw mut told).cast(),
            const { size_of_u32::<VM_COUNTERS_EX2>() },
            std::ptr::null_mut(),
        )
    })?;
    Ok(u64::try_from(told.PrivateWorkingSetSize).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tick_is_100_nanoseconds() {
        assert_eq!(ticks_of(0), Duration::ZERO);
        assert_eq!(ticks_of(10_000_001), Duration::new(1, 100));
        assert_eq!(ticks_of(u64::MAX).as_secs(), u64::MAX / 10_000_000);
    }
}
