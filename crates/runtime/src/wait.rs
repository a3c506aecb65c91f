//! Ends of processes: waiting, signals, exit codes.

use std::fmt;
use std::io;
use std::os::fd::AsFd;

use rustix::process::{Signal, WaitId, WaitIdOptions, pidfd_send_signal, waitid};

/// How a process ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ExitStatus {
    /// The exit code; 128 and the signal's number when a signal ended the process.
    pub code: i32,
    /// The signal that ended the process, if one did.
    pub signal: Option<i32>,
    /// Whether the kernel wrote a core dump.
    pub core_dumped: bool,
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.signal {
            Some(signal) => write!(f, "signal {signal}"),
            None => write!(f, "exit code {}", self.code),
        }
    }
}

/// Reaps a child if it has ended, without waiting; nothing while it runs.
///
/// # Errors
///
/// When the process is not a child of the caller, or has been reaped.
pub fn wait(pidfd: impl AsFd) -> io::Result<Option<ExitStatus>> {
    reap(pidfd, WaitIdOptions::EXITED | WaitIdOptions::NOHANG)
}

/// Waits for the end of a child and reaps it.
pub(crate) fn wait_for_end(pidfd: impl AsFd) -> io::Result<ExitStatus> {
    reap(pidfd, WaitIdOptions::EXITED)?.ok_or_else(|| io::Error::other("waitid returned nothing"))
}

fn reap(pidfd: impl AsFd, options: WaitIdOptions) -> io::Result<Option<ExitStatus>> {
    let status = loop {
        match waitid(WaitId::PidFd(pidfd.as_fd()), options) {
            Err(rustix::io::Errno::INTR) => {}
            other => break other?,
        }
    };
    Ok(status.map(|status| match status.terminating_signal() {
        Some(signal) => {
            ExitStatus { code: 128 + signal, signal: Some(signal), core_dumped: status.dumped() }
        }
        None => ExitStatus {
            code: status.exit_status().unwrap_or(255),
            signal: None,
            core_dumped: false,
        },
    }))
}

/// Sends a signal to a process.
///
/// # Errors
///
/// When the number is no signal, the process has been reaped, or the kernel does not allow it.
pub fn signal(pidfd: impl AsFd, number: i32) -> io::Result<()> {
    let signal = Signal::from_named_raw(number)
        .or_else(|| {
            (libc::SIGRTMIN()..=libc::SIGRTMAX()).contains(&number).then(|| {
                // SAFETY: the kernel lets programs use these numbers for themselves; libc keeps
                // those below SIGRTMIN, which the range leaves out.
                unsafe { Signal::from_raw_unchecked(number) }
            })
        })
        .ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))?;
    Ok(pidfd_send_signal(pidfd, signal)?)
}

/// Ends a child of ours whatever it does, and reaps it.
pub(crate) fn kill_and_reap(pidfd: impl AsFd) {
    // It may have ended already.
    let _ = pidfd_send_signal(&pidfd, Signal::KILL);
    let _ = wait_for_end(pidfd);
}

/// When a process started: field 22 of its `stat` file.
pub(crate) fn start_time(pid: u32) -> io::Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    stat_field(&stat, 22).ok_or_else(|| io::Error::other("unreadable stat file"))
}

/// A numbered field (from 1) of a `stat` file. The second, the name, may hold anything, so fields
/// are counted from its closing bracket.
pub(crate) fn stat_field(stat: &str, number: usize) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_fields_are_counted_from_the_name() {
        let stat = "7 (a b) 3) (x) S 1 7 7 0 -1 4194560 9 9 9 9 1 2 3 4 20 0 1 0 4242 5";
        assert_eq!(stat_field(stat, 22), Some(4242));
        assert_eq!(stat_field("", 22), None);
        assert!(start_time(std::process::id()).is_ok_and(|time| time > 0));
    }
}
