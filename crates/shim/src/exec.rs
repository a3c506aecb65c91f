//! A process of a task, from the wish for it to its removal.
//!
//! An exec is *created*, *running* and *exited*, in this order. One that is killed
//! before it was started is exited at once.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use compute::{ConsoleSize, Process};
use hcs_schema::schema2::ProcessParameters;
use shim_protos::events::task::TaskExit;
use shim_protos::events::topics::TASK_EXIT_EVENT_TOPIC;
use shim_protos::task::{StateResponse, Status};
use tokio::sync::{Mutex, watch};

use crate::events::Publisher;
use crate::failure::{Failure, Outcome};
use crate::io::{Request, Streams};
use crate::time::timestamp;

/// The status of what ended before it was started.
pub(crate) const NEVER_RAN: u32 = 1;

/// How an exec ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exit {
    pub(crate) status: u32,
    pub(crate) at: SystemTime,
}

impl Exit {
    pub(crate) fn now(status: u32) -> Self {
        Self { status, at: SystemTime::now() }
    }
}

/// Where an exec is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Created,
    Running,
    Exited(Exit),
}

impl State {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Exited(_) => "exited",
        }
    }
}

/// A process of a task.
pub(crate) struct Exec {
    /// The task's id.
    pub(crate) task: Arc<str>,
    /// Its id in the task; that of the first one is the task's.
    pub(crate) id: Arc<str>,
    pub(crate) io: Request,
    streams: OnceLock<Streams>,
    input_ends: AtomicBool,
    /// Held by what takes the exec from one state to the next.
    pub(crate) turn: Mutex<()>,
    state: watch::Sender<State>,
    /// How it ended, once that has been told.
    told: watch::Sender<Option<Exit>>,
    pid: AtomicU32,
    /// What it is made from; `None` for what its container describes.
    pub(crate) parameters: Option<ProcessParameters>,
    process: OnceLock<Arc<dyn Process>>,
    pub(crate) created: SystemTime,
    started: OnceLock<SystemTime>,
}

impl Exec {
    pub(crate) fn new(
        task: &Arc<str>,
        id: Arc<str>,
        io: Request,
        parameters: Option<ProcessParameters>,
    ) -> Self {
        Self {
            task: Arc::clone(task),
            id,
            io,
            streams: OnceLock::new(),
            input_ends: AtomicBool::new(false),
            turn: Mutex::new(()),
            state: watch::Sender::new(State::Created),
            told: watch::Sender::new(None),
            pid: AtomicU32::new(0),
            parameters,
            process: OnceLock::new(),
            created: SystemTime::now(),
            started: OnceLock::new(),
        }
    }

    pub(crate) fn state(&self) -> State {
        *self.state.borrow()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.load(Ordering::Acquire)
    }

    pub(crate) fn set_pid(&self, pid: u32) {
        self.pid.store(pid, Ordering::Release);
    }

    pub(crate) fn process(&self) -> Option<&Arc<dyn Process>> {
        self.process.get()
    }

    /// Connects with where containerd wants the streams.
    pub(crate) async fn open_streams(&self) -> Outcome<()> {
        let opened = Streams::open(&self.io).await.map_err(Failure::unknown)?;
        let streams = self.streams.get_or_init(|| opened);
        if self.input_ends.load(Ordering::Acquire) {
            streams.close_stdin().await;
        }
        Ok(())
    }

    /// `None` before they are opened.
    pub(crate) fn streams(&self) -> Option<&Streams> {
        self.streams.get()
    }

    /// The process is there. It is told what its streams are.
    pub(crate) async fn adopt(&self, process: Arc<dyn Process>) -> Outcome<()> {
        self.set_pid(process.pid());
        if let Some(streams) = self.streams() {
            streams.attach(&process).await?;
        }
        // It is adopted once.
        let _ = self.process.set(process);
        Ok(())
    }

    /// When it came to run, if it did.
    pub(crate) fn started(&self) -> Option<SystemTime> {
        self.started.get().copied()
    }

    pub(crate) fn set(&self, state: State) {
        if state == State::Running && self.started.set(SystemTime::now()).is_ok() {
            tracing::event!(target: crate::METRICS, tracing::Level::INFO, counter.shim.processes = 1);
        }
        self.state.send_replace(state);
    }

    /// Waits until the process has ended; its end may not have been told yet.
    pub(crate) async fn exited(&self) -> Exit {
        let mut states = self.state.subscribe();
        let state = states.wait_for(|state| matches!(state, State::Exited(_))).await;
        match state.as_deref() {
            Ok(State::Exited(exit)) => *exit,
            // The sender is ours.
            _ => Exit::now(NEVER_RAN),
        }
    }

    /// Waits until its end has been told.
    pub(crate) async fn wait(&self) -> Exit {
        let mut told = self.told.subscribe();
        let exit = told.wait_for(Option::is_some).await.ok().and_then(|exit| *exit);
        exit.unwrap_or_else(|| Exit::now(NEVER_RAN))
    }

    /// Waits for that no longer than so; gives whether it was told.
    pub(crate) async fn wait_at_most(&self, limit: Duration) -> bool {
        tokio::time::timeout(limit, self.wait()).await.is_ok()
    }

    /// Tells its end: to containerd first, to who waits for it then.
    pub(crate) fn tell(&self, exit: Exit, publisher: &Publisher) {
        if self.told.borrow().is_some() {
            return;
        }
        publisher.publish(
            TASK_EXIT_EVENT_TOPIC,
            &TaskExit {
                container_id: self.task.to_string(),
                id: self.id.to_string(),
                pid: self.pid(),
                exit_status: exit.status,
                exited_at: Some(timestamp(Some(exit.at))).into(),
                ..TaskExit::default()
            },
        );
        tracing::info!(task = %self.task, exec = %self.id, status = exit.status, "exited");
        if self.started.get().is_some() {
            tracing::event!(target: crate::METRICS, tracing::Level::INFO, counter.shim.processes = -1);
        }
        self.told.send_replace(Some(exit));
    }

    /// Refuses what cannot be done in its state.
    pub(crate) fn invalid_state(&self, operation: &str) -> Failure {
        self.invalid_state_of(&self.id, operation)
    }

    /// The same, under the id that the caller used.
    pub(crate) fn invalid_state_of(&self, id: &str, operation: &str) -> Failure {
        let (task, state) = (&self.task, self.state().name());
        Failure::failed_precondition(format_args!(
            "exec: '{id}' in task: '{task}' is in invalid state: '{state}' for {operation}"
        ))
    }

    /// Sends a signal to the process, which runs in a container of this kind.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) async fn signal(&self, signal: u32, os: &str) -> Outcome<()> {
        let gone = || Failure::no_exec(&self.task, &self.id);
        let process = self.process().ok_or_else(gone)?;
        let delivered = match crate::signal::to_send(signal, os)? {
            crate::signal::ToSend::Kill => process.kill().await,
            crate::signal::ToSend::Signal(signal) => process.signal(&signal).await,
        };
        match delivered {
            Ok(true) => Ok(()),
            Ok(false) => Err(gone()),
            Err(error) if compute::error::is_already_stopped(&error) => Err(gone()),
            Err(error) if compute::error::is_not_exist(&error) => Err(gone()),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes the size of its terminal.
    pub(crate) async fn resize(&self, width: u32, height: u32) -> Outcome<()> {
        let (exec, task) = (&self.id, &self.task);
        if !self.io.terminal {
            return Err(Failure::failed_precondition(format_args!(
                "exec: '{exec}' in task: '{task}' is not a tty"
            )));
        }
        let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX);
        let size = ConsoleSize { width: side(width), height: side(height) };
        match self.process() {
            Some(process) if self.state() == State::Running => {
                Ok(process.resize_console(size).await?)
            }
            Some(process) if matches!(self.state(), State::Created) => {
                Ok(process.resize_console(size).await?)
            }
            _ => Err(self.invalid_state("resize")),
        }
    }

    /// Ends its input.
    pub(crate) async fn close_stdin(&self) {
        self.input_ends.store(true, Ordering::Release);
        if let Some(streams) = self.streams() {
            streams.close_stdin().await;
        }
    }

    pub(crate) fn describe(&self, bundle: &str, paused: bool) -> StateResponse {
        let state = self.state();
        let exit = match state {
            State::Exited(exit) => Some(exit),
            State::Created | State::Running => None,
        };
        let status = match state {
            State::Running if paused => Status::PAUSED,
            State::Created => Status::CREATED,
            State::Running => Status::RUNNING,
            State::Exited(_) => Status::STOPPED,
        };
        StateResponse {
            id: self.task.to_string(),
            bundle: bundle.to_owned(),
            pid: self.pid(),
            status: status.into(),
            stdin: self.io.stdin.clone(),
            stdout: self.io.stdout.clone(),
            stderr: self.io.stderr.clone(),
            terminal: self.io.terminal,
            // The reference's value while it has not ended.
            exit_status: exit.map_or(255, |exit| exit.status),
            exited_at: Some(timestamp(exit.map(|exit| exit.at))).into(),
            exec_id: self.id.to_string(),
            ..StateResponse::default()
        }
    }
}

/// The status that containerd is told of an exit code.
pub(crate) async fn exit_of(process: &dyn Process) -> Exit {
    match process.exit_code().await {
        Ok(code) => Exit::now(code.cast_unsigned()),
        Err(error) => {
            tracing::warn!(%error, "the exit code of a process is not known");
            Exit::now(255)
        }
    }
}

/// Kills a process that nobody knows of, since what was to become of it failed.
pub(crate) async fn discard(process: &dyn Process) {
    if let Err(error) = process.kill().await {
        tracing::debug!(%error, "a process was not killed");
    }
}
