//! Named pipes: listen, dial, and one type for either end.
//!
//! A pipe in message mode has what one in byte mode lacks, a half close: a
//! message without bytes is the end of a direction. Both modes are read as
//! streams of bytes. Source: the behaviour of `github.com/Microsoft/go-winio`,
//! which the other side of our pipes (containerd, CNI plugins) is built with.

mod descriptor;
mod listener;

use std::io;
use std::os::windows::io::{AsRawHandle, RawHandle};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient, NamedPipeServer, PipeMode};
use tokio::time::Instant;
use windows_sys::Win32::Foundation::ERROR_PIPE_BUSY;
use windows_sys::Win32::Storage::FileSystem::{
    SECURITY_ANONYMOUS, SECURITY_IDENTIFICATION, SECURITY_IMPERSONATION,
};

pub(crate) use descriptor::size_of_u32;
pub(crate) use listener::{create_instance, register};

pub use descriptor::SecurityDescriptor;
pub use listener::{ListenOptions, Listener, listen};

/// How long the reference dials where the caller says nothing.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long to wait before a busy pipe is dialled again.
const RETRY: Duration = Duration::from_millis(10);

/// Why a pipe could not be listened on, dialled or accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipeError {
    /// A path is not that of a pipe.
    #[error(r"{path:?} is not the path of a named pipe: it must look like \\.\pipe\name")]
    Path {
        /// The path.
        path: PathBuf,
    },
    /// A security descriptor is not one.
    #[error("failed to parse the security descriptor {sddl:?}")]
    Descriptor {
        /// Its text.
        sddl: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The pipe could not be made.
    #[error("failed to listen on pipe {}{}", path.display(), in_use(source))]
    Listen {
        /// The pipe.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No client could be waited for.
    #[error("failed to accept a client on pipe {}", path.display())]
    Accept {
        /// The pipe.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The pipe could not be opened.
    #[error("failed to dial pipe {}", path.display())]
    Dial {
        /// The pipe.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// All instances of the pipe stayed busy.
    #[error("failed to dial pipe {}: all its instances were busy for {timeout:?}", path.display())]
    Busy {
        /// The pipe.
        path: PathBuf,
        /// How long it was tried.
        timeout: Duration,
    },
}

fn in_use(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied => {
            ": does another program listen there, or is the name protected?"
        }
        _ => "",
    }
}

/// The path of the pipe of this name on this machine.
///
/// ```no_run
/// # #[cfg(windows)]
/// assert_eq!(host_windows::named_pipe::local("x").as_os_str(), r"\\.\pipe\x");
/// ```
pub fn local(name: &str) -> PathBuf {
    PathBuf::from(format!(r"\\.\pipe\{name}"))
}

/// The path if it names a pipe: `\\<machine>\pipe\<name>`.
fn checked(path: &Path) -> Result<&Path, PipeError> {
    let is_pipe = path.to_str().is_some_and(|text| {
        let text = text.replace('/', r"\");
        let mut parts = text.splitn(5, '\\');
        let mut next = || parts.next().unwrap_or_default();
        next().is_empty()
            && next().is_empty()
            && !next().is_empty()
            && next().eq_ignore_ascii_case("pipe")
            && !next().is_empty()
    });
    if is_pipe { Ok(path) } else { Err(PipeError::Path { path: path.into() }) }
}

/// What the server may do with the identity of who dials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Impersonation {
    /// Nothing; it does not even learn who it is.
    #[default]
    Anonymous,
    /// Learn who it is.
    Identification,
    /// Act in its name on this machine.
    Impersonation,
}

impl Impersonation {
    fn flags(self) -> u32 {
        match self {
            Self::Anonymous => SECURITY_ANONYMOUS,
            Self::Identification => SECURITY_IDENTIFICATION,
            Self::Impersonation => SECURITY_IMPERSONATION,
        }
    }
}

/// Opens a pipe, as nobody ([`Impersonation::Anonymous`]), and tries again for
/// `timeout` as long as it is busy. A pipe that does not exist is an error at
/// once.
///
/// # Errors
/// The path is not that of a pipe, there is no such pipe, it may not be opened,
/// or it stays busy. A pipe is registered with the runtime: outside of one it is
/// an error.
pub async fn dial(path: impl AsRef<Path>, timeout: Duration) -> Result<Pipe, PipeError> {
    dial_as(path, timeout, Impersonation::default()).await
}

/// As [`dial`], with a word on what the server may do in our name.
///
/// # Errors
/// As [`dial`].
pub async fn dial_as(
    path: impl AsRef<Path>,
    timeout: Duration,
    level: Impersonation,
) -> Result<Pipe, PipeError> {
    let path = checked(path.as_ref())?;
    let failed = |source| PipeError::Dial { path: path.into(), source };
    require_runtime().map_err(failed)?;
    let deadline = Instant::now() + timeout;
    let mut options = ClientOptions::new();
    options.security_qos_flags(level.flags());
    loop {
        match options.open(path) {
            Ok(client) => return Pipe::from_client(client).map_err(failed),
            Err(e) if !is_busy(&e) => return Err(failed(e)),
            Err(_) if Instant::now() >= deadline => {
                return Err(PipeError::Busy { path: path.into(), timeout });
            }
            Err(_) => tokio::time::sleep(RETRY).await,
        }
    }
}

fn is_busy(error: &io::Error) -> bool {
    error.raw_os_error().and_then(|code| u32::try_from(code).ok()) == Some(ERROR_PIPE_BUSY)
}

/// tokio panics where there is no runtime.
pub(crate) fn require_runtime() -> io::Result<()> {
    tokio::runtime::Handle::try_current().map(drop).map_err(io::Error::other)
}

/// A connected end of a named pipe.
///
/// - Reading gives 0 bytes when the other end is closed, or in message mode has
///   shut its direction down, and does so from then on.
/// - A write is done when the bytes are on their way, which is before the other
///   end has read them.
/// - [`shutdown`](tokio::io::AsyncWriteExt::shutdown) ends our direction in
///   message mode. In byte mode there is no half close and it does nothing:
///   drop the pipe.
#[derive(Debug)]
pub struct Pipe {
    end: End,
    message_mode: bool,
    read_ended: bool,
    write_ended: bool,
}

#[derive(Debug)]
enum End {
    Server(NamedPipeServer),
    Client(NamedPipeClient),
}

impl Pipe {
    fn from_client(client: NamedPipeClient) -> io::Result<Self> {
        let message_mode = client.info()?.mode == PipeMode::Message;
        Ok(Self::new(End::Client(client), message_mode))
    }

    pub(crate) fn from_server(server: NamedPipeServer, message_mode: bool) -> Self {
        Self::new(End::Server(server), message_mode)
    }

    fn new(end: End, message_mode: bool) -> Self {
        Self { end, message_mode, read_ended: false, write_ended: false }
    }

    /// Whether the pipe keeps messages apart, and so has a half close.
    pub fn is_message_mode(&self) -> bool {
        self.message_mode
    }

    fn poll_write_end(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.end {
            End::Server(end) => Pin::new(end).poll_write(cx, data),
            End::Client(end) => Pin::new(end).poll_write(cx, data),
        }
    }
}

impl AsRawHandle for Pipe {
    fn as_raw_handle(&self) -> RawHandle {
        match &self.end {
            End::Server(end) => end.as_raw_handle(),
            End::Client(end) => end.as_raw_handle(),
        }
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read_ended || buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(match &mut self.end {
            End::Server(end) => Pin::new(end).poll_read(cx, buffer),
            End::Client(end) => Pin::new(end).poll_read(cx, buffer),
        })?;
        self.read_ended = buffer.filled().len() == before;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.write_ended {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        // A message without bytes would end the direction.
        if data.is_empty() {
            return Poll::Ready(Ok(0));
        }
        self.poll_write_end(cx, data)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.message_mode && !self.write_ended {
            ready!(self.poll_write_end(cx, &[]))?;
            self.write_ended = true;
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
