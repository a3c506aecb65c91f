//! A process in a compute system of this machine.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Mutex, PoisonError, RwLock};

use async_trait::async_trait;
use compute::error::{Named, SystemCode};
use compute::{ConsoleSize, Error, Process, Result, Signal, Stdio};
use hcs_schema::schema2::ProcessStatus;
use tokio::net::unix::pipe;
use tokio::sync::watch;

use super::connection::{Connection, Known};
use super::console::Console;
use crate::failure::event;
use crate::wire::{
    CloseStdio, OpenedProcess, ProcessRef, Request, ResizeConsole, SignalProcess, Signalled,
};

pub(super) struct LinuxProcess {
    system: String,
    pid: u32,
    known: watch::Receiver<Known>,
    /// The streams that came with the answer, until somebody asks for them.
    /// They stay as they came till then: whoever else has the console would
    /// notice.
    first: Mutex<Option<Streams>>,
    /// `None` once it is closed.
    connection: RwLock<Option<Connection>>,
}

impl LinuxProcess {
    /// A handle to the process of an answer.
    pub(super) fn open(
        connection: Connection,
        opened: &OpenedProcess,
        files: Vec<OwnedFd>,
    ) -> Box<dyn Process> {
        Box::new(Self {
            system: connection.id().to_string(),
            pid: opened.pid,
            known: connection.process(opened.pid),
            first: Mutex::new(Some(Streams::new(opened, files))),
            connection: RwLock::new(Some(connection)),
        })
    }

    fn connection(&self, operation: &'static str) -> Result<Connection> {
        let connection = self.connection.read().unwrap_or_else(PoisonError::into_inner);
        connection.clone().ok_or_else(|| self.error(operation, Named::AlreadyClosed))
    }

    fn error(&self, operation: &'static str, cause: impl Into<compute::error::Cause>) -> Error {
        Error::process(operation, self.system.as_str(), self.pid, cause)
    }

    async fn close_stream(&self, operation: &'static str, stream: u8) -> Result<()> {
        let connection = self.connection(operation)?;
        if *self.known.borrow() != Known::Running && stream == 0 {
            return Ok(());
        }
        if let Some(first) = &mut *self.first.lock().unwrap_or_else(PoisonError::into_inner) {
            first.close(stream);
        }
        connection.call(operation, Request::CloseStdio(CloseStdio { pid: self.pid, stream })).await
    }
}

impl Drop for LinuxProcess {
    fn drop(&mut self) {
        let connection = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(connection) = connection {
            connection.release(self.pid);
        }
    }
}

#[async_trait]
impl Process for LinuxProcess {
    fn pid(&self) -> u32 {
        self.pid
    }

    async fn kill(&self) -> Result<bool> {
        match self.signal(&Signal::Linux(libc::SIGKILL)).await {
            Ok(false) if *self.known.borrow() != Known::Lost => Err(self
                .error(compute::operation::PROCESS_KILL, SystemCode::ERR_PROCESS_ALREADY_STOPPED)),
            other => other,
        }
    }

    async fn signal(&self, signal: &Signal) -> Result<bool> {
        use compute::operation::PROCESS_SIGNAL as SIGNAL;
        let Signal::Linux(signal) = signal else {
            return Err(self
                .error(SIGNAL, SystemCode::ERR_NOT_SUPPORTED)
                .with_events([event("a Linux process takes signals by their Linux numbers")]));
        };
        let request = Request::SignalProcess(SignalProcess { pid: self.pid, signal: *signal });
        match self.connection(SIGNAL)?.call::<Signalled>(SIGNAL, request).await {
            Ok(signalled) => Ok(signalled.delivered),
            // With its worker a process has gone too.
            Err(error) if super::connection::is_lost(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn wait(&self) -> Result<()> {
        use compute::operation::PROCESS_WAIT as WAIT;
        self.connection(WAIT)?;
        let mut known = self.known.clone();
        match known.wait_for(|known| *known != Known::Running).await.map(|known| *known) {
            Ok(Known::Exited(_)) => Ok(()),
            _ => Err(self.error(WAIT, Named::UnexpectedProcessAbort)),
        }
    }

    async fn exit_code(&self) -> Result<i32> {
        use compute::operation::PROCESS_EXIT_CODE as EXIT_CODE;
        self.connection(EXIT_CODE)?;
        match *self.known.borrow() {
            Known::Exited(code) => Ok(code),
            Known::Running => Err(self.error(EXIT_CODE, Named::InvalidProcessState)),
            Known::Lost => Err(self.error(EXIT_CODE, Named::UnexpectedProcessAbort)),
        }
    }

    async fn status(&self) -> Result<ProcessStatus> {
        use compute::operation::PROCESS_STATUS as STATUS;
        self.connection(STATUS)?;
        let (exited, exit_code) = match *self.known.borrow() {
            Known::Exited(code) => (true, code.cast_unsigned()),
            Known::Running => (false, 0),
            Known::Lost => return Err(self.error(STATUS, Named::UnexpectedProcessAbort)),
        };
        Ok(ProcessStatus { process_id: self.pid, exited, exit_code, ..ProcessStatus::default() })
    }

    async fn resize_console(&self, size: ConsoleSize) -> Result<()> {
        use compute::operation::PROCESS_RESIZE_CONSOLE as RESIZE;
        let ConsoleSize { width, height } = size;
        let request = Request::ResizeConsole(ResizeConsole { pid: self.pid, width, height });
        self.connection(RESIZE)?.call(RESIZE, request).await
    }

    async fn stdio(&self) -> Result<Stdio> {
        use compute::operation::PROCESS_STDIO as STDIO;
        let connection = self.connection(STDIO)?;
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let streams = match first {
            Some(first) => first,
            None => {
                let request = Request::ProcessStdio(ProcessRef { pid: self.pid });
                let (opened, files) =
                    connection.call_with_files::<OpenedProcess>(STDIO, request, Vec::new()).await?;
                Streams::new(&opened, files)
            }
        };
        streams.into_stdio().map_err(|error| {
            self.error(STDIO, crate::failure::code_of(&error))
                .with_events([event(format!("taking the streams over: {error}"))])
        })
    }

    async fn console(&self) -> Result<Option<OwnedFd>> {
        use compute::operation::PROCESS_STDIO as CONSOLE;
        let request = Request::ProcessStdio(ProcessRef { pid: self.pid });
        let (opened, files) = self
            .connection(CONSOLE)?
            .call_with_files::<OpenedProcess>(CONSOLE, request, Vec::new())
            .await?;
        Ok(files.into_iter().next().filter(|_| opened.console))
    }

    async fn close_stdin(&self) -> Result<()> {
        self.close_stream(compute::operation::PROCESS_CLOSE_STDIN, 0).await
    }

    async fn close_stdout(&self) -> Result<()> {
        self.close_stream(compute::operation::PROCESS_CLOSE_STDOUT, 1).await
    }

    async fn close_stderr(&self) -> Result<()> {
        self.close_stream(compute::operation::PROCESS_CLOSE_STDERR, 2).await
    }

    async fn close(&self) -> Result<()> {
        let connection = self.connection.write().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(connection) = connection {
            connection.release(self.pid);
        }
        Ok(())
    }
}

/// The caller's ends of a process's streams, as they came.
struct Streams {
    console: bool,
    files: [Option<OwnedFd>; 3],
}

impl Streams {
    fn new(opened: &OpenedProcess, files: Vec<OwnedFd>) -> Self {
        let mut files = files.into_iter();
        let files = opened.streams.map(|given| given.then(|| files.next()).flatten());
        Self { console: opened.console, files }
    }

    /// Drops one of them. A console is one stream both ways and stays.
    fn close(&mut self, stream: u8) {
        if let (false, Some(file)) = (self.console, self.files.get_mut(usize::from(stream))) {
            *file = None;
        }
    }

    fn into_stdio(self) -> io::Result<Stdio> {
        let [stdin, stdout, stderr] = self.files;
        let mut stdio = Stdio::default();
        if self.console {
            if let Some(console) = stdout {
                let console = Console::new(console)?;
                stdio.stdin = Some(Box::pin(console.clone()));
                stdio.stdout = Some(Box::pin(console));
            }
            return Ok(stdio);
        }
        if let Some(stdin) = stdin {
            stdio.stdin = Some(Box::pin(pipe::Sender::from_owned_fd(stdin)?));
        }
        let reader = |file: Option<OwnedFd>| -> io::Result<Option<compute::ReadPipe>> {
            Ok(match file {
                Some(file) => Some(Box::pin(pipe::Receiver::from_owned_fd(file)?)),
                None => None,
            })
        };
        stdio.stdout = reader(stdout)?;
        stdio.stderr = reader(stderr)?;
        Ok(stdio)
    }
}
