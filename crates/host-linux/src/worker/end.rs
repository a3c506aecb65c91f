//! How processes and the system end.

use std::os::fd::OwnedFd;

use compute::error::SystemCode;
use compute::state::State;
use runtime::ExitStatus;
use rustix::event::{PollFd, PollFlags, epoll, poll};
use rustix::time::Timespec;

use super::Worker;
use crate::wire::{Exit, Notification};

impl Worker {
    /// A process that this worker started has ended, as its pidfd tells.
    pub(super) fn process_ended(&mut self, pid: u32) {
        let first = self.container.as_ref().map(|container| container.init().pid);
        if first == Some(pid) && self.processes.get(pid).is_none() {
            // The reaper of a system from a document: no client knows it.
            let exit = self.container.as_ref().and_then(|c| reap(&c.init().pidfd));
            if let Some(exit) = exit {
                self.first_process_ended(exit);
            }
            return;
        }
        let Some(process) = self.processes.get(pid) else {
            return;
        };
        let Some(exit) = reap(&process.pidfd) else {
            return;
        };
        self.end_process(pid, exit.code);
        if first == Some(pid) {
            if let Some(init) = &mut self.record.init {
                init.exit_code = Some(exit.code);
            }
            self.first_process_ended(exit);
        }
    }

    fn end_process(&mut self, pid: u32, code: i32) {
        if let Some(process) = self.processes.get(pid) {
            let _ = epoll::delete(&self.epoll, &process.pidfd);
        }
        self.processes.ended(pid, code);
        self.notify(&Notification::ProcessExited(hcs_schema::schema2::ProcessStatus {
            process_id: pid,
            exited: true,
            exit_code: code.cast_unsigned(),
            ..Default::default()
        }));
    }

    /// With its first process a system ends.
    fn first_process_ended(&mut self, exit: ExitStatus) {
        if self.asked_to_end.is_none()
            && let Some(report) = self.crash_report(exit)
        {
            self.notify(&Notification::CrashReport(report));
        }
        let oci = self.plan.oci;
        let exit_type = match self.asked_to_end {
            Some(asked) => asked,
            // A container made from an OCI spec ends when its process does.
            None if oci => "GracefulExit",
            None => "UnexpectedExit",
        };
        self.stopped(exit_type);
    }

    /// A container with poststop hooks stays until it is deleted, whoever saw its
    /// end: they run by then and not before.
    pub(super) fn stays_until_deleted(&self) -> bool {
        self.record.poststop.is_some()
    }

    /// What there is to say of a first process that crashed.
    fn crash_report(&self, exit: ExitStatus) -> Option<String> {
        const FAULTS: [i32; 7] = [
            libc::SIGABRT,
            libc::SIGBUS,
            libc::SIGFPE,
            libc::SIGILL,
            libc::SIGSEGV,
            libc::SIGSYS,
            libc::SIGTRAP,
        ];
        let signal = exit.signal?;
        let kills = self.group.as_ref().and_then(|group| group.oom_kills().ok()).unwrap_or(0);
        if signal == libc::SIGKILL && kills > 0 {
            return Some(format!(
                "the first process was killed: the memory limit was reached, {kills} processes ended by it"
            ));
        }
        FAULTS.contains(&signal).then(|| {
            let core = if exit.core_dumped { ", with a core dump" } else { "" };
            format!("the first process ended by signal {signal}{core}")
        })
    }

    /// The system has ended: frees what it had and tells everybody.
    pub(super) fn stopped(&mut self, exit_type: &'static str) {
        if let Some(container) = &self.container {
            let _ = epoll::delete(&self.epoll, &container.init().pidfd);
        }
        self.release();
        let status = if exit_type == "UnexpectedExit" {
            SystemCode::ERR_VMCOMPUTE_UNEXPECTED_EXIT.0
        } else {
            0
        };
        let exit = Exit { status, exit_type: exit_type.into() };
        self.record.exit = Some(exit.clone());
        self.end_was_seen |= !self.stays_until_deleted() && !self.clients.is_empty();
        self.set_state(State::Stopped);
        self.notify(&Notification::SystemExited(exit));
    }

    /// Frees processes, container and control group.
    pub(super) fn release(&mut self) {
        if let Some(container) = &self.container {
            let _ = runtime::signal(&container.init().pidfd, libc::SIGKILL);
        }
        if let Some(group) = &self.group {
            let _ = group.kill();
        }
        for pid in self.processes.running() {
            if let Some(process) = self.processes.get(pid) {
                let _ = runtime::signal(&process.pidfd, libc::SIGKILL);
                if let Some(exit) = reap_soon(&process.pidfd) {
                    self.end_process(pid, exit.code);
                }
            }
        }
        if let Some(container) = self.container.take() {
            reap_soon(&container.init().pidfd);
        }
        if let Some(group) = self.group.take() {
            match group.remove() {
                Ok(()) => self.record.cgroup = None,
                Err(error) => tracing::warn!(%error, "the control group could not be removed"),
            }
        }
    }
}

/// How a process ended; `None` while it runs.
fn reap(pidfd: &OwnedFd) -> Option<ExitStatus> {
    match runtime::wait(pidfd) {
        Ok(status) => status,
        // It is no child of ours any more: it has ended.
        Err(_) => Some(ExitStatus { code: 255, signal: None, core_dumped: false }),
    }
}

/// Waits up to a second for a process that was killed.
fn reap_soon(pidfd: &OwnedFd) -> Option<ExitStatus> {
    let mut ended = [PollFd::new(pidfd, PollFlags::IN)];
    let limit = Timespec { tv_sec: 1, tv_nsec: 0 };
    let _ = poll(&mut ended, Some(&limit));
    reap(pidfd)
}
