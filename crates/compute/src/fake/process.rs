//! A handle to a process of the fake.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use hcs_schema::schema2::ProcessStatus;
use serde::Serialize;
use serde_json::json;

use super::record::{self, System};
use super::{Shared, pipe::Pipe};
use crate::error::{Cause, Error, Named, Object, SystemCode};
use crate::{ConsoleSize, Process, Result, Signal, Stdio, operation};

/// SIGKILL, the one signal that the fake obeys by itself.
const SIGKILL: i32 = 9;

/// A handle; the process itself is a [`record::Process`].
pub(super) struct FakeProcess {
    shared: Arc<Shared>,
    system: Arc<System>,
    pid: u32,
    closed: AtomicBool,
}

impl FakeProcess {
    pub(super) fn new(shared: &Arc<Shared>, system: &Arc<System>, pid: u32) -> Self {
        Self {
            shared: Arc::clone(shared),
            system: Arc::clone(system),
            pid,
            closed: AtomicBool::new(false),
        }
    }

    fn object(&self) -> Object {
        Object::Process { system: (&self.system.id).into(), pid: self.pid }
    }

    fn error(&self, operation: &'static str, cause: impl Into<Cause>) -> Error {
        Error::about(operation, self.object(), cause)
    }

    /// Records a call and fails it where the handle is closed or a fault is set.
    async fn call(
        &self,
        operation: &'static str,
        argument: &(impl Serialize + Sync),
    ) -> Result<()> {
        self.shared.log.call(operation, self.object(), argument).await?;
        if self.closed.load(Ordering::SeqCst) {
            return Err(self.error(operation, Named::AlreadyClosed));
        }
        Ok(())
    }

    /// Looks at the process, which lives as long as its system.
    fn look<T>(
        &self,
        operation: &'static str,
        look: impl FnOnce(&record::Process) -> T,
    ) -> Result<T> {
        match self.system.live().processes.get(&self.pid) {
            Some(process) => Ok(look(process)),
            None => Err(self.error(operation, SystemCode::ERR_ELEMENT_NOT_FOUND)),
        }
    }

    fn exit_code_now(&self, operation: &'static str) -> Result<Option<i32>> {
        self.look(operation, |process| process.exit_code)
    }

    async fn close_pipe(
        &self,
        operation: &'static str,
        pipe: fn(&record::Process) -> Option<&Pipe>,
        close: fn(&Pipe),
    ) -> Result<()> {
        self.call(operation, &()).await?;
        self.look(operation, |process| pipe(process).into_iter().for_each(close))
    }
}

#[async_trait]
impl Process for FakeProcess {
    fn pid(&self) -> u32 {
        self.pid
    }

    async fn kill(&self) -> Result<bool> {
        self.call(operation::PROCESS_KILL, &()).await?;
        if self.system.update(|live| live.kill_process(self.pid)) {
            return Ok(true);
        }
        Err(self.error(operation::PROCESS_KILL, SystemCode::ERR_PROCESS_ALREADY_STOPPED))
    }

    async fn signal(&self, signal: &Signal) -> Result<bool> {
        let argument = match signal {
            Signal::Linux(number) => json!({ "Signal": number }),
            Signal::Windows(name) => json!({ "Signal": name }),
        };
        self.call(operation::PROCESS_SIGNAL, &argument).await?;
        Ok(self.system.update(|live| {
            let Some(process) = live.processes.get_mut(&self.pid) else {
                return false;
            };
            let running = process.exit_code.is_none();
            if running {
                process.signals.push(signal.clone());
            }
            if *signal == Signal::Linux(SIGKILL) {
                live.kill_process(self.pid);
            }
            running
        }))
    }

    async fn wait(&self) -> Result<()> {
        self.call(operation::PROCESS_WAIT, &()).await?;
        let ended = self.system.wait_for(|live| {
            let exited = live.processes.get(&self.pid).is_none_or(|p| p.exit_code.is_some());
            let closed = self.closed.load(Ordering::SeqCst);
            (exited || closed).then_some(exited)
        });
        match ended.await {
            true => Ok(()),
            false => Err(self.error(operation::PROCESS_WAIT, Named::AlreadyClosed)),
        }
    }

    async fn exit_code(&self) -> Result<i32> {
        self.call(operation::PROCESS_EXIT_CODE, &()).await?;
        self.exit_code_now(operation::PROCESS_EXIT_CODE)?
            .ok_or_else(|| self.error(operation::PROCESS_EXIT_CODE, Named::InvalidProcessState))
    }

    async fn status(&self) -> Result<ProcessStatus> {
        self.call(operation::PROCESS_STATUS, &()).await?;
        self.look(operation::PROCESS_STATUS, |process| process.status(self.pid))
    }

    async fn resize_console(&self, size: ConsoleSize) -> Result<()> {
        let argument = json!({ "Height": size.height, "Width": size.width });
        self.call(operation::PROCESS_RESIZE_CONSOLE, &argument).await?;
        match self.exit_code_now(operation::PROCESS_RESIZE_CONSOLE)? {
            None => Ok(()),
            Some(_) => {
                let code = SystemCode::ERR_PROCESS_ALREADY_STOPPED;
                Err(self.error(operation::PROCESS_RESIZE_CONSOLE, code))
            }
        }
    }

    async fn stdio(&self) -> Result<Stdio> {
        self.call(operation::PROCESS_STDIO, &()).await?;
        self.look(operation::PROCESS_STDIO, |process| Stdio {
            stdin: process.stdin.clone().map(|pipe| Box::pin(pipe) as _),
            stdout: process.stdout.clone().map(|pipe| Box::pin(pipe) as _),
            stderr: process.stderr.clone().map(|pipe| Box::pin(pipe) as _),
        })
    }

    async fn close_stdin(&self) -> Result<()> {
        self.close_pipe(operation::PROCESS_CLOSE_STDIN, |p| p.stdin.as_ref(), Pipe::close).await
    }

    async fn close_stdout(&self) -> Result<()> {
        self.close_pipe(operation::PROCESS_CLOSE_STDOUT, |p| p.stdout.as_ref(), Pipe::discard).await
    }

    async fn close_stderr(&self) -> Result<()> {
        self.close_pipe(operation::PROCESS_CLOSE_STDERR, |p| p.stderr.as_ref(), Pipe::discard).await
    }

    async fn close(&self) -> Result<()> {
        self.call(operation::PROCESS_CLOSE, &()).await?;
        self.closed.store(true, Ordering::SeqCst);
        self.system.update(|_| ());
        Ok(())
    }
}
