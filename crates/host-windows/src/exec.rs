//! Starting a process with what std cannot give it: a job from its first
//! instruction on, a pseudo console, a token, and no handle but its stdio.

mod attributes;
mod environment;
mod process;
pub(crate) mod stdio;
pub(crate) mod wait;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::path::{Path, PathBuf};

use compute::command_line::escape_windows;
use windows_sys::Win32::System::Threading::{
    CREATE_UNICODE_ENVIRONMENT, CreateProcessAsUserW, CreateProcessW, EXTENDED_STARTUPINFO_PRESENT,
    PROCESS_INFORMATION, STARTF_USESTDHANDLES, STARTUPINFOEXW,
};

use crate::conpty::PseudoConsole;
use crate::named_pipe::{Pipe, size_of_u32};
use crate::wide::Wide;
use attributes::{Attribute, AttributeList};
use stdio::ChildEnds;

pub use process::Process;
pub use stdio::Stdio;

/// Why a process could not be started or asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExecError {
    /// It could not be started.
    #[error("failed to start {}", application.display())]
    Start {
        /// The program.
        application: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Both a console and other stdio were asked for.
    #[error(
        "failed to start {}: a process with a pseudo console has no other stdio", application.display()
    )]
    ConsoleAndStdio {
        /// The program.
        application: PathBuf,
    },
    /// A variable of the environment cannot be written down.
    #[error(
        "failed to start {}: the environment variable {name:?} has a NUL in it, or no name, or a = in its name",
        application.display()
    )]
    Variable {
        /// The program.
        application: PathBuf,
        /// The name of the variable.
        name: OsString,
    },
    /// A process could not be opened, waited for, ended or asked.
    #[error("failed to {operation} process {pid}")]
    Process {
        /// What was tried.
        operation: &'static str,
        /// The process.
        pid: u32,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// What to start, and with what.
///
/// The process gets no handle of ours but the three of its stdio.
///
/// ```no_run
/// # #[cfg(windows)]
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// use host_windows::exec::{Command, Stdio};
///
/// let mut command = Command::new(r"C:\Windows\System32\cmd.exe").args(["/c", "ver"]);
/// command.stdout = Stdio::Piped;
/// let child = command.spawn()?;
/// println!("{} ended with {}", child.process.pid(), child.process.wait().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Command<'a> {
    application: PathBuf,
    command_line: OsString,
    /// The folder it starts in; ours where none is given.
    pub directory: Option<PathBuf>,
    /// Its environment; ours where none is given. Of names that differ in case
    /// only the last counts. `SYSTEMROOT` is added where it is missing, without
    /// which hardly a program starts.
    pub environment: Option<Vec<(OsString, OsString)>>,
    /// The job it is in from the start.
    pub job: Option<BorrowedHandle<'a>>,
    /// The primary token it runs with instead of ours.
    pub token: Option<BorrowedHandle<'a>>,
    /// The console it runs on. It has no other stdio then.
    pub console: Option<&'a PseudoConsole>,
    /// What it reads.
    pub stdin: Stdio<'a>,
    /// Where it writes to.
    pub stdout: Stdio<'a>,
    /// Where it writes errors to.
    pub stderr: Stdio<'a>,
    /// Further flags of `CreateProcessW`, such as `CREATE_NEW_PROCESS_GROUP`.
    pub flags: u32,
}

impl<'a> Command<'a> {
    /// The program of this path, without arguments. The path is not searched
    /// for; a relative one begins at the folder that the process starts in.
    pub fn new(application: impl Into<PathBuf>) -> Self {
        let application = application.into();
        let command_line = quoted_program(&application);
        Self {
            application,
            command_line,
            directory: None,
            environment: None,
            job: None,
            token: None,
            console: None,
            stdin: Stdio::None,
            stdout: Stdio::None,
            stderr: Stdio::None,
            flags: 0,
        }
    }

    /// Its arguments, written by the rules of the Microsoft C runtime behind the
    /// program.
    #[must_use]
    pub fn args<A: AsRef<str>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        let arguments = escape_windows(arguments);
        self.command_line = quoted_program(&self.application);
        if !arguments.is_empty() {
            self.command_line.push(" ");
            self.command_line.push(arguments);
        }
        self
    }

    /// Its whole command line, the program's name included, passed on as it is.
    #[must_use]
    pub fn command_line(mut self, line: impl Into<OsString>) -> Self {
        self.command_line = line.into();
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// The system cannot start it; a variable has a name that cannot be; both a
    /// console and stdio were asked for. [`Stdio::Piped`] outside of a runtime
    /// is an error.
    pub fn spawn(&self) -> Result<Child, ExecError> {
        let failed = |source| ExecError::Start { application: self.application.clone(), source };
        let streams = [&self.stdin, &self.stdout, &self.stderr];
        if self.console.is_some() && streams.iter().any(|s| !matches!(s, Stdio::None)) {
            return Err(ExecError::ConsoleAndStdio { application: self.application.clone() });
        }
        let environment = match &self.environment {
            Some(variables) => Some(environment::block(variables).map_err(|name| {
                ExecError::Variable { application: self.application.clone(), name }
            })?),
            None => None,
        };
        let (ours, theirs) = stdio::make(streams).map_err(failed)?;
        let process = self.create(environment.as_deref(), &theirs).map_err(failed)?;
        let [stdin, stdout, stderr] = ours;
        Ok(Child { process, stdin, stdout, stderr })
    }

    fn create(&self, environment: Option<&[u16]>, theirs: &ChildEnds) -> io::Result<Process> {
        let application =
            self.directory.as_deref().unwrap_or(Path::new("")).join(&self.application);
        let application = wide(&application)?;
        let directory = self.directory.as_ref().map(wide).transpose()?;
        // The function may write to the command line.
        let line = wide(&self.command_line)?;
        let mut line: Vec<u16> = line.units().iter().copied().chain([0]).collect();

        let inherited = theirs.inherited();
        let job = self.job.map(|job| job.as_raw_handle());
        let mut list = AttributeList::new()?;
        if !inherited.is_empty() {
            list.set(&Attribute::Inherited(&inherited))?;
        }
        if let Some(job) = &job {
            list.set(&Attribute::Job(job))?;
        }
        if let Some(console) = self.console {
            list.set(&Attribute::Console(console.raw()))?;
        }

        let mut startup = STARTUPINFOEXW::default();
        startup.StartupInfo.cb = const { size_of_u32::<STARTUPINFOEXW>() };
        // With a console too: else it could get our own stdio.
        startup.StartupInfo.dwFlags = STARTF_USESTDHANDLES;
        [
            startup.StartupInfo.hStdInput,
            startup.StartupInfo.hStdOutput,
            startup.StartupInfo.hStdError,
        ] = theirs.raw();
        startup.lpAttributeList = list.as_ptr();
        let flags = self.flags | CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT;
        let inherits = i32::from(!inherited.is_empty());
        let environment = environment.map_or(std::ptr::null(), <[u16]>::as_ptr).cast();
        let directory = directory.as_ref().map_or(std::ptr::null(), Wide::as_ptr);
        let startup = (&raw const startup).cast();
        let mut made = PROCESS_INFORMATION::default();
        // SAFETY: texts end with NULs and the block with two; the attribute list
        // and the handles in it live across the call.
        let started = unsafe {
            match self.token {
                Some(token) => CreateProcessAsUserW(
                    token.as_raw_handle(),
                    application.as_ptr(),
                    line.as_mut_ptr(),
                    std::ptr::null(),
                    std::ptr::null(),
                    inherits,
                    flags,
                    environment,
                    directory,
                    startup,
                    &raw mut made,
                ),
                None => CreateProcessW(
                    application.as_ptr(),
                    line.as_mut_ptr(),
                    std::ptr::null(),
                    std::ptr::null(),
                    inherits,
                    flags,
                    environment,
                    directory,
                    startup,
                    &raw mut made,
                ),
            }
        };
        if started == 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: both handles were just made for us. Nobody needs the thread's.
        let (process, _thread) = unsafe {
            (
                OwnedHandle::from_raw_handle(made.hProcess),
                OwnedHandle::from_raw_handle(made.hThread),
            )
        };
        Ok(Process::new(process, made.dwProcessId))
    }
}

/// A started process and our ends of its stdio. It lives on when this is dropped.
#[derive(Debug)]
pub struct Child {
    /// The process.
    pub process: Process,
    /// What it reads, where that was [`Stdio::Piped`]. Drop it for its end.
    pub stdin: Option<Pipe>,
    /// What it writes, where that was [`Stdio::Piped`].
    pub stdout: Option<Pipe>,
    /// What errors it writes, where that was [`Stdio::Piped`].
    pub stderr: Option<Pipe>,
}

impl AsHandle for Child {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.process.as_handle()
    }
}

/// A program's name always has quotation marks: without them a space in it would
/// end it.
fn quoted_program(application: &Path) -> OsString {
    let mut line = OsString::from("\"");
    line.push(application);
    line.push("\"");
    line
}

fn wide(text: impl AsRef<OsStr>) -> io::Result<Wide> {
    Wide::new(text).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))
}

#[cfg(test)]
mod tests;
