//! Programs that log a process's output, as containerd's own shim on Linux starts them:
//! descriptor 3 is the stdout, 4 the stderr, and 5 is closed by the program once it is ready.

use std::os::fd::OwnedFd;

use command_fds::{CommandFdExt as _, FdMapping};
use rustix::pipe::PipeFlags;
use tokio::io::AsyncReadExt as _;
use tokio::process::Child;

use super::super::logging::{self, PATIENCE};
use super::super::{IoError, Request};
use super::pipe_from;

/// A program that runs.
pub(super) struct Logger(Child);

impl Logger {
    /// Starts it, waits until it is ready, and gives the ends that the process writes to.
    pub(super) async fn start(
        uri: &str,
        request: &Request,
    ) -> Result<(Self, [OwnedFd; 2]), IoError> {
        let failed = |error: std::io::Error| IoError::new("starting the logger", uri, error);
        let pair =
            || rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(|error| failed(error.into()));
        let ((stdout, to_stdout), (stderr, to_stderr)) = (pair()?, pair()?);
        let (mut is_ready, ready) = pipe_from(uri)?;

        let mut command = logging::command(uri, request)?;
        let given = [(stdout, 3), (stderr, 4), (ready, 5)];
        let mappings = given.map(|(parent_fd, child_fd)| FdMapping { parent_fd, child_fd });
        command
            .as_std_mut()
            .fd_mappings(mappings.into())
            .map_err(|error| failed(std::io::Error::other(error)))?;
        command.stdin(std::process::Stdio::null()).kill_on_drop(true);
        let child = command.spawn().map_err(failed)?;
        // Our copies of its ends go with the command.
        drop(command);

        match tokio::time::timeout(PATIENCE, is_ready.read(&mut [0])).await {
            Ok(Ok(_)) => Ok((Self(child), [to_stdout, to_stderr])),
            Ok(Err(error)) => Err(failed(error)),
            Err(_) => Err(failed(std::io::Error::new(std::io::ErrorKind::TimedOut, "timeout"))),
        }
    }

    /// Waits for its end, once the process has ended.
    pub(super) async fn finish(self) {
        logging::finish(self.0).await;
    }
}
