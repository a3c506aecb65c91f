//! The standard streams of a process.

use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};

/// The caller's end of a process's stdout or stderr. It reads to the last byte
/// that the process wrote, also after the process has ended.
pub type ReadPipe = Pin<Box<dyn AsyncRead + Send>>;

/// The caller's end of a process's stdin. Dropping it does not end the
/// process's input: [`crate::Process::close_stdin`] does.
pub type WritePipe = Pin<Box<dyn AsyncWrite + Send>>;

/// The caller's ends of the streams that the process was created with a pipe
/// for; `None` for every other one. With a console, stdout carries both output
/// streams and `stderr` is `None`.
#[derive(Default)]
pub struct Stdio {
    /// Where to write what the process reads.
    pub stdin: Option<WritePipe>,
    /// What the process writes to its stdout, or its console.
    pub stdout: Option<ReadPipe>,
    /// What the process writes to its stderr.
    pub stderr: Option<ReadPipe>,
}

impl std::fmt::Debug for Stdio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stdio")
            .field("stdin", &self.stdin.is_some())
            .field("stdout", &self.stdout.is_some())
            .field("stderr", &self.stderr.is_some())
            .finish()
    }
}

/// Where the streams of a new process come from.
#[derive(Debug, Default)]
#[non_exhaustive]
pub enum StdioSource {
    /// Pipes of the host's making for each `CreateStd...Pipe` of the
    /// parameters, or a console for `EmulateConsole`.
    #[default]
    Pipes,
    /// The caller's own files become the streams: nothing is relayed and the
    /// kernel moves the bytes. A missing one is the null device.
    #[cfg(unix)]
    Files(Box<[Option<std::os::fd::OwnedFd>; 3]>),
}
