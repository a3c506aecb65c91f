//! Reads the input in a thread of its own, a little ahead of who wants it.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use crate::pool::Piece;

/// Pieces that are read ahead.
const AHEAD: usize = 3;

/// An input that is read ahead. When it is dropped, the thread ends at its next piece;
/// nobody waits for it, for a pipe may never give one.
#[derive(Debug)]
pub(crate) struct ReadAhead {
    full: Receiver<io::Result<Piece>>,
    empty: Sender<Piece>,
    current: Piece,
    at: usize,
    ended: bool,
}

impl ReadAhead {
    pub(crate) fn new(input: impl Read + Send + 'static) -> io::Result<Self> {
        let (send_full, full) = sync_channel(AHEAD);
        let (empty, take_empty) = channel();
        thread::Builder::new()
            .name("read-ahead".into())
            .spawn(move || read_all(input, &send_full, &take_empty))?;
        Ok(Self { full, empty, current: Piece::new(), at: 0, ended: false })
    }
}

fn read_all(mut input: impl Read, full: &SyncSender<io::Result<Piece>>, empty: &Receiver<Piece>) {
    loop {
        let mut piece = empty.try_recv().unwrap_or_else(|_| Piece::new());
        let outcome = fill(&mut input, &mut piece).map(|()| piece);
        let is_last = outcome.as_ref().map_or(true, |piece| piece.is_empty());
        // Nobody listens any more: no more is wanted.
        if full.send(outcome).is_err() || is_last {
            return;
        }
    }
}

/// Fills a piece as far as there is input.
fn fill(input: &mut impl Read, piece: &mut Piece) -> io::Result<()> {
    piece.clear();
    while !piece.is_full() {
        match input.read(piece.room()) {
            Ok(0) => break,
            Ok(length) => piece.filled(length),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // What came before the error is lost with it: the tar is not whole.
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl BufRead for ReadAhead {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.current.len() && !self.ended {
            let next = self.full.recv().unwrap_or_else(|_| Ok(Piece::new()))?;
            let used = std::mem::replace(&mut self.current, next);
            self.at = 0;
            self.ended = self.current.is_empty();
            // The thread has ended where it does not take it.
            let _ = self.empty.send(used);
        }
        Ok(&self.current[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at = (self.at + amount).min(self.current.len());
    }
}

impl Read for ReadAhead {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let length = ready.len().min(out.len());
        out[..length].copy_from_slice(&ready[..length]);
        self.consume(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::PIECE;

    /// Gives a byte at a time, then fails.
    struct Broken(usize);

    impl Read for Broken {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(1).ok_or_else(|| io::Error::other("broken"))?;
            out[0] = 7;
            Ok(1)
        }
    }

    #[test]
    fn all_of_an_input_comes_through_in_order() {
        let bytes: Vec<u8> =
            (0..PIECE * 5 + 3).map(|index| u8::try_from(index % 251).unwrap_or(0)).collect();
        let mut read = Vec::new();
        let input = io::Cursor::new(bytes.clone());
        ReadAhead::new(input).expect("thread").read_to_end(&mut read).expect("read");
        assert!(read == bytes);
    }

    #[test]
    fn an_error_of_the_input_arrives() {
        let mut input = ReadAhead::new(Broken(PIECE + 5)).expect("thread");
        let error = input.read_to_end(&mut Vec::new()).expect_err("broken");
        assert_eq!(error.to_string(), "broken");
    }
}
