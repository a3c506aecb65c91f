//! FIFOs, files and terminals of Linux.
//!
//! The first process of a container writes to containerd's FIFOs itself: nothing is
//! copied. A process that was added writes to pipes that are copied to the FIFOs,
//! since what it leaves running would keep them open after its end. The shim holds
//! each FIFO open, so that a reader which goes away and comes back, as containerd
//! does when it is restarted, takes nothing from the process.

mod logger;

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use compute::{Process, StdioSource};
use rustix::fs::{Mode, OFlags};
use rustix::pipe::PipeFlags;
use tokio::net::unix::pipe;

use self::logger::Logger;
use super::copies::Copies;
use super::{IoError, Request, Target};

/// The streams of a process.
pub(crate) struct Streams {
    terminal: bool,
    /// Which the process is to have.
    wanted: [bool; 3],
    state: Mutex<State>,
    copies: Copies,
}

#[derive(Default)]
struct State {
    /// The process's ends.
    files: [Option<OwnedFd>; 3],
    /// The FIFO that input comes from.
    input: Option<pipe::Receiver>,
    /// Our end of the pipe that the process reads.
    stdin: Option<pipe::Sender>,
    /// FIFOs, and the pipes that are copied to them.
    outputs: Vec<(Option<pipe::Receiver>, pipe::Sender)>,
    /// Ends that are held so that the others stay usable.
    held: Vec<OwnedFd>,
    logger: Option<Logger>,
}

impl State {
    fn open_outputs(&mut self, request: &Request) -> Result<(), IoError> {
        let direct = request.exec.is_empty() && !request.terminal;
        for (index, text) in [(1, &request.stdout), (2, &request.stderr)] {
            // Checked before.
            match Target::parse(text).unwrap_or(Target::None) {
                Target::None => {}
                Target::Pipe(path) if direct => {
                    let (held, theirs) = fifo(path)?;
                    self.held.push(held);
                    self.files[index] = Some(theirs);
                }
                Target::Pipe(path) => {
                    let far = pipe::OpenOptions::new()
                        .read_write(true)
                        .open_sender(path)
                        .map_err(|error| IoError::new("opening", path, error))?;
                    widen(&far);
                    let near = if request.terminal {
                        None
                    } else {
                        let (ours, theirs) = pipe_from(path)?;
                        widen(&theirs);
                        self.files[index] = Some(theirs);
                        Some(ours)
                    };
                    self.outputs.push((near, far));
                }
                Target::File(path) => {
                    let file = File::options().create(true).append(true).open(path);
                    let file = file.map_err(|error| IoError::new("opening", path, error))?;
                    self.files[index] = Some(file.into());
                }
                Target::Logger(uri) => {
                    let error = std::io::Error::other("only with the other output");
                    return Err(IoError::new("starting the logger", uri, error));
                }
            }
        }
        Ok(())
    }
}

impl Streams {
    /// Opens the far ends.
    ///
    /// # Errors
    /// One can't be opened.
    pub(crate) async fn open(request: &Request) -> Result<Self, IoError> {
        let mut state = State::default();
        if !request.stdin.is_empty() {
            let path = &request.stdin;
            let failed = |error: std::io::Error| IoError::new("opening", path, error);
            let input = pipe::OpenOptions::new().open_receiver(path).map_err(failed)?;
            state.input = Some(input);
            if !request.terminal {
                let (ours, theirs) = pipe_to(path)?;
                state.stdin = Some(ours);
                state.files[0] = Some(theirs);
            }
        }
        if let Target::Logger(uri) = Target::parse(&request.stdout).unwrap_or(Target::None) {
            // It takes both, whatever the other's target says.
            let (logger, [stdout, stderr]) = Logger::start(uri, request).await?;
            state.logger = Some(logger);
            state.files[1] = Some(stdout);
            state.files[2] = Some(stderr);
        } else {
            state.open_outputs(request)?;
        }
        let wanted =
            [&request.stdin, &request.stdout, &request.stderr].map(|text| !text.is_empty());
        Ok(Self {
            terminal: request.terminal,
            wanted,
            state: Mutex::new(state),
            copies: Copies::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the process is made with. The second call has no files to give.
    pub(crate) fn source(&self) -> StdioSource {
        if self.terminal {
            return StdioSource::Pipes;
        }
        StdioSource::Files(Box::new(std::mem::take(&mut self.state().files)))
    }

    /// Which streams the process is to have.
    pub(crate) fn wanted(&self) -> [bool; 3] {
        self.wanted
    }

    /// Copies what has to be copied, from now on.
    ///
    /// # Errors
    /// The process's terminal is not to be had.
    pub(crate) async fn attach(&self, process: &Arc<dyn Process>) -> compute::Result<()> {
        if self.terminal {
            let stdio = process.stdio().await?;
            let mut state = self.state();
            if let (Some((_, far)), Some(near)) = (state.outputs.pop(), stdio.stdout) {
                self.copies.output(near, far);
            }
            if let (Some(input), Some(stdin)) = (state.input.take(), stdio.stdin) {
                self.copies.input(input, stdin);
            }
            return Ok(());
        }
        let mut state = self.state();
        for (near, far) in std::mem::take(&mut state.outputs) {
            if let Some(near) = near {
                self.copies.output(near, far);
            }
        }
        if let (Some(input), Some(stdin)) = (state.input.take(), state.stdin.take()) {
            self.copies.input(input, stdin);
        }
        Ok(())
    }

    /// Ends the input: the process reads what was written before, and then its end.
    pub(crate) async fn close_stdin(&self) {
        self.copies.close_stdin().await;
    }

    /// The process has ended: waits for the rest of its output as long as it flows,
    /// and closes all.
    pub(crate) async fn finish(&self) {
        let logger = {
            let mut state = self.state();
            state.files = Default::default();
            state.input = None;
            state.stdin = None;
            state.outputs.clear();
            state.logger.take()
        };
        self.copies.finish().await;
        if let Some(logger) = logger {
            logger.finish().await;
        }
        self.state().held.clear();
    }
}

/// What an output's FIFO and pipe hold, in bytes: four times the kernel's default, for
/// fewer turns of writer and reader.
const PIPE_SIZE: usize = 256 << 10;

/// What is wider stays so. For a user who has too many, and where it is no pipe, all
/// stays as it is: this only saves time.
fn widen(pipe: impl AsFd) {
    if rustix::pipe::fcntl_getpipe_size(&pipe).is_ok_and(|size| size < PIPE_SIZE) {
        let _ = rustix::pipe::fcntl_setpipe_size(&pipe, PIPE_SIZE);
    }
}

/// A FIFO, held open for both directions, and an end of it to write to.
fn fifo(path: &str) -> Result<(OwnedFd, OwnedFd), IoError> {
    let failed = |error: rustix::io::Errno| IoError::new("opening", path, error);
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let held = rustix::fs::open(path, flags, Mode::empty()).map_err(failed)?;
    widen(&held);
    // There is a reader, the one held: this does not wait for another.
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    let theirs = rustix::fs::open(path, flags, Mode::empty()).map_err(failed)?;
    Ok((held, theirs))
}

/// A pipe that the process reads.
fn pipe_to(path: &str) -> Result<(pipe::Sender, OwnedFd), IoError> {
    let failed = |error: std::io::Error| IoError::new("making a pipe for", path, error);
    let (reader, writer) =
        rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(|error| failed(error.into()))?;
    Ok((pipe::Sender::from_owned_fd(nonblocking(writer).map_err(failed)?).map_err(failed)?, reader))
}

/// A pipe that the process writes to.
fn pipe_from(path: &str) -> Result<(pipe::Receiver, OwnedFd), IoError> {
    let failed = |error: std::io::Error| IoError::new("making a pipe for", path, error);
    let (reader, writer) =
        rustix::pipe::pipe_with(PipeFlags::CLOEXEC).map_err(|error| failed(error.into()))?;
    let reader = pipe::Receiver::from_owned_fd(nonblocking(reader).map_err(failed)?);
    Ok((reader.map_err(failed)?, writer))
}

/// Our end alone does not wait: the process's end is a file of its own.
fn nonblocking(end: OwnedFd) -> std::io::Result<OwnedFd> {
    let flags = rustix::fs::fcntl_getfl(&end)?;
    rustix::fs::fcntl_setfl(&end, flags | OFlags::NONBLOCK)?;
    Ok(end)
}

#[cfg(test)]
mod tests {
    use rustix::pipe::{fcntl_getpipe_size, fcntl_setpipe_size};

    use super::*;

    #[test]
    fn a_pipe_is_widened_and_never_narrowed() {
        let (reader, writer) = rustix::pipe::pipe().expect("a pipe");
        widen(&writer);
        assert_eq!(fcntl_getpipe_size(&reader), Ok(PIPE_SIZE));
        fcntl_setpipe_size(&reader, 2 * PIPE_SIZE).expect("a wider one");
        widen(&writer);
        assert_eq!(fcntl_getpipe_size(&reader), Ok(2 * PIPE_SIZE));
    }
}
