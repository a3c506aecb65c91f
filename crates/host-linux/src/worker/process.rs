//! The processes of a system: who holds them, their streams, how they ended.

use std::collections::HashMap;
use std::os::fd::OwnedFd;

/// Ended processes that nobody holds and whose exit a later client may still
/// ask for. The oldest go first.
const MAX_UNHELD: usize = 64;

/// A process that the worker started.
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) pidfd: OwnedFd,
    /// What it runs, for the process list.
    pub(super) image: String,
    /// The worker's ends of its pipes, or its console in the place of stdout.
    pub(super) streams: [Option<OwnedFd>; 3],
    pub(super) console: bool,
    pub(super) exit_code: Option<i32>,
    holders: u32,
    was_held: bool,
    ended: u64,
}

impl Process {
    pub(super) fn new(
        pid: u32,
        pidfd: OwnedFd,
        image: String,
        streams: [Option<OwnedFd>; 3],
        console: bool,
    ) -> Self {
        Self {
            pid,
            pidfd,
            image,
            streams,
            console,
            exit_code: None,
            holders: 0,
            was_held: false,
            ended: 0,
        }
    }
}

/// All processes that run, or have ended and are not forgotten.
#[derive(Default)]
pub(super) struct Processes {
    table: HashMap<u32, Process>,
    endings: u64,
}

impl Processes {
    pub(super) fn insert(&mut self, process: Process) {
        self.table.insert(process.pid, process);
    }

    pub(super) fn get(&self, pid: u32) -> Option<&Process> {
        self.table.get(&pid)
    }

    pub(super) fn get_mut(&mut self, pid: u32) -> Option<&mut Process> {
        self.table.get_mut(&pid)
    }

    /// The pids of those that run.
    pub(super) fn running(&self) -> Vec<u32> {
        let running = self.table.iter().filter(|(_, process)| process.exit_code.is_none());
        running.map(|(pid, _)| *pid).collect()
    }

    /// A client has taken a handle.
    pub(super) fn hold(&mut self, pid: u32) {
        if let Some(process) = self.table.get_mut(&pid) {
            process.holders += 1;
            process.was_held = true;
        }
    }

    /// A client has given handles up.
    pub(super) fn release(&mut self, pid: u32, count: u32) {
        if let Some(process) = self.table.get_mut(&pid) {
            process.holders = process.holders.saturating_sub(count);
            self.forget(pid);
        }
    }

    /// A process has ended.
    pub(super) fn ended(&mut self, pid: u32, exit_code: i32) {
        self.endings += 1;
        if let Some(process) = self.table.get_mut(&pid) {
            process.exit_code = Some(exit_code);
            process.ended = self.endings;
            // It reads nothing more.
            process.streams[0] = None;
            // A holder that let go before the end did not see it.
            process.was_held = process.holders > 0;
        }
        self.limit_unheld();
    }

    /// Forgets a process that has ended, was seen to, and nobody holds.
    fn forget(&mut self, pid: u32) {
        let over = |process: &Process| {
            process.exit_code.is_some() && process.holders == 0 && process.was_held
        };
        if self.table.get(&pid).is_some_and(over) {
            self.table.remove(&pid);
            if self.table.len() < self.table.capacity() / 4 {
                self.table.shrink_to_fit();
            }
        }
    }

    fn limit_unheld(&mut self) {
        let unheld = |process: &&Process| process.exit_code.is_some() && process.holders == 0;
        if self.table.values().filter(unheld).count() > MAX_UNHELD
            && let Some(oldest) = self.table.values().filter(unheld).min_by_key(|p| p.ended)
        {
            let pid = oldest.pid;
            self.table.remove(&pid);
        }
    }
}
