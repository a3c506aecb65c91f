//! What this process has of the system.
// A call of Windows that only this program makes.
#![allow(unsafe_code)]

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use windows_sys::Wdk::System::SystemInformation::{
    NtQuerySystemInformation, SYSTEM_INFORMATION_CLASS, SystemProcessInformation,
};
use windows_sys::Win32::Foundation::{STATUS_INFO_LENGTH_MISMATCH, STATUS_SUCCESS};
use windows_sys::Win32::System::WindowsProgramming::SYSTEM_PROCESS_INFORMATION;

/// How many handles more than when all was warm are no leak: of threads and events
/// that come and go.
const HANDLES: usize = 16;
/// How much more memory is none, in bytes: what an allocator keeps.
const MEMORY: usize = 4 << 20;
/// For how long threads may still have handles that have nothing to do any more.
const IDLE: Duration = Duration::from_secs(7);

/// How long an entry in the list of processes is, without what follows it.
const ENTRY: usize = size_of::<SYSTEM_PROCESS_INFORMATION>();
/// `SystemExtendedHandleInformation`: a number, a word, and that many entries, whose
/// second word is the id of the process that has the handle.
const HANDLES_OF_ALL: SYSTEM_INFORMATION_CLASS = 64;
/// How long such an entry is.
const HANDLE_ENTRY: usize = 3 * WORD + 16;
const WORD: usize = size_of::<usize>();

/// Handles and memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) handles: usize,
    pub(crate) private_bytes: usize,
    pub(crate) working_set_bytes: usize,
}

impl Usage {
    /// Right now.
    pub(crate) fn now() -> Result<Self> {
        let handles = handles()?;
        let list = kernel_list(SystemProcessInformation)?;
        let mut at = 0;
        loop {
            let entry = list.get(at..).filter(|rest| rest.len() >= ENTRY);
            let entry = entry.context("the list of processes is cut short")?.as_ptr();
            // SAFETY: there are as many bytes as an entry has, which may be anything, and
            // it is read wherever it is.
            let entry = unsafe { entry.cast::<SYSTEM_PROCESS_INFORMATION>().read_unaligned() };
            if entry.UniqueProcessId.addr() == std::process::id() as usize {
                ensure!(entry.PagefileUsage > 0, "the memory of this process is not counted");
                return Ok(Self {
                    handles,
                    private_bytes: entry.PagefileUsage,
                    working_set_bytes: entry.WorkingSetSize,
                });
            }
            ensure!(entry.NextEntryOffset > 0, "this process is not in the list of all");
            at += entry.NextEntryOffset as usize;
        }
    }

    /// When threads that have nothing to do have ended.
    pub(crate) async fn at_rest() -> Result<Self> {
        tokio::time::sleep(IDLE).await;
        Self::now()
    }

    /// Compares with what was when all was warm.
    ///
    /// # Errors
    /// It is more than chance explains.
    pub(crate) fn check(self, warm: Self) -> Result<()> {
        ensure!(
            self.handles <= warm.handles + HANDLES,
            "handles leak: {} at the end, {} after the first tenth",
            self.handles,
            warm.handles
        );
        ensure!(
            self.private_bytes <= warm.private_bytes + MEMORY,
            "memory leaks: {} bytes at the end, {} after the first tenth",
            self.private_bytes,
            warm.private_bytes
        );
        Ok(())
    }
}

/// How many handles this process has: those in the list of all processes' handles.
/// What Wine says of one process (`GetProcessHandleCount`) is 0, or the room in its
/// table.
fn handles() -> Result<usize> {
    let list = kernel_list(HANDLES_OF_ALL)?;
    let word = |at: usize| -> Option<usize> {
        let bytes = list.get(at..)?.first_chunk()?;
        Some(usize::from_ne_bytes(*bytes))
    };
    let own = std::process::id() as usize;
    let owners =
        (0..word(0).unwrap_or(0)).map_while(|at| word(2 * WORD + at * HANDLE_ENTRY + WORD));
    let count = owners.filter(|owner| *owner == own).count();
    ensure!(count > 0, "the handles of this process are not counted");
    Ok(count)
}

/// A list that the kernel gives.
fn kernel_list(of: SYSTEM_INFORMATION_CLASS) -> Result<Vec<u8>> {
    let mut list = vec![0; 1 << 16];
    loop {
        let (size, mut needed) = (u32::try_from(list.len())?, 0);
        // SAFETY: the list has that size.
        let status = unsafe {
            NtQuerySystemInformation(of, list.as_mut_ptr().cast(), size, &raw mut needed)
        };
        match status {
            STATUS_SUCCESS => return Ok(list),
            STATUS_INFO_LENGTH_MISMATCH => list.resize(list.len() * 2, 0),
            other => anyhow::bail!("the kernel's list {of}: status {other:#x}"),
        }
    }
}
