//! Processes in a container.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use compute::ConsoleSize;
use compute::error::{Cause, Named, SystemCode, is_already_closed};

use crate::blocking::call;
use crate::stdio::Stdio;
use crate::wait::Wait;
use crate::{Error, Result};

/// A process in a container.
///
/// Made by [`crate::Container::create_process`] or
/// [`crate::Container::open_process`]. Dropping it closes it; the process goes on.
///
/// A call that fails gives [`Error::Process`], with the operation's name in the
/// reference.
///
/// ```
/// # use std::sync::Arc;
/// # let service = compute::fake::FakeService::linux();
/// # let hcs = hcsshim::Hcs::new(Arc::new(service.clone()));
/// # let container = hcs.create_container("c1", &Default::default())?;
/// # container.start()?;
/// let process = container.create_process(&hcsshim::ProcessConfig {
///     command_line: "sh -c 'exit 3'".into(),
///     ..Default::default()
/// })?;
/// # service.inside("c1").unwrap().exit_process(process.pid(), 3);
/// process.wait()?;
/// assert_eq!(process.exit_code()?, 3);
/// process.close()?;
/// # Ok::<(), hcsshim::Error>(())
/// ```
pub struct Process {
    container: Arc<str>,
    process: Arc<dyn compute::Process>,
    exit: Wait<()>,
}

impl Process {
    pub(crate) fn new(container: &str, process: Box<dyn compute::Process>) -> Self {
        let process: Arc<dyn compute::Process> = process.into();
        let waited = Arc::clone(&process);
        Self {
            container: container.into(),
            process,
            exit: Wait::new(async move { waited.wait().await }),
        }
    }

    /// Its id, unique within the container while the process exists.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// # container.start()?;
    /// let process = container.create_process(&Default::default())?;
    /// assert_eq!(container.open_process(process.pid())?.pid(), process.pid());
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Ends it. [`Process::wait`] tells when it has.
    ///
    /// # Errors
    /// [`crate::is_already_stopped`] holds where it has ended, and where the
    /// host could not deliver the kill, since the container is about to end
    /// ([`crate::ERR_ELEMENT_NOT_FOUND`]).
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// # container.start()?;
    /// # let process = container.create_process(&Default::default())?;
    /// process.kill()?;
    /// process.wait()?;
    /// assert_eq!(process.exit_code()?, 128 + 9);
    /// assert!(hcsshim::is_already_stopped(&process.kill().unwrap_err()));
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn kill(&self) -> Result<()> {
        match call(self.process.kill()) {
            Ok(true) => Ok(()),
            Ok(false) => {
                Err(self.failed("hcsshim::Process::Kill", SystemCode::ERR_ELEMENT_NOT_FOUND))
            }
            Err(error) => Err(Error::of_process(error)),
        }
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// The host can no longer tell.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # let service = compute::fake::FakeService::linux();
    /// # let hcs = hcsshim::Hcs::new(Arc::new(service.clone()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// # container.start()?;
    /// # let process = container.create_process(&Default::default())?;
    /// # service.inside("c1").unwrap().exit_process(process.pid(), 0);
    /// process.wait()?;
    /// assert_eq!(process.exit_code()?, 0);
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn wait(&self) -> Result<()> {
        self.exit.end().map_err(Error::of_process)
    }

    /// Waits until it has ended, at most this long.
    ///
    /// # Errors
    /// [`crate::is_timeout`] holds where it has not; else those of
    /// [`Process::wait`].
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use std::time::Duration;
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// # container.start()?;
    /// # let process = container.create_process(&Default::default())?;
    /// let error = process.wait_timeout(Duration::from_millis(5)).unwrap_err();
    /// assert!(hcsshim::is_timeout(&error));
    /// process.kill()?;
    /// process.wait_timeout(Duration::from_secs(5))?;
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn wait_timeout(&self, limit: Duration) -> Result<()> {
        match self.exit.end_within(limit).map_err(Error::of_process)? {
            Some(()) => Ok(()),
            None => Err(self.failed("hcsshim::Process::Wait", Named::Timeout)),
        }
    }

    /// How it ended: the code that it returned, or 128 and the number of the
    /// signal that ended it.
    ///
    /// # Errors
    /// [`crate::ERR_INVALID_PROCESS_STATE`] while it runs.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use hcsshim::{Cause, ERR_INVALID_PROCESS_STATE};
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// # container.start()?;
    /// # let process = container.create_process(&Default::default())?;
    /// let error = process.exit_code().unwrap_err();
    /// assert!(matches!(error.cause(), Some(Cause::Named(ERR_INVALID_PROCESS_STATE))));
    /// process.kill()?;
    /// process.wait()?;
    /// assert_eq!(process.exit_code()?, 137);
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn exit_code(&self) -> Result<i32> {
        call(self.process.exit_code()).map_err(Error::of_process)
    }

    /// Changes the size of its console, in columns and rows.
    ///
    /// # Errors
    /// It has ended, or has no console.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use hcsshim::ProcessConfig;
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// # container.start()?;
    /// let process = container.create_process(&ProcessConfig {
    ///     command_line: "sh".into(),
    ///     emulate_console: true,
    ///     // Rows come first here.
    ///     console_size: [25, 80],
    ///     ..Default::default()
    /// })?;
    /// process.resize_console(132, 50)?;
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn resize_console(&self, width: u16, height: u16) -> Result<()> {
        let size = ConsoleSize { width, height };
        call(self.process.resize_console(size)).map_err(Error::of_process)
    }

    /// This side of its streams. Each call gives new handles to the same pipes;
    /// dropping them closes none.
    ///
    /// # Errors
    /// The host cannot hand them out.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use hcsshim::ProcessConfig;
    /// use std::io::{Read, Write};
    /// # let service = compute::fake::FakeService::linux();
    /// # let hcs = hcsshim::Hcs::new(Arc::new(service.clone()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// # container.start()?;
    /// let process = container.create_process(&ProcessConfig {
    ///     command_line: "tr a-z A-Z".into(),
    ///     create_std_in_pipe: true,
    ///     create_std_out_pipe: true,
    ///     ..Default::default()
    /// })?;
    /// let mut stdio = process.stdio()?;
    /// stdio.stdin.as_mut().unwrap().write_all(b"hello").unwrap();
    /// process.close_stdin()?;
    /// # let inside = service.inside("c1").unwrap();
    /// # assert_eq!(inside.read_stdin(process.pid()).unwrap(), (b"hello".to_vec(), true));
    /// # inside.write_stdout(process.pid(), b"HELLO").unwrap();
    /// # inside.exit_process(process.pid(), 0);
    /// let mut output = String::new();
    /// stdio.stdout.unwrap().read_to_string(&mut output).unwrap();
    /// assert_eq!(output, "HELLO");
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn stdio(&self) -> Result<Stdio> {
        match call(self.process.stdio()) {
            Ok(stdio) => Ok(stdio.into()),
            Err(error) => Err(Error::of_process(error)),
        }
    }

    /// Ends its input: it reads end of file once it has read what was written.
    ///
    /// # Errors
    /// The host cannot close the pipe.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use hcsshim::ProcessConfig;
    /// # let service = compute::fake::FakeService::linux();
    /// # let hcs = hcsshim::Hcs::new(Arc::new(service.clone()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// # container.start()?;
    /// let cat = ProcessConfig { command_line: "cat".into(), create_std_in_pipe: true, ..Default::default() };
    /// let process = container.create_process(&cat)?;
    /// process.close_stdin()?;
    /// # let inside = service.inside("c1").unwrap();
    /// # assert_eq!(inside.read_stdin(process.pid()).unwrap(), (Vec::new(), true));
    /// # inside.exit_process(process.pid(), 0);
    /// process.wait()?;
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn close_stdin(&self) -> Result<()> {
        call(self.process.close_stdin()).map_err(Error::of_process)
    }

    /// Gives the handle up; the process goes on. A second time it does nothing.
    ///
    /// # Errors
    /// The host could not be told.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # let hcs = hcsshim::Hcs::new(Arc::new(compute::fake::FakeService::linux()));
    /// # let container = hcs.create_container("c1", &Default::default())?;
    /// # container.start()?;
    /// # let process = container.create_process(&Default::default())?;
    /// process.close()?;
    /// process.close()?;
    /// assert!(hcsshim::is_already_closed(&process.kill().unwrap_err()));
    /// # Ok::<(), hcsshim::Error>(())
    /// ```
    pub fn close(&self) -> Result<()> {
        match call(self.process.close()) {
            Err(error) if !is_already_closed(&error) => Err(Error::of_process(error)),
            _ => Ok(()),
        }
    }

    fn failed(&self, operation: &'static str, cause: impl Into<Cause>) -> Error {
        let container = Arc::clone(&self.container);
        Error::of_process(compute::Error::process(operation, container, self.pid(), cause))
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("container", &self.container)
            .field("pid", &self.pid())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use compute::error::SystemCode;
    use compute::{ConsoleSize, Result, Signal, Stdio};
    use hcs_schema::schema2::ProcessStatus;

    use crate::{is_already_stopped, is_not_exist};

    /// A process whose container is about to end: nothing reaches it.
    struct OutOfReach;

    fn failed<T>() -> Result<T> {
        let code = SystemCode::ERR_NOT_SUPPORTED;
        Err(compute::Error::process("test", "c1", 7, code))
    }

    #[async_trait]
    impl compute::Process for OutOfReach {
        fn pid(&self) -> u32 {
            7
        }
        async fn kill(&self) -> Result<bool> {
            Ok(false)
        }
        async fn signal(&self, _: &Signal) -> Result<bool> {
            Ok(false)
        }
        async fn wait(&self) -> Result<()> {
            failed()
        }
        async fn exit_code(&self) -> Result<i32> {
            failed()
        }
        async fn status(&self) -> Result<ProcessStatus> {
            failed()
        }
        async fn resize_console(&self, _: ConsoleSize) -> Result<()> {
            failed()
        }
        async fn stdio(&self) -> Result<Stdio> {
            failed()
        }
        async fn close_stdin(&self) -> Result<()> {
            failed()
        }
        async fn close_stdout(&self) -> Result<()> {
            failed()
        }
        async fn close_stderr(&self) -> Result<()> {
            failed()
        }
        async fn close(&self) -> Result<()> {
            failed()
        }
    }

    #[test]
    fn a_kill_that_is_not_delivered_finds_no_process() {
        let process = super::Process::new("c1", Box::new(OutOfReach));
        let error = process.kill().unwrap_err();
        assert!(is_not_exist(&error) && is_already_stopped(&error));
        let text = error.to_string();
        let start =
            "process 7 in container c1 encountered an error during hcsshim::Process::Kill: ";
        assert!(text.starts_with(start) && text.ends_with("(0x490)"), "{text}");
    }
}
