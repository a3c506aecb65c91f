//! What this process has of the system.
// Two calls of Windows that only this program makes.
#![allow(unsafe_code)]

use std::io;
use std::time::Duration;

use anyhow::{Result, ensure};
use windows_sys::Win32::System::ProcessStatus::{
    K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS, PROCESS_MEMORY_COUNTERS_EX,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, GetProcessHandleCount};

/// How many handles more than when all was warm are no leak: of threads and events
/// that come and go.
const HANDLES: u32 = 16;
/// How much more memory is none, in bytes: what an allocator keeps.
const MEMORY: usize = 4 << 20;
/// For how long threads may still have handles that have nothing to do any more.
const IDLE: Duration = Duration::from_secs(7);

/// Handles and memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) handles: u32,
    pub(crate) private_bytes: usize,
    pub(crate) working_set_bytes: usize,
}

impl Usage {
    /// Right now.
    pub(crate) fn now() -> Result<Self> {
        let mut handles = 0;
        let mut memory = PROCESS_MEMORY_COUNTERS_EX::default();
        let size = u32::try_from(size_of_val(&memory))?;
        memory.cb = size;
        let counters = (&raw mut memory).cast::<PROCESS_MEMORY_COUNTERS>();
        // SAFETY: it takes no arguments, and what it gives is not closed.
        let own = unsafe { GetCurrentProcess() };
        // SAFETY: the number is ours.
        let counted = unsafe { GetProcessHandleCount(own, &raw mut handles) };
        ensure!(counted != 0, "counting handles: {}", io::Error::last_os_error());
        // SAFETY: the counters are ours, and the longer ones begin like the shorter.
        let asked = unsafe { K32GetProcessMemoryInfo(own, counters, size) };
        ensure!(asked != 0, "asking for memory: {}", io::Error::last_os_error());
        Ok(Self {
            handles,
            private_bytes: memory.PrivateUsage,
            working_set_bytes: memory.WorkingSetSize,
        })
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
