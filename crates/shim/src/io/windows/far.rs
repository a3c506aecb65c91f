//! A pipe of containerd's, which may go away while containerd is restarted.

use std::io;
use std::path::Path;
use std::time::Duration;

use host_windows::named_pipe::{self, Pipe};
use tokio::io::AsyncWriteExt as _;
use tokio::time::Instant;

use super::super::IoError;
use super::super::copies::Far;

/// How long a pipe may be busy.
const BUSY: Duration = Duration::from_secs(2);

/// How often a pipe that has gone is looked for.
const PAUSE: Duration = Duration::from_millis(100);

/// Opens a pipe, and tries so for a time where there is none.
pub(super) async fn dial(path: &str, retry: Duration) -> Result<Pipe, IoError> {
    let deadline = Instant::now() + retry;
    loop {
        match named_pipe::dial(Path::new(path), BUSY).await {
            Ok(pipe) => return Ok(pipe),
            Err(error) if Instant::now() >= deadline => {
                return Err(IoError::new("opening", path, io::Error::other(error)));
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// A pipe that output goes to. One that has broken is opened again.
pub(super) struct FarPipe {
    path: String,
    retry: Duration,
    pipe: Pipe,
}

impl FarPipe {
    /// Opens it. `retry` is how long it may be away, then and later.
    pub(super) async fn open(path: &str, retry: Duration) -> Result<Self, IoError> {
        Ok(Self { path: path.to_owned(), retry, pipe: dial(path, retry).await? })
    }
}

impl Far for FarPipe {
    async fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.pipe.write(rest).await {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => rest = &rest[count..],
                Err(error) if self.retry.is_zero() => return Err(error),
                Err(error) => {
                    tracing::debug!(path = self.path, %error, "a reader has gone");
                    self.pipe = dial(&self.path, self.retry).await.map_err(io::Error::other)?;
                }
            }
        }
        Ok(())
    }
}
