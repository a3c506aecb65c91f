//! A process in a compute system.

use async_trait::async_trait;
use hcs_schema::schema2::ProcessStatus;

use crate::{Result, Stdio};

/// A size of a console, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConsoleSize {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// What to send to a process.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// A Linux signal number.
    Linux(i32),
    /// A Windows console event by its name: `CtrlC`, `CtrlBreak`, `CtrlClose`,
    /// `CtrlLogOff`, `CtrlShutdown`.
    Windows(String),
}

/// A process in a compute system (the reference's `cow.Process`).
///
/// Every call but [`Process::pid`] fails with [`crate::error::Named::AlreadyClosed`]
/// after [`Process::close`]. Dropping the value closes it.
#[async_trait]
pub trait Process: Send + Sync {
    /// Its id, unique within the compute system while the process exists.
    fn pid(&self) -> u32;

    /// Ends the process; [`Process::wait`] tells when it has. A second kill
    /// before that is `true` too. `false`: the host could not deliver it, since
    /// the system is about to end.
    ///
    /// # Errors
    /// [`crate::error::is_already_stopped`] holds where the process has ended
    /// (`ERR_PROCESS_ALREADY_STOPPED`, as in the reference).
    async fn kill(&self) -> Result<bool>;

    /// Sends a signal. `false`: it could not be delivered, since the process
    /// or the system has ended.
    async fn signal(&self, signal: &Signal) -> Result<bool>;

    /// Waits until the process has ended.
    async fn wait(&self) -> Result<()>;

    /// How it ended: the code it returned, or 128 and the signal that killed it.
    ///
    /// # Errors
    /// [`crate::error::Named::InvalidProcessState`] while it runs.
    async fn exit_code(&self) -> Result<i32>;

    /// The service's record of the process.
    async fn status(&self) -> Result<ProcessStatus>;

    /// Changes the size of its console.
    async fn resize_console(&self, size: ConsoleSize) -> Result<()>;

    /// The caller's ends of its streams. Each call gives new handles to the
    /// same pipes.
    async fn stdio(&self) -> Result<Stdio>;

    /// Ends its input: it reads end of file once it has read what was written.
    async fn close_stdin(&self) -> Result<()>;

    /// Drops the host's end of its stdout. What is unread is lost.
    async fn close_stdout(&self) -> Result<()>;

    /// Drops the host's end of its stderr. What is unread is lost.
    async fn close_stderr(&self) -> Result<()>;

    /// The console itself, where the process has one and the host can hand it
    /// out: for passing it on to another process.
    #[cfg(unix)]
    async fn console(&self) -> Result<Option<std::os::fd::OwnedFd>> {
        Ok(None)
    }

    /// Gives the handle up; the process goes on.
    async fn close(&self) -> Result<()>;
}
