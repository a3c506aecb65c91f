//! How a task and its processes come to run, end and go.

use std::sync::Arc;
use std::time::Duration;

use compute::{Process, StdioSource};
use shim_protos::events::task::{TaskDelete, TaskExecStarted, TaskStart};
use shim_protos::events::topics::{
    TASK_DELETE_EVENT_TOPIC, TASK_EXEC_STARTED_EVENT_TOPIC, TASK_START_EVENT_TOPIC,
};
use shim_protos::task::DeleteResponse;
use tracing::Instrument;

use super::{Body, CLEAN_UP, Task};
use crate::exec::{Exec, Exit, NEVER_RAN, State, exit_of};
use crate::failure::{Failure, Outcome};
use crate::time::timestamp;

/// The status of a sandbox without a process that was ended.
const SANDBOX_ENDED: u32 = 0;

/// How long the processes that were added may take to be told of after the first.
const STRAGGLERS: Duration = Duration::from_secs(5);

impl Task {
    /// Starts the first process, or one that was added; gives its process id.
    pub(crate) async fn start(self: &Arc<Self>, exec: &str) -> Outcome<u32> {
        let exec = self.exec(exec)?;
        let turn = exec.turn.lock().await;
        if exec.state() != State::Created {
            return Err(exec.invalid_state("start"));
        }
        let is_init = Arc::ptr_eq(&exec, &self.init);
        match &self.body {
            None => exec.set_pid(1),
            Some(body) => {
                let started = if is_init {
                    self.start_first(body, &exec).await
                } else {
                    self.start_added(body, &exec).await
                };
                if let Err(failure) = started {
                    let exit = Exit::now(NEVER_RAN);
                    exec.set(State::Exited(exit));
                    drop(turn);
                    self.ended(&exec, exit).await;
                    return Err(failure);
                }
            }
        }
        exec.set(State::Running);
        self.tell_start(&exec, is_init);
        Ok(exec.pid())
    }

    /// Starts the container, and the first process where it is not made yet.
    async fn start_first(self: &Arc<Self>, body: &Body, exec: &Arc<Exec>) -> Outcome<()> {
        body.system.start().await?;
        if exec.process().is_none() {
            self.make_process(body, exec).await?;
        }
        Ok(())
    }

    async fn start_added(self: &Arc<Self>, body: &Body, exec: &Arc<Exec>) -> Outcome<()> {
        if self.init.state() != State::Running {
            return Err(self.init.invalid_state_of("", "exec"));
        }
        // Not before: a client whose containerd is killed meanwhile waits until whoever
        // opened them closes them, for ever where nobody starts or removes the exec.
        exec.open_streams().await?;
        self.make_process(body, exec).await
    }

    /// Makes a process of an exec, and attends it from then on.
    pub(crate) async fn make_process(
        self: &Arc<Self>,
        body: &Body,
        exec: &Arc<Exec>,
    ) -> Outcome<()> {
        let mut parameters = exec.parameters.clone().unwrap_or_default();
        let source = match exec.streams() {
            Some(streams) => {
                let [stdin, stdout, stderr] = streams.wanted();
                parameters.create_std_in_pipe = stdin;
                parameters.create_std_out_pipe = stdout;
                parameters.create_std_err_pipe = stderr;
                streams.source()
            }
            None => StdioSource::Pipes,
        };
        let process = body.system.create_process(&parameters, source).await?;
        let process: Arc<dyn Process> = Arc::from(process);
        if let Err(failure) = exec.adopt(Arc::clone(&process)).await {
            crate::exec::discard(process.as_ref()).await;
            return Err(failure);
        }
        let (task, exec) = (Arc::clone(self), Arc::clone(exec));
        let span = tracing::info_span!("attend", task = %task.id, exec = %exec.id);
        tokio::spawn(async move { task.attend(&exec, process.as_ref()).await }.instrument(span));
        Ok(())
    }

    /// Waits for the end of a process, and tells of it.
    async fn attend(self: &Arc<Self>, exec: &Arc<Exec>, process: &dyn Process) {
        if let Err(error) = process.wait().await {
            tracing::warn!(%error, "waiting for a process");
        }
        let exit = exit_of(process).await;
        // Its start is told before its end.
        let turn = exec.turn.lock().await;
        if matches!(exec.state(), State::Exited(_)) {
            return;
        }
        exec.set(State::Exited(exit));
        drop(turn);
        self.ended(exec, exit).await;
    }

    /// What follows the end of a process.
    async fn ended(self: &Arc<Self>, exec: &Arc<Exec>, exit: Exit) {
        if Arc::ptr_eq(exec, &self.init) {
            self.clean_up().await;
        }
        if let Some(streams) = exec.streams() {
            streams.finish().await;
        }
        exec.tell(exit, &self.publisher);
    }

    /// Ends all that is left of the container, whose first process has ended.
    async fn clean_up(self: &Arc<Self>) {
        let added: Vec<_> = self.execs().values().cloned().collect();
        for exec in &added {
            self.end_unstarted(exec).await;
        }
        if let Some(body) = &self.body {
            body.end().await;
        }
        for exec in added {
            // Their processes are gone with the container.
            if !exec.wait_at_most(STRAGGLERS).await {
                let exit = Exit::now(NEVER_RAN);
                exec.set(State::Exited(exit));
                exec.tell(exit, &self.publisher);
            }
        }
    }

    /// Ends an exec that has not been started; gives whether it was such a one.
    async fn end_unstarted(self: &Arc<Self>, exec: &Arc<Exec>) -> bool {
        let turn = exec.turn.lock().await;
        if exec.state() != State::Created {
            return false;
        }
        let exit = Exit::now(NEVER_RAN);
        exec.set(State::Exited(exit));
        drop(turn);
        // Boxed: the first process's end ends the added ones the same way.
        Box::pin(self.ended(exec, exit)).await;
        true
    }

    /// Signals a process in whatever state it is.
    pub(super) async fn kill_one(self: &Arc<Self>, exec: &Arc<Exec>, signal: u32) -> Outcome<()> {
        if self.end_unstarted(exec).await {
            return Ok(());
        }
        if exec.state() != State::Running {
            return Err(Failure::no_exec(&self.id, &exec.id));
        }
        if let Some(body) = &self.body {
            return exec.signal(signal, body.system.os()).await;
        }
        let exit = Exit::now(SANDBOX_ENDED);
        exec.set(State::Exited(exit));
        self.ended(exec, exit).await;
        Ok(())
    }

    fn tell_start(&self, exec: &Exec, is_init: bool) {
        let (container_id, pid) = (self.id.to_string(), exec.pid());
        tracing::info!(task = %self.id, exec = %exec.id, pid, "started");
        if is_init {
            let event = TaskStart { container_id, pid, ..TaskStart::default() };
            return self.publisher.publish(TASK_START_EVENT_TOPIC, &event);
        }
        let exec_id = exec.id.to_string();
        let event = TaskExecStarted { container_id, exec_id, pid, ..TaskExecStarted::default() };
        self.publisher.publish(TASK_EXEC_STARTED_EVENT_TOPIC, &event);
    }

    /// Removes the task, or one process of it, which has to have ended.
    pub(crate) async fn delete(self: &Arc<Self>, exec_id: &str) -> Outcome<DeleteResponse> {
        let exec = self.exec(exec_id)?;
        self.end_unstarted(&exec).await;
        if exec.state() == State::Running {
            return Err(exec.invalid_state_of(exec_id, "delete"));
        }
        let exit = exec.exited().await;
        if !exec.wait_at_most(CLEAN_UP).await {
            return Err(Failure::unknown("waiting for container resource cleanup"));
        }
        self.execs().remove(exec_id);
        let exited_at = timestamp(Some(exit.at));
        self.publisher.publish(
            TASK_DELETE_EVENT_TOPIC,
            &TaskDelete {
                container_id: self.id.to_string(),
                id: exec_id.to_owned(),
                pid: exec.pid(),
                exit_status: exit.status,
                exited_at: Some(exited_at.clone()).into(),
                ..TaskDelete::default()
            },
        );
        Ok(DeleteResponse {
            pid: exec.pid(),
            exit_status: exit.status,
            exited_at: Some(exited_at).into(),
            ..DeleteResponse::default()
        })
    }

    /// Ends the task for good, since the shim ends.
    pub(crate) async fn end(self: &Arc<Self>) {
        if self.end_unstarted(&self.init).await {
            return;
        }
        if let State::Exited(_) = self.init.state() {
            self.init.wait_at_most(CLEAN_UP).await;
            return;
        }
        // The process's end tells the rest.
        let _ = self.kill_one(&self.init, 9).await;
        if !self.init.wait_at_most(CLEAN_UP).await {
            tracing::warn!(task = %self.id, "the task did not end in time");
        }
    }
}

impl Body {
    /// Ends the compute system, and undoes what was made for it.
    pub(crate) async fn end(&self) {
        if let Err(error) = self.end_system().await {
            tracing::warn!(system = %self.system.id(), %error, "ending a compute system");
        }
        if let Some(rootfs) = &self.rootfs {
            rootfs.unmount();
        }
    }

    async fn end_system(&self) -> compute::Result<()> {
        match self.system.terminate().await {
            Ok(()) => {
                let stopped = tokio::time::timeout(CLEAN_UP, self.system.wait()).await;
                match stopped {
                    Ok(stopped) => stopped.map(drop)?,
                    Err(_) => tracing::warn!(system = %self.system.id(), "it does not stop"),
                }
            }
            Err(error) if compute::error::is_already_stopped(&error) => {}
            Err(error) => return Err(error),
        }
        self.system.close().await
    }
}
