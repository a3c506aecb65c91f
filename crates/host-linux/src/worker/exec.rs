//! Processes on request: started, opened, signalled, resized, closed.

use std::os::fd::OwnedFd;

use compute::Error;
use compute::error::SystemCode;
use compute::operation::CREATE_PROCESS;
use compute::state::Operation;
use hcs_schema::schema2::ProcessParameters;
use oci_spec::runtime::{PosixRlimit, PosixRlimitType, Process as OciProcess};
use rustix::fs::{Mode, OFlags};
use rustix::pipe::PipeFlags;
use rustix::thread::CapabilitySet;

use super::process::Process;
use super::system::answer;
use super::{Answer, Worker};
use crate::document::oci_process;
use crate::failure::{failure, io_failure};
use crate::wire::{
    CloseStdio, ExecuteProcess, OpenedProcess, ResizeConsole, SignalProcess, Signalled,
};

/// Bytes that a stream holds while nobody reads it.
const PIPE_SIZE: usize = 256 << 10;

/// What the kernel adds to a process's size before it chooses whom to end, in thousandths of the
/// limit: more than the reaper takes of the smallest container.
const BEFORE_REAPER: i32 = 300;

/// The two ends of a new process's streams.
struct Streams {
    /// What the process gets.
    inner: runtime::ProcessIo,
    /// What stays with the worker and is given to clients.
    outer: [Option<OwnedFd>; 3],
}

impl Worker {
    /// Starts a process; an error names its command line, as the reference's does.
    pub(super) fn execute(
        &mut self,
        client: u32,
        request: ExecuteProcess,
    ) -> Result<Answer, Error> {
        let command_line = request.parameters.command_line.clone();
        self.try_execute(client, request).map_err(|error| match command_line.as_str() {
            "" => error,
            line => error.with_operation(format!("{CREATE_PROCESS}: {line}")),
        })
    }

    fn try_execute(&mut self, client: u32, request: ExecuteProcess) -> Result<Answer, Error> {
        // The files come off the connection first, whatever becomes of the request.
        let files = self.take_files(client, request.files)?;
        let first = self.plan.oci && self.record.init.is_none();
        self.check(Operation::CreateProcess { init: first }, CREATE_PROCESS)?;
        let mut process = self.process_for(&request.parameters, first)?;
        self.limit_files(&mut process);
        self.choose_before_reaper(&mut process);
        let streams = streams(&request.parameters, &process, files)
            .map_err(|error| io_failure(CREATE_PROCESS, &self.record.id, "making pipes", &error))?;
        let image = image(&process);
        let console = matches!(streams.inner, runtime::ProcessIo::Terminal { .. });
        let (pid, pidfd, master) = if first {
            self.execute_first(process, streams.inner)?
        } else {
            let container = self.container.as_ref().ok_or_else(|| {
                Error::system(
                    CREATE_PROCESS,
                    self.record.id.as_str(),
                    SystemCode::ERR_VMCOMPUTE_OPERATION_INVALID_STATE,
                )
            })?;
            let spawned = container
                .exec(&process, streams.inner, self.group.as_ref(), Vec::new())
                .map_err(|error| runtime_failure(CREATE_PROCESS, &self.record.id, &error))?;
            (spawned.pid, spawned.pidfd, spawned.console)
        };
        let mut outer = streams.outer;
        if let Some(master) = master {
            outer[1] = Some(master);
        }
        let process = Process::new(pid, pidfd, image, outer, console);
        if let Err(error) = self.add_process(process, first) {
            return Err(io_failure(
                CREATE_PROCESS,
                &self.record.id,
                "watching the process",
                &error,
            ));
        }
        self.hold(client, pid);
        self.process_answer(pid)
    }

    /// Makes the container of an OCI spec, whose process is its first.
    fn execute_first(
        &mut self,
        process: OciProcess,
        io: runtime::ProcessIo,
    ) -> Result<(u32, OwnedFd, Option<OwnedFd>), Error> {
        self.plan.spec.set_process(Some(process));
        let id = self.record.id.clone();
        let pid = self.make_container(CREATE_PROCESS, runtime::Init::Process, io)?;
        let dup = |file: &OwnedFd| {
            file.try_clone()
                .map_err(|error| io_failure(CREATE_PROCESS, &id, "keeping the process", &error))
        };
        let running = self.started.is_some();
        let Some(container) = &mut self.container else {
            return Err(self.error(
                CREATE_PROCESS,
                SystemCode::ERROR_GEN_FAILURE,
                "the container has gone".into(),
            ));
        };
        if running {
            container.start().map_err(|error| runtime_failure(CREATE_PROCESS, &id, &error))?;
        }
        let first = container.init();
        Ok((pid, dup(&first.pidfd)?, first.console.as_ref().map(dup).transpose()?))
    }

    fn take_files(
        &mut self,
        client: u32,
        given: Option<[bool; 3]>,
    ) -> Result<Option<[Option<OwnedFd>; 3]>, Error> {
        let Some(given) = given else {
            return Ok(None);
        };
        let mut files = [None, None, None];
        for (file, given) in files.iter_mut().zip(given) {
            if !given {
                continue;
            }
            let next = self.clients.get_mut(&client).map(|client| client.next_file());
            *file = match next {
                Some(Ok(next)) => Some(next),
                _ => {
                    return Err(self.error(
                        CREATE_PROCESS,
                        SystemCode::ERR_INVALID_HANDLE,
                        "an open file that the request names has not come with it".into(),
                    ));
                }
            };
        }
        Ok(Some(files))
    }

    fn process_for(
        &self,
        parameters: &ProcessParameters,
        first: bool,
    ) -> Result<OciProcess, Error> {
        let refused =
            |error: crate::document::Refusal| error.into_error(CREATE_PROCESS, &self.record.id);
        let pattern = self.plan.spec.process().clone().unwrap_or_default();
        let says_nothing = parameters.command_line.is_empty()
            && parameters.command_args.is_empty()
            && parameters.extra.get("OciProcess").is_none();
        if first && says_nothing {
            return Ok(pattern);
        }
        // The spec says who runs in its container, until a process says otherwise.
        if self.plan.oci && parameters.user.is_empty() {
            return oci_process(parameters, &pattern, None).map_err(refused);
        }
        let root = self.root_folder().map_err(|error| match error.kind() {
            // Its first process has ended, and the end is about to be told.
            std::io::ErrorKind::NotFound => {
                let code = SystemCode::ERR_VMCOMPUTE_ALREADY_STOPPED;
                Error::system(CREATE_PROCESS, self.record.id.as_str(), code)
            }
            _ => {
                io_failure(CREATE_PROCESS, &self.record.id, "opening the container's root", &error)
            }
        })?;
        oci_process(parameters, &pattern, root.as_ref()).map_err(refused)
    }

    /// Gives a process that names no limit of open files the one that the
    /// worker was started with, instead of the worker's own.
    fn limit_files(&self, process: &mut OciProcess) {
        let mut limits = process.rlimits().clone().unwrap_or_default();
        let given = |limit: &PosixRlimit| limit.typ() == PosixRlimitType::RlimitNofile;
        if let Some(inherited) = self.inherited_files
            && !limits.iter().any(given)
        {
            limits.push(inherited);
            process.set_rlimits(Some(limits));
        }
    }

    /// Where the worker may not ask the kernel to spare the container's reaper, has it choose
    /// the process first when memory is short: the reaper's end is the end of all.
    fn choose_before_reaper(&self, process: &mut OciProcess) {
        let may_spare = rustix::thread::capabilities(None)
            .is_ok_and(|sets| sets.effective.contains(CapabilitySet::SYS_RESOURCE));
        if !self.plan.oci && !may_spare && process.oom_score_adj().is_none() {
            process.set_oom_score_adj(Some(BEFORE_REAPER));
        }
    }

    fn root_folder(&self) -> std::io::Result<Option<OwnedFd>> {
        let Some(container) = &self.container else {
            return Ok(None);
        };
        let path = format!("/proc/{}/root", container.init().pid);
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::open(path, flags, Mode::empty()) {
            // Only root may look there.
            Err(rustix::io::Errno::ACCESS) => {
                container.root().map(Some).map_err(std::io::Error::other)
            }
            root => Ok(Some(root?)),
        }
    }

    fn hold(&mut self, client: u32, pid: u32) {
        if let Some(client) = self.clients.get_mut(&client) {
            *client.processes.entry(pid).or_default() += 1;
            self.processes.hold(pid);
        }
    }

    pub(super) fn open_process(&mut self, client: u32, pid: u32) -> Result<Answer, Error> {
        let answer = self.process_answer(pid).map_err(|_| {
            Error::system(
                compute::operation::OPEN_PROCESS,
                self.record.id.as_str(),
                SystemCode::ERR_ELEMENT_NOT_FOUND,
            )
        })?;
        self.hold(client, pid);
        Ok(answer)
    }

    pub(super) fn close_process(&mut self, client: u32, pid: u32) {
        let Some(client) = self.clients.get_mut(&client) else {
            return;
        };
        if let Some(count) = client.processes.get_mut(&pid) {
            *count -= 1;
            if *count == 0 {
                client.processes.remove(&pid);
            }
            self.processes.release(pid, 1);
        }
    }

    /// The state of a process, and new handles to its streams.
    fn process_answer(&self, pid: u32) -> Result<Answer, Error> {
        let process = self.find(compute::operation::OPEN_PROCESS, pid)?;
        let mut streams = [false; 3];
        let mut files = Vec::new();
        for (given, stream) in streams.iter_mut().zip(&process.streams) {
            if let Some(stream) = stream {
                *given = true;
                files.push(stream.try_clone().map_err(|error| {
                    io_failure(CREATE_PROCESS, &self.record.id, "handing out a stream", &error)
                })?);
            }
        }
        let mut answer = answer(&OpenedProcess {
            pid,
            exit_code: process.exit_code,
            console: process.console,
            streams,
        })?;
        answer.files = files;
        Ok(answer)
    }

    pub(super) fn process_stdio(&self, pid: u32) -> Result<Answer, Error> {
        self.process_answer(pid)
    }

    fn find(&self, operation: &'static str, pid: u32) -> Result<&Process, Error> {
        self.processes.get(pid).ok_or_else(|| {
            Error::process(
                operation,
                self.record.id.as_str(),
                pid,
                SystemCode::ERR_ELEMENT_NOT_FOUND,
            )
        })
    }

    pub(super) fn signal_process(&mut self, request: &SignalProcess) -> Result<Answer, Error> {
        use compute::operation::PROCESS_SIGNAL as SIGNAL;
        let process = self.find(SIGNAL, request.pid)?;
        if process.exit_code.is_some() {
            return answer(&Signalled { delivered: false });
        }
        match runtime::signal(&process.pidfd, request.signal) {
            Ok(()) => answer(&Signalled { delivered: true }),
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => {
                answer(&Signalled { delivered: false })
            }
            Err(error) => {
                let cause = crate::failure::code_of(&error);
                let what = format!("sending signal {}: {error}", request.signal);
                Err(Error::process(SIGNAL, self.record.id.as_str(), request.pid, cause)
                    .with_events([crate::failure::event(what)]))
            }
        }
    }

    pub(super) fn resize_console(&self, request: &ResizeConsole) -> Result<(), Error> {
        use compute::operation::PROCESS_RESIZE_CONSOLE as RESIZE;
        let process = self.find(RESIZE, request.pid)?;
        let error = |code, message: String| {
            Error::process(RESIZE, self.record.id.as_str(), request.pid, code)
                .with_events([crate::failure::event(message)])
        };
        let (true, Some(console)) = (process.console, &process.streams[1]) else {
            return Err(error(SystemCode::ERR_NOT_SUPPORTED, "the process has no console".into()));
        };
        let size = rustix::termios::Winsize {
            ws_row: request.height,
            ws_col: request.width,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        rustix::termios::tcsetwinsize(console, size)
            .map_err(|errno| error(SystemCode::ERROR_GEN_FAILURE, errno.to_string()))
    }

    pub(super) fn close_stdio(&mut self, request: &CloseStdio) -> Result<(), Error> {
        self.find(compute::operation::PROCESS_CLOSE_STDIN, request.pid)?;
        let Some(process) = self.processes.get_mut(request.pid) else {
            return Ok(());
        };
        // A console is one stream both ways: its input ends with the console.
        if let (false, Some(stream)) =
            (process.console, process.streams.get_mut(usize::from(request.stream)))
        {
            *stream = None;
        }
        Ok(())
    }
}

/// Makes the streams of a new process.
fn streams(
    parameters: &ProcessParameters,
    process: &OciProcess,
    files: Option<[Option<OwnedFd>; 3]>,
) -> std::io::Result<Streams> {
    if process.terminal().unwrap_or(false) {
        let size = process.console_size();
        let side = |value: Option<u64>| value.and_then(|v| u16::try_from(v).ok()).unwrap_or(0);
        let inner = runtime::ProcessIo::Terminal {
            height: side(size.map(|size| size.height())),
            width: side(size.map(|size| size.width())),
        };
        return Ok(Streams { inner, outer: [None, None, None] });
    }
    if let Some([stdin, stdout, stderr]) = files {
        let inner = runtime::ProcessIo::Fds { stdin, stdout, stderr };
        return Ok(Streams { inner, outer: [None, None, None] });
    }
    let pipe = |wanted: bool| {
        if !wanted {
            return std::io::Result::Ok((None, None));
        }
        let (read, write) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        // Fewer turns of writer and reader. A user who has too many keeps the
        // kernel's size.
        let _ = rustix::pipe::fcntl_setpipe_size(&write, PIPE_SIZE);
        Ok((Some(read), Some(write)))
    };
    let (stdin, to_stdin) = pipe(parameters.create_std_in_pipe)?;
    let (from_stdout, stdout) = pipe(parameters.create_std_out_pipe)?;
    let (from_stderr, stderr) = pipe(parameters.create_std_err_pipe)?;
    Ok(Streams {
        inner: runtime::ProcessIo::Fds { stdin, stdout, stderr },
        outer: [to_stdin, from_stdout, from_stderr],
    })
}

/// The name of the program, as a process list shows it.
fn image(process: &OciProcess) -> String {
    let program = process.args().as_ref().and_then(|args| args.first()).map_or("", String::as_str);
    program.rsplit('/').next().unwrap_or_default().to_owned()
}

/// An error of the container runtime as one of the compute service.
pub(super) fn runtime_failure(operation: &'static str, id: &str, error: &runtime::Error) -> Error {
    let code = match error.errno() {
        Some(errno) => crate::failure::code_of_errno(errno),
        None => SystemCode::ERROR_GEN_FAILURE,
    };
    failure(operation, id, code, error.to_string())
}
