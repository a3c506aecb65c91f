//! Bytes between our streams and a process's console.
//!
//! Our streams may be anything, also files that no event loop can wait for,
//! and writing to them may wait for long; so each direction has a thread, and
//! signals are passed on meanwhile.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::pipe::PipeFlags;

/// The relay of one console.
pub(super) struct Relay {
    /// Closed, it tells the output's thread that the process has ended.
    running: Option<OwnedFd>,
    output: Option<JoinHandle<()>>,
}

impl Relay {
    /// Copies our stdin to the console and the console to our stdout.
    pub(super) fn start(console: OwnedFd) -> io::Result<Self> {
        let console = Arc::new(console);
        let stdin = std::io::stdin().as_fd().try_clone_to_owned()?;
        let stdout = std::io::stdout().as_fd().try_clone_to_owned()?;
        let (ended, running) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC)?;
        let input = Arc::clone(&console);
        // It ends with the program: nothing makes a read of stdin return.
        std::thread::Builder::new().name("input".into()).spawn(move || {
            copy_input(stdin.as_fd(), input.as_fd());
        })?;
        let output = std::thread::Builder::new().name("output".into()).spawn(move || {
            copy_output(console.as_fd(), stdout.as_fd(), ended.as_fd());
        })?;
        Ok(Self { running: Some(running), output: Some(output) })
    }

    /// Waits until all that the process wrote has been copied. It has ended.
    pub(super) fn finish(&mut self) {
        self.running = None;
        if let Some(output) = self.output.take() {
            // A panic of the thread was told by its hook.
            let _ = output.join();
        }
    }
}

/// Copies until our stdin ends or nobody has the console.
fn copy_input(stdin: BorrowedFd<'_>, console: BorrowedFd<'_>) {
    let mut buffer = [0; 4096];
    loop {
        match rustix::io::read(stdin, &mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                if write_all(console, &buffer[..count]).is_err() {
                    return;
                }
            }
            Err(Errno::INTR) => {}
            // Somebody shares our stdin and made it so.
            Err(Errno::AGAIN) => wait(&mut [PollFd::new(&stdin, PollFlags::IN)]),
            Err(_) => return,
        }
    }
}

/// Copies until nobody has the console, or the process has ended and the
/// console is empty: another process may keep it open.
fn copy_output(console: BorrowedFd<'_>, stdout: BorrowedFd<'_>, ended: BorrowedFd<'_>) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let mut events = [PollFd::new(&console, PollFlags::IN), PollFd::new(&ended, PollFlags::IN)];
        wait(&mut events);
        let [console_event, ended_event] = events;
        if !console_event.revents().is_empty() {
            match rustix::io::read(console, &mut buffer) {
                Ok(count) if count > 0 => {
                    if write_all(stdout, &buffer[..count]).is_err() {
                        return;
                    }
                }
                Err(Errno::INTR | Errno::AGAIN) => {}
                // EIO is how a console says that its last process has gone.
                _ => return,
            }
        } else if !ended_event.revents().is_empty() {
            return;
        }
    }
}

/// Writes all bytes, also where the file was made not to wait.
fn write_all(file: BorrowedFd<'_>, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::write(file, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait(&mut [PollFd::new(&file, PollFlags::OUT)]),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Waits for an event. An interrupted wait is looked at like one that ended.
fn wait(events: &mut [PollFd<'_>]) {
    let _ = poll(events, None);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipe() -> (OwnedFd, OwnedFd) {
        rustix::pipe::pipe_with(PipeFlags::CLOEXEC).expect("pipe")
    }

    /// A console that somebody else keeps open does not keep the relay.
    #[test]
    fn output_is_copied_to_the_last_byte() {
        let ((console, process), (reader, stdout), (ended, running)) = (pipe(), pipe(), pipe());
        write_all(process.as_fd(), &[b'x'; 5000]).expect("write");
        drop(running);
        copy_output(console.as_fd(), stdout.as_fd(), ended.as_fd());
        drop(stdout);
        let mut copied = Vec::new();
        io::Read::read_to_end(&mut std::fs::File::from(reader), &mut copied).expect("read");
        assert_eq!(copied, [b'x'; 5000]);
        drop(process);
    }

    #[test]
    fn input_ends_with_stdin_or_the_console() {
        let ((stdin, writer), (console, process)) = (pipe(), pipe());
        write_all(writer.as_fd(), b"abc").expect("write");
        drop(writer);
        copy_input(stdin.as_fd(), process.as_fd());
        let mut buffer = [0; 8];
        assert_eq!(rustix::io::read(&console, &mut buffer), Ok(3));

        let (stdin, writer) = pipe();
        write_all(writer.as_fd(), b"abc").expect("write");
        drop(console);
        copy_input(stdin.as_fd(), process.as_fd());
    }
}
