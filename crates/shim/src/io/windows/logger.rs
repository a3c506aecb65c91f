//! Programs that log a process's output, as the reference starts them: the environment names a
//! pipe for each output, and one on which the program says that it is ready.

use std::future::Future;
use std::io;

use host_windows::named_pipe::{ListenOptions, Listener, Pipe, PipeError, listen, local};
use tokio::io::AsyncReadExt as _;
use tokio::process::Child;

use super::super::logging::{self, PATIENCE};
use super::super::{IoError, Request};

/// A program that runs.
pub(super) struct Logger(Child);

impl Logger {
    /// Starts it, waits until it is ready, and gives the pipes of its outputs.
    pub(super) async fn start(uri: &str, request: &Request) -> Result<(Self, [Pipe; 2]), IoError> {
        let failed = |error: io::Error| IoError::new("failed to start binary logger", uri, error);
        let refused = |error: PipeError| failed(io::Error::other(error));
        let id = if request.exec.is_empty() {
            request.container.clone()
        } else {
            format!("{}-{}", request.container, request.exec)
        };
        let path = |stream: &str| local(&format!("binary-{id}-{stream}"));
        let listening = |stream: &str| listen(path(stream), &ListenOptions::default());
        let mut stdout = listening("stdout").map_err(refused)?;
        let mut stderr = listening("stderr").map_err(refused)?;
        let mut ready = listening("wait").map_err(refused)?;

        let mut command = logging::command(uri, request)?;
        command
            .env("CONTAINER_STDOUT", path("stdout"))
            .env("CONTAINER_STDERR", path("stderr"))
            .env("CONTAINER_WAIT", path("wait"))
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true);
        let child = command.spawn().map_err(failed)?;
        let is_ready = async {
            let mut pipe = ready.accept().await.map_err(io::Error::other)?;
            // Whether it says a byte or goes, it is ready.
            let _ = pipe.read(&mut [0]).await;
            io::Result::Ok(())
        };
        in_time(is_ready).await.map_err(failed)?;
        let stdout = in_time(accept(&mut stdout)).await.map_err(failed)?;
        let stderr = in_time(accept(&mut stderr)).await.map_err(failed)?;
        Ok((Self(child), [stdout, stderr]))
    }

    /// Waits for its end, once the process has ended.
    pub(super) async fn finish(self) {
        logging::finish(self.0).await;
    }
}

async fn accept(listener: &mut Listener) -> io::Result<Pipe> {
    listener.accept().await.map_err(io::Error::other)
}

async fn in_time<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = || io::Error::new(io::ErrorKind::TimedOut, "timeout");
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(late()))
}
