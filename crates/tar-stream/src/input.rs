//! The input, and how much of it was consumed.

use std::io::{self, BufRead, ErrorKind};

/// A buffered reader that counts, and lends pieces of its buffer.
pub(crate) struct Input<R> {
    reader: R,
    position: u64,
    /// Bytes of the reader's buffer that the caller has: counted, and consumed by the next call.
    lent: usize,
}

impl<R> Input<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, position: 0, lent: 0 }
    }

    /// Bytes consumed, with what is lent.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    pub(crate) fn get_ref(&self) -> &R {
        &self.reader
    }
}

impl<R: BufRead> Input<R> {
    /// The reader, with what was lent consumed.
    pub(crate) fn into_inner(mut self) -> R {
        self.settle();
        self.reader
    }

    /// Whether the input has ended.
    pub(crate) fn is_at_end(&mut self) -> io::Result<bool> {
        self.settle();
        loop {
            match self.reader.fill_buf() {
                Ok(buffer) => return Ok(buffer.is_empty()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The next piece, at most `limit` bytes of it; empty at the end of input.
    pub(crate) fn lend(&mut self, limit: u64) -> io::Result<&[u8]> {
        if limit == 0 || self.is_at_end()? {
            return Ok(&[]);
        }
        let buffer = self.reader.fill_buf()?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let piece = buffer.get(..limit).unwrap_or(buffer);
        self.lent = piece.len();
        self.position = self.position.saturating_add(as_u64(self.lent));
        Ok(piece)
    }

    /// Fills a buffer as far as the input goes. Gives the bytes filled.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while let Some(free) = buffer.get_mut(filled..).filter(|free| !free.is_empty()) {
            let piece = self.lend(as_u64(free.len()))?;
            if piece.is_empty() {
                break;
            }
            free.iter_mut().zip(piece).for_each(|(to, from)| *to = *from);
            filled += piece.len();
        }
        Ok(filled)
    }

    /// Skips bytes as far as the input goes. Gives the bytes skipped.
    pub(crate) fn skip(&mut self, count: u64) -> io::Result<u64> {
        let mut left = count;
        while left > 0 {
            let piece = self.lend(left)?.len();
            if piece == 0 {
                break;
            }
            left = left.saturating_sub(as_u64(piece));
        }
        Ok(count - left)
    }

    fn settle(&mut self) {
        self.reader.consume(self.lent);
        self.lent = 0;
    }
}

/// A length as a number of the archive's. No machine has a `usize` wider than 64 bits.
pub(crate) fn as_u64(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
