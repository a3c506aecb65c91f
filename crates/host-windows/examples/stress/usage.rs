//! What this process has of the system.
// A call of Windows that only this program makes.
#![allow(unsafe_code)]

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use windows_sys::Wdk::System::SystemInformation::{
    NtQuerySystemInformation, SystemProcessInformation,
};
use windows_sys::Win32::Foundation::{STATUS_INFO_LENGTH_MISMATCH, STATUS_SUCCESS};
use windows_sys::Win32::System::WindowsProgramming::SYSTEM_PROCESS_INFORMATION;

/// How many handles more than when all was warm are no leak: of threads and events
/// that come and go.
const HANDLES: u32 = 16;
/// How much more memory is none, in bytes: what an allocator keeps.
const MEMORY: usize = 4 << 20;
/// For how long threads may still have handles that have nothing to do any more.
const IDLE: Duration = Duration::from_secs(7);

/// How long an entry in the list of processes is, without what follows it.
const ENTRY: usize = size_of::<SYSTEM_PROCESS_INFORMATION>();

/// Handles and memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) handles: u32,
    pub(crate) private_bytes: usize,
    pub(crate) working_set_bytes: usize,
}

impl Usage {
    /// Right now.
    ///
    /// It is read from the list of all processes: what Wine gives for one process
    /// alone (`GetProcessHandleCount`) is always 0.
    pub(crate) fn now() -> Result<Self> {
        let list = processes()?;
        let mut at = 0;
        loop {
            let entry = list.get(at..).filter(|rest| rest.len() >= ENTRY);
            let entry = entry.context("the list of processes is cut short")?.as_ptr();
            // SAFETY: there are as many bytes as an entry has, which may be anything, and
            // it is read wherever it is.
            let entry = unsafe { entry.cast::<SYSTEM_PROCESS_INFORMATION>().read_unaligned() };
            if entry.UniqueProcessId.addr() == std::process::id() as usize {
                ensure!(entry.HandleCount > 0 && entry.WorkingSetSize > 0, "nothing is counted");
                return Ok(Self {
                    handles: entry.HandleCount,
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
            self.memory() <= warm.memory() + MEMORY,
            "memory leaks: {} bytes at the end, {} after the first tenth",
            self.memory(),
            warm.memory()
        );
        Ok(())
    }

    /// What is its own; where nobody tells that, what it has in memory.
    fn memory(self) -> usize {
        if self.private_bytes > 0 { self.private_bytes } else { self.working_set_bytes }
    }
}

/// The list of all processes, as the kernel gives it.
fn processes() -> Result<Vec<u8>> {
    let mut list = vec![0; 1 << 16];
    loop {
        let (size, mut needed) = (u32::try_from(list.len())?, 0);
        // SAFETY: the list has that size.
        let status = unsafe {
            NtQuerySystemInformation(
                SystemProcessInformation,
                list.as_mut_ptr().cast(),
                size,
                &raw mut needed,
            )
        };
        match status {
            STATUS_SUCCESS => return Ok(list),
            STATUS_INFO_LENGTH_MISMATCH => list.resize(list.len() * 2, 0),
            other => anyhow::bail!("the list of processes: status {other:#x}"),
        }
    }
}
