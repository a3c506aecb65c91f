//! The image as a row of bytes, written from the front to the back.

use std::io::{Seek, SeekFrom, Write};

use crate::error::WriteError;
use crate::format::BLOCK_SIZE;

const BLOCK: u64 = BLOCK_SIZE as u64;
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// Counts what was written, and keeps it below the largest size.
#[derive(Debug)]
pub(crate) struct Output<W> {
    inner: W,
    position: u64,
    limit: u64,
    /// Whether what is not written reads as zeros.
    skip_zeros: bool,
}

impl<W: Write + Seek> Output<W> {
    /// Begins at a block.
    pub(crate) fn new(
        inner: W,
        start: u64,
        limit: u64,
        skip_zeros: bool,
    ) -> Result<Self, WriteError> {
        let mut output = Self { inner, position: 0, limit, skip_zeros };
        output.seek(start * BLOCK)?;
        Ok(output)
    }

    /// The block that comes next; that of the current byte, where it is inside one.
    pub(crate) fn block(&self) -> u64 {
        self.position / BLOCK
    }

    pub(crate) fn limit(&self) -> u64 {
        self.limit
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let end = self.end_after(bytes.len() as u64)?;
        let written = self.inner.write_all(bytes);
        written.map_err(|source| WriteError::Output { position: self.position, source })?;
        self.position = end;
        Ok(())
    }

    /// Writes zeros, or leaves room for them where that reads the same.
    pub(crate) fn zeros(&mut self, count: u64) -> Result<(), WriteError> {
        let end = self.end_after(count)?;
        // Whole blocks are left out, but for the last one: it makes the file as long as
        // it is.
        let skip_from = self.position.next_multiple_of(BLOCK);
        let skip_to = end.saturating_sub(1) / BLOCK * BLOCK;
        if self.skip_zeros && skip_to.saturating_sub(skip_from) >= ZEROS.len() as u64 {
            self.write_zeros_to(skip_from)?;
            self.seek(skip_to)?;
        }
        self.write_zeros_to(end)
    }

    fn write_zeros_to(&mut self, end: u64) -> Result<(), WriteError> {
        while self.position < end {
            let left = usize::try_from(end - self.position).unwrap_or(usize::MAX);
            self.write(&ZEROS[..left.min(ZEROS.len())])?;
        }
        Ok(())
    }

    /// Zeros up to the next block.
    pub(crate) fn fill_block(&mut self) -> Result<(), WriteError> {
        self.zeros(self.position.next_multiple_of(BLOCK) - self.position)
    }

    /// Writes blocks once more that have been passed.
    pub(crate) fn rewrite(&mut self, block: u64, bytes: &[u8]) -> Result<(), WriteError> {
        let position = self.position;
        self.seek(block * BLOCK)?;
        self.write(bytes)?;
        self.seek(position)
    }

    pub(crate) fn finish(mut self) -> Result<W, WriteError> {
        let flushed = self.inner.flush();
        flushed.map_err(|source| WriteError::Output { position: self.position, source })?;
        Ok(self.inner)
    }

    fn seek(&mut self, position: u64) -> Result<(), WriteError> {
        let moved = self.inner.seek(SeekFrom::Start(position));
        moved.map_err(|source| WriteError::Output { position, source })?;
        self.position = position;
        Ok(())
    }

    fn end_after(&self, count: u64) -> Result<u64, WriteError> {
        let end = self.position.checked_add(count);
        end.filter(|end| *end <= self.limit).ok_or(WriteError::DiskFull(self.limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn skipped_zeros_read_like_written_ones() {
        for skip_zeros in [false, true] {
            let mut output =
                Output::new(Cursor::new(Vec::new()), 1, 1 << 20, skip_zeros).expect("new");
            output.write(b"a").expect("write");
            output.fill_block().expect("fill");
            output.zeros(300_000).expect("zeros");
            output.rewrite(0, b"front").expect("rewrite");
            assert_eq!(output.position, 8192 + 300_000);
            let bytes = output.finish().expect("finish").into_inner();
            assert_eq!(bytes.len(), 8192 + 300_000);
            assert_eq!(&bytes[..5], b"front");
            assert_eq!(bytes[4096], b'a');
            assert!(bytes[4097..].iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn nothing_is_written_beyond_the_limit() {
        let mut output = Output::new(Cursor::new(Vec::new()), 0, 4096, true).expect("new");
        output.zeros(4096).expect("all of it");
        assert!(matches!(output.write(b"x"), Err(WriteError::DiskFull(4096))));
        assert!(matches!(output.zeros(u64::MAX), Err(WriteError::DiskFull(4096))));
        assert_eq!(output.finish().expect("finish").into_inner().len(), 4096);
    }
}
