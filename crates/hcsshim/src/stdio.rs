//! The streams of a process as blocking readers and writers.

use std::fmt;
use std::io::{self, Read, Write};

use compute::{ReadPipe, WritePipe};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::blocking::block_on;

/// This side of the streams that a process was created with a pipe for; `None`
/// for every other one. With a console, stdout carries both outputs and there is
/// no stderr.
///
/// [`crate::Process::stdio`] gives it.
#[derive(Debug)]
pub struct Stdio {
    /// Where to write what the process reads.
    pub stdin: Option<Input>,
    /// What the process writes to its stdout, or its console.
    pub stdout: Option<Output>,
    /// What the process writes to its stderr.
    pub stderr: Option<Output>,
}

impl From<compute::Stdio> for Stdio {
    fn from(stdio: compute::Stdio) -> Self {
        Self {
            stdin: stdio.stdin.map(Input),
            stdout: stdio.stdout.map(Output),
            stderr: stdio.stderr.map(Output),
        }
    }
}

/// What a process reads as its stdin. Writing waits for the process to read
/// where the pipe is full. Dropping it does not end the process's input:
/// [`crate::Process::close_stdin`] does.
pub struct Input(WritePipe);

/// What a process writes. Reading waits for the process, and gives all that it
/// wrote, also after it has ended.
pub struct Output(ReadPipe);

impl Write for Input {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        block_on(self.0.write(bytes))?
    }

    fn flush(&mut self) -> io::Result<()> {
        block_on(self.0.flush())?
    }
}

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        block_on(self.0.read(buffer))?
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").finish_non_exhaustive()
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").finish_non_exhaustive()
    }
}
