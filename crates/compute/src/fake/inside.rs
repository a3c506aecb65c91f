//! What a test makes happen in a compute system of the fake.

use std::io;
use std::sync::Arc;

use super::pipe::Pipe;
use super::record::{Process, System};
use crate::error::SystemCode;
use crate::{Signal, State, SystemEvent};

/// The inside of a compute system of the fake: what would happen in it by
/// itself, and what can be seen from there. None of it is recorded as a call.
pub struct Inside(pub(super) Arc<System>);

impl Inside {
    /// The state of the system.
    pub fn state(&self) -> State {
        self.0.live().state
    }

    /// How many handles to the system are open.
    pub fn handles(&self) -> usize {
        self.0.live().handles
    }

    /// The processes that run.
    pub fn pids(&self) -> Vec<u32> {
        let live = self.0.live();
        let running = live.processes.iter().filter(|(_, process)| process.exit_code.is_none());
        running.map(|(pid, _)| *pid).collect()
    }

    /// A process ends with this code. `false`: none of this id runs.
    pub fn exit_process(&self, pid: u32, code: i32) -> bool {
        self.0.update(|live| live.exit_process(pid, code))
    }

    /// A process writes to its stdout.
    ///
    /// # Errors
    /// It has none, or the other end is closed.
    pub fn write_stdout(&self, pid: u32, bytes: &[u8]) -> io::Result<()> {
        self.pipe(pid, |process| process.stdout.clone())?.write(bytes)
    }

    /// A process writes to its stderr.
    ///
    /// # Errors
    /// It has none, or the other end is closed.
    pub fn write_stderr(&self, pid: u32, bytes: &[u8]) -> io::Result<()> {
        self.pipe(pid, |process| process.stderr.clone())?.write(bytes)
    }

    /// A process reads what was written to its stdin since the last time; with
    /// whether that was closed.
    ///
    /// # Errors
    /// It has none.
    pub fn read_stdin(&self, pid: u32) -> io::Result<(Vec<u8>, bool)> {
        Ok(self.pipe(pid, |process| process.stdin.clone())?.take())
    }

    /// The signals that a process got, in order.
    pub fn signals(&self, pid: u32) -> Vec<Signal> {
        let live = self.0.live();
        live.processes.get(&pid).map(|process| process.signals.clone()).unwrap_or_default()
    }

    /// The system ends by itself, in good order.
    pub fn exit(&self) {
        self.0.update(|live| live.stop("GracefulExit", hcs_schema::HResult::S_OK));
    }

    /// The system crashes: its events are a crash report and an unexpected exit.
    pub fn crash(&self, report: &str) {
        let status = SystemCode::ERR_VMCOMPUTE_UNEXPECTED_EXIT.to_hresult();
        self.0.update(|live| {
            live.emit(SystemEvent::CrashReport(report.to_owned()));
            live.stop("UnexpectedExit", status);
        });
    }

    /// The service tells this event, and nothing else happens.
    pub fn emit(&self, event: SystemEvent) {
        self.0.update(|live| live.emit(event));
    }

    fn pipe(&self, pid: u32, pipe: impl Fn(&Process) -> Option<Pipe>) -> io::Result<Pipe> {
        let live = self.0.live();
        live.processes.get(&pid).and_then(pipe).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}
