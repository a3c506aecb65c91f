//! The processes of a job.

use std::mem::offset_of;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};

use compute::error::SystemCode;
use windows_sys::Win32::Foundation::ERROR_MORE_DATA;
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, IsProcessInJob, JOBOBJECT_BASIC_PROCESS_ID_LIST,
    JobObjectBasicProcessIdList,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcess, OpenProcess, PROCESS_SET_QUOTA, PROCESS_TERMINATE,
};

use super::raw::{Failure, NtQueryInformationJobObject};
use super::{Job, JobError};
use crate::nt;

/// How many processes are asked for at first.
const FIRST: usize = 32;
/// How many there can be: ids are multiples of four.
const MOST: usize = 1 << 30;

/// Where the ids begin.
const IDS: usize = offset_of!(JOBOBJECT_BASIC_PROCESS_ID_LIST, ProcessIdList);

impl Job {
    /// The ids of the processes in it.
    ///
    /// # Errors
    /// The system refuses.
    pub fn pids(&self) -> Result<Vec<u32>, JobError> {
        let mut room = FIRST;
        loop {
            match self.pid_list(room) {
                Ok(pids) => return Ok(pids),
                // There are more, or came more meanwhile.
                Err(Failure::Code(SystemCode(ERROR_MORE_DATA))) if room < MOST => room *= 2,
                Err(failure) => return Err(self.failed("list the processes of")(failure)),
            }
        }
    }

    /// The ids, where they are no more than there is room for.
    fn pid_list(&self, room: usize) -> Result<Vec<u32>, Failure> {
        let size = IDS + room * size_of::<usize>();
        let more = || Failure::Code(SystemCode(ERROR_MORE_DATA));
        let told = u32::try_from(size).map_err(|_| more())?;
        // In words, so that the structure is where it may be.
        let mut buffer = vec![0usize; size.div_ceil(size_of::<usize>())];
        // SAFETY: the handle is open; the buffer is aligned for the structure of
        // this class and has as many bytes as is told.
        let status = unsafe {
            NtQueryInformationJobObject(
                self.raw(),
                JobObjectBasicProcessIdList,
                buffer.as_mut_ptr().cast(),
                told,
                std::ptr::null_mut(),
            )
        };
        nt::check(status?)?;
        let list: *const JOBOBJECT_BASIC_PROCESS_ID_LIST = buffer.as_ptr().cast();
        // SAFETY: the buffer begins with both numbers.
        let (assigned, listed) =
            unsafe { ((*list).NumberOfAssignedProcesses, (*list).NumberOfProcessIdsInList) };
        let listed = usize::try_from(listed).unwrap_or(room).min(room);
        if usize::try_from(assigned).unwrap_or(usize::MAX) > room {
            return Err(more());
        }
        let ids = buffer.get(IDS / size_of::<usize>()..).unwrap_or_default();
        Ok(ids.iter().take(listed).filter_map(|&id| u32::try_from(id).ok()).collect())
    }

    /// Puts a process into it. What the process starts from now on is in it too.
    ///
    /// # Errors
    /// There is no such process, it is not ours, or it may not be in this job.
    pub fn assign(&self, pid: u32) -> Result<(), JobError> {
        const ASSIGN: &str = "put a process into";
        // SAFETY: no pointers.
        let process = unsafe { OpenProcess(PROCESS_SET_QUOTA | PROCESS_TERMINATE, 0, pid) };
        if process.is_null() {
            return Err(self.failed(ASSIGN)(nt::last_code().into()));
        }
        // SAFETY: it was just opened for us.
        let process = unsafe { OwnedHandle::from_raw_handle(process) };
        // SAFETY: both handles are open.
        match unsafe { AssignProcessToJobObject(self.raw(), process.as_raw_handle()) } {
            0 => Err(self.failed(ASSIGN)(nt::last_code().into())),
            _ => Ok(()),
        }
    }

    /// Whether this process is in a job itself, whichever.
    pub fn is_around_us() -> bool {
        let mut inside = 0;
        // SAFETY: no job means any, and the answer goes to our variable.
        let told =
            unsafe { IsProcessInJob(GetCurrentProcess(), std::ptr::null_mut(), &raw mut inside) };
        told != 0 && inside != 0
    }

    /// Whether a process is in it. The handle needs the right to ask.
    ///
    /// # Errors
    /// The system refuses.
    pub fn contains(&self, process: BorrowedHandle<'_>) -> Result<bool, JobError> {
        let mut inside = 0;
        // SAFETY: both handles are open, and the answer goes to our variable.
        match unsafe { IsProcessInJob(process.as_raw_handle(), self.raw(), &raw mut inside) } {
            0 => Err(self.failed("look for a process in")(nt::last_code().into())),
            _ => Ok(inside != 0),
        }
    }
}
