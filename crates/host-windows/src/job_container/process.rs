//! The processes of a container.

use std::ffi::OsString;
use std::fs;
use std::os::windows::io::{AsHandle, OwnedHandle};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use compute::error::{Named, SystemCode};
use hcs_schema::guest_request::ProcessModifyOperation;
use hcs_schema::schema2::{ProcessModifyRequest, ProcessParameters, ProcessStatus};
use oci::host_process::{application, search_path};
use serde_json::Value;
use tokio::sync::watch;
use windows_sys::Win32::System::Threading::CREATE_BREAKAWAY_FROM_JOB;

use super::end::How;
use super::{Container, control};
use crate::conpty::PseudoConsole;
use crate::exec::stdio::{ChildEnd, pair};
use crate::exec::{Command, Process, Stdio};
use crate::failure::Outcome;
use crate::hub::ProcessHub;
use crate::job::Job;
use crate::process::{ProcessCalls, ended_somehow};
use crate::streams::{StreamHandles, Streams};
use crate::system::closed;

/// Columns and rows of a console unless the parameters say others.
const CONSOLE: (u16, u16) = (80, 25);

/// The exit code of a process that is killed, as of one that the service kills.
const KILLED: u32 = 1;

/// A process, whoever has a handle to it.
#[derive(Debug)]
pub(super) struct Running {
    process: Process,
    /// Until its end: what it wrote last comes when its console is closed.
    console: Mutex<Option<Arc<PseudoConsole>>>,
    exit: watch::Sender<Option<ProcessStatus>>,
}

impl Running {
    fn console(&self) -> Option<Arc<PseudoConsole>> {
        self.console.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn ended(&self) -> ProcessStatus {
        let pid = self.process.pid();
        match self.process.wait().await {
            Ok(exit_code) => {
                ProcessStatus { process_id: pid, exited: true, exit_code, ..Default::default() }
            }
            Err(error) => {
                tracing::warn!(%error, "a process has ended, and not known how");
                ended_somehow(pid, SystemCode::ERROR_GEN_FAILURE)
            }
        }
    }
}

/// A new process that nobody has a handle to yet. Dropped, it is killed.
pub(super) struct Started {
    running: Option<Arc<Running>>,
    streams: StreamHandles,
}

impl Started {
    /// A handle to it; gives its process id too.
    pub(super) fn keep(mut self) -> Outcome<(u32, JobProcess)> {
        let streams = Streams::given(std::mem::take(&mut self.streams))?;
        let running = self.running.take().ok_or(Named::UnexpectedValue)?;
        Ok(JobProcess::new(running, streams))
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(running) = self.running.take()
            && let Err(error) = running.process.kill(KILLED)
        {
            tracing::warn!(%error, "a process that nobody waits for goes on");
        }
    }
}

/// The ends of a new process's streams.
struct Ends {
    ours: StreamHandles,
    theirs: StreamHandles,
    console: Option<Arc<PseudoConsole>>,
}

impl Ends {
    fn make(parameters: &ProcessParameters) -> Outcome<Self> {
        if parameters.emulate_console {
            let side = |at: usize, otherwise: u16| {
                let asked = parameters.console_size.get(at).copied().unwrap_or(0);
                u16::try_from(asked).ok().filter(|side| *side != 0).unwrap_or(otherwise)
            };
            // The height is the first.
            let (columns, rows) = (side(1, CONSOLE.0), side(0, CONSOLE.1));
            let (console, input, output) = PseudoConsole::with_pipes(columns, rows)?;
            let ours = [
                parameters.create_std_in_pipe.then_some(input),
                parameters.create_std_out_pipe.then_some(output),
                None,
            ];
            return Ok(Self { ours, theirs: Default::default(), console: Some(console) });
        }
        let mut ends = Self { ours: Default::default(), theirs: Default::default(), console: None };
        let wanted = [
            (parameters.create_std_in_pipe, ChildEnd::Reads),
            (parameters.create_std_out_pipe, ChildEnd::Writes),
            (parameters.create_std_err_pipe, ChildEnd::Writes),
        ];
        for (at, (_, end)) in wanted.into_iter().enumerate().filter(|(_, (wanted, _))| *wanted) {
            let (ours, theirs) = pair(end, true)?;
            (ends.ours[at], ends.theirs[at]) = (Some(ours), Some(theirs));
        }
        Ok(ends)
    }
}

impl Container {
    /// Starts a process, which is attended from then on. It blocks.
    pub(super) fn start_process(
        self: &Arc<Self>,
        parameters: &ProcessParameters,
        is_first: bool,
    ) -> Outcome<Started> {
        let user = self.user(&parameters.user)?;
        let directory = self.root.working_directory(&parameters.working_directory);
        fs::create_dir_all(&directory)?;
        let environment = self.root.environment(user.environment(), &parameters.environment);
        let (path, line) = self.program(&parameters.command_line, &directory, &environment)?;

        let Ends { ours, theirs, console } = Ends::make(parameters)?;
        let mut command = Command::new(path).command_line(line);
        command.directory = Some(directory.into());
        let variables = environment.into_iter().map(|(name, value)| (name.into(), value.into()));
        command.environment = Some(variables.collect::<Vec<(OsString, OsString)>>());
        command.job = Some(self.job.as_handle());
        command.token = user.token();
        command.console = console.as_deref();
        // The limits of a job around us are not the container's.
        command.flags = if Job::is_around_us() { CREATE_BREAKAWAY_FROM_JOB } else { 0 };
        [command.stdin, command.stdout, command.stderr] = theirs.each_ref().map(stdio);
        let process = command.spawn()?.process;
        drop(theirs);
        let console = Mutex::new(console);
        let running = Arc::new(Running { process, console, exit: watch::Sender::new(None) });
        self.attend(&running, is_first);
        let started = Started { running: Some(running), streams: ours };
        // Who ends the container may have looked before this process was there.
        if self.is_ending.load(Ordering::Acquire) {
            return Err(SystemCode::ERR_VMCOMPUTE_ALREADY_STOPPED.into());
        }
        Ok(started)
    }

    /// The program of a command line, and the line that it is started with.
    fn program(
        &self,
        command_line: &str,
        directory: &str,
        environment: &[(String, String)],
    ) -> Outcome<(PathBuf, String)> {
        let mut line = self.root.expand(command_line);
        if Job::can_bind() {
            // Only what runs in the silo can see programs among its files.
            line.insert_str(0, "cmd /c ");
        }
        let windows = std::env::var("SYSTEMROOT").unwrap_or_else(|_| r"C:\Windows".into());
        let system = [r"System32", "System", ""].map(|folder| format!(r"{windows}\{folder}"));
        let folders = std::iter::once(directory)
            .chain(search_path(environment).split(';'))
            .chain(system.iter().map(String::as_str));
        let is_file = |path: &str| fs::metadata(Path::new(path)).is_ok_and(|data| data.is_file());
        let found = application(&line, &folders.collect::<Vec<_>>(), is_file)?;
        Ok((found.path.into(), found.command_line))
    }

    /// Waits for the end of a process and tells it.
    fn attend(self: &Arc<Self>, running: &Arc<Running>, is_first: bool) {
        let pid = running.process.pid();
        self.processes().insert(pid, Arc::clone(running));
        let expected = self.hub.expect();
        let (container, running) = (Arc::downgrade(self), Arc::clone(running));
        drop(tokio::spawn(async move {
            let status = running.ended().await;
            running.console.lock().unwrap_or_else(PoisonError::into_inner).take();
            running.exit.send_replace(Some(status.clone()));
            let Some(container) = container.upgrade() else { return };
            container.processes().remove(&pid);
            container.hub.emit(compute::SystemEvent::ProcessExited(status));
            drop(expected);
            if is_first {
                container.end(How::Gently).await;
            }
        }));
    }
}

fn stdio(end: &Option<OwnedHandle>) -> Stdio<'_> {
    end.as_ref().map_or(Stdio::None, |end| Stdio::Handle(end.as_handle()))
}

/// A handle to a process.
pub(super) struct JobProcess {
    running: Arc<Running>,
    hub: Arc<ProcessHub>,
    streams: Streams,
    is_closed: AtomicBool,
}

impl JobProcess {
    /// A handle to a process, with our ends of its streams where it is a new one.
    pub(super) fn new(running: Arc<Running>, streams: Streams) -> (u32, Self) {
        let (hub, mut exit) = (ProcessHub::new(), running.exit.subscribe());
        let told = Arc::downgrade(&hub);
        drop(tokio::spawn(async move {
            let status = exit.wait_for(Option::is_some).await.ok().and_then(|exit| exit.clone());
            if let (Some(hub), Some(status)) = (told.upgrade(), status) {
                hub.exited(status);
            }
        }));
        let is_closed = AtomicBool::new(false);
        (running.process.pid(), Self { running, hub, streams, is_closed })
    }
}

impl ProcessCalls for JobProcess {
    fn hub(&self) -> &Arc<ProcessHub> {
        &self.hub
    }

    fn streams(&self) -> &Streams {
        &self.streams
    }

    fn check_open(&self) -> Outcome<()> {
        closed((!self.is_closed.load(Ordering::Acquire)).then_some(()))
    }

    async fn kill(&self) -> Outcome<()> {
        if self.running.process.exit_code()?.is_some() {
            return Err(SystemCode::ERR_PROCESS_ALREADY_STOPPED.into());
        }
        Ok(self.running.process.kill(KILLED)?)
    }

    async fn signal(&self, options: Value) -> Outcome<()> {
        let event = options["Signal"].as_str().and_then(control::event);
        let event = event.ok_or(SystemCode::ERR_NOT_SUPPORTED)?;
        if self.running.process.exit_code()?.is_some() {
            return Err(SystemCode::ERR_PROCESS_ALREADY_STOPPED.into());
        }
        control::send(self.running.process.pid(), event)
    }

    async fn modify(&self, request: &ProcessModifyRequest) -> Outcome<()> {
        match (&request.operation, &request.console_size) {
            (ProcessModifyOperation::ConsoleSize, Some(size)) => {
                let console = self.running.console().ok_or(Named::InvalidProcessState)?;
                Ok(console.resize(size.width, size.height)?)
            }
            // The handle is ours, and its owner closes it.
            (ProcessModifyOperation::CloseHandle, _) => Ok(()),
            _ => Err(SystemCode::ERR_NOT_SUPPORTED.into()),
        }
    }

    async fn status(&self) -> Outcome<ProcessStatus> {
        self.check_open()?;
        let process_id = self.running.process.pid();
        Ok(ProcessStatus { process_id, ..ProcessStatus::default() })
    }

    /// Only who started it has its streams.
    async fn stream_handles(&self) -> Outcome<StreamHandles> {
        Ok(StreamHandles::default())
    }

    async fn flush_stdin(&self) -> Outcome<()> {
        Ok(self.streams.flush_stdin().await?)
    }

    async fn close(&self) -> Outcome<()> {
        self.is_closed.store(true, Ordering::Release);
        self.hub.close();
        Ok(())
    }
}
