//! The bytes of a process's stream, between the gateway and a pipe.
//!
//! Two threads serve a stream: one copies, one waits at the end that the first
//! does not look at, for its other side to go away. Both end with the stream.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::windows::io::OwnedHandle;
use std::sync::Arc;

use crate::pipe::{Direction, Pipe};
use crate::thread;

const BUFFER: usize = 64 << 10;

/// Relays a stream, and gives the caller's end of it.
pub(crate) fn relay(stream: TcpStream, direction: Direction) -> io::Result<OwnedHandle> {
    let (pipe, caller) = Pipe::new(direction)?;
    let (pipe, stream) = (Arc::new(pipe), Arc::new(stream));
    let ends = (pipe.clone(), stream.clone());
    let watched = match direction {
        Direction::Input => thread::start("stdin-watch", move || watch_gateway(&ends.0, &ends.1)),
        Direction::Output => thread::start("output-watch", move || watch_caller(&ends.0, &ends.1)),
    };
    let copied = watched.and_then(|()| {
        let ends = (pipe.clone(), stream.clone());
        match direction {
            Direction::Input => thread::start("stdin", move || input(&ends.0, &ends.1)),
            Direction::Output => thread::start("output", move || output(&ends.0, &ends.1)),
        }
    });
    if let Err(error) = copied {
        end(&pipe, &stream);
        return Err(error);
    }
    Ok(caller)
}

/// What the process writes, for the caller to read.
fn output(pipe: &Pipe, mut stream: &TcpStream) {
    let mut buffer = vec![0; BUFFER];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => {
                if pipe.write_all(buffer.get(..length).unwrap_or_default()).is_err() {
                    break;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    // The pipe is closed when both threads have let go of it. What the caller has
    // not read yet stays readable.
    end(pipe, stream);
}

/// The caller's end is only read from: a read of ours ends when that is closed.
fn watch_caller(pipe: &Pipe, stream: &TcpStream) {
    while pipe.read(&mut [0]).is_ok() {}
    end(pipe, stream);
}

/// What the caller writes, for the process to read.
fn input(pipe: &Pipe, mut stream: &TcpStream) {
    let mut buffer = vec![0; BUFFER];
    while let Ok(length) = pipe.read(&mut buffer) {
        if stream.write_all(buffer.get(..length).unwrap_or_default()).is_err() {
            return end(pipe, stream);
        }
    }
    // The end of the process's input. The gateway closes the rest.
    let _ = stream.shutdown(Shutdown::Write);
}

/// The gateway sends nothing here: a read of ours ends when nobody takes input
/// any more.
fn watch_gateway(pipe: &Pipe, mut stream: &TcpStream) {
    while matches!(stream.read(&mut [0]), Ok(1)) {}
    end(pipe, stream);
}

fn end(pipe: &Pipe, stream: &TcpStream) {
    pipe.stop();
    let _ = stream.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::TcpListener;

    use super::*;

    /// A connection over loopback.
    fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (near, listener.accept().unwrap().0)
    }

    /// What std reads and writes waits for calls on a handle for overlapped ones
    /// too, as long as one call is made at a time.
    fn relayed(direction: Direction) -> (TcpStream, File) {
        let (near, far) = pair();
        (far, File::from(relay(near, direction).unwrap()))
    }

    #[test]
    fn output_arrives_to_the_last_byte_however_late_it_is_read() {
        for size in [0, 1, 1000, 3_000_000] {
            let (mut gateway, mut caller) = relayed(Direction::Output);
            let sent: Vec<u8> = (0..size).map(|n: u32| n.to_le_bytes()[0]).collect();
            let writer = std::thread::spawn({
                let sent = sent.clone();
                move || {
                    gateway.write_all(&sent).unwrap();
                    gateway.shutdown(Shutdown::Write).unwrap();
                    // Until the relay has gone.
                    let _ = gateway.read(&mut [0]);
                }
            });
            if size <= 1000 {
                // The relay has ended before anything is read.
                writer.join().unwrap();
            }
            let mut read = Vec::new();
            caller.read_to_end(&mut read).unwrap();
            assert!(read == sent, "{size} bytes were sent, {} came", read.len());
        }
    }

    #[test]
    fn a_caller_that_closes_output_ends_the_relay() {
        let (mut gateway, caller) = relayed(Direction::Output);
        drop(caller);
        assert!(!matches!(gateway.read(&mut [0]), Ok(1..)));
    }

    #[test]
    fn a_caller_that_closes_output_with_bytes_unread_ends_the_relay() {
        let (mut gateway, mut caller) = relayed(Direction::Output);
        gateway.write_all(b"ab").unwrap();
        caller.read_exact(&mut [0]).unwrap();
        drop(caller);
        assert!(!matches!(gateway.read(&mut [0]), Ok(1..)));
    }

    #[test]
    fn input_arrives_and_ends_with_the_callers_handle() {
        let (mut gateway, mut caller) = relayed(Direction::Input);
        let sent = vec![7; 3_000_000];
        let writer = std::thread::spawn({
            let sent = sent.clone();
            move || caller.write_all(&sent).unwrap()
        });
        let mut read = Vec::new();
        gateway.read_to_end(&mut read).unwrap();
        assert!(read == sent, "{} of {} bytes came", read.len(), sent.len());
        writer.join().unwrap();
    }

    #[test]
    fn a_process_that_takes_no_more_input_breaks_the_callers_pipe() {
        let (gateway, mut caller) = relayed(Direction::Input);
        drop(gateway);
        while caller.write_all(&[0; 1000]).is_ok() {}
    }
}
