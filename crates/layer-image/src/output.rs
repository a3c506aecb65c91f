//! Where an image goes while it is made: to a file, to the hash tree, or to both.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;

use tempfile::SpooledTempFile;
use verity::{BLOCK_SIZE, Tree};

use crate::error::Error;
use crate::hasher::Hasher;
use crate::pool::{Piece, Pool};
use crate::writer_thread::{Bytes, WriterThread};

const BLOCK: u64 = BLOCK_SIZE as u64;

/// An image that is written and hashed.
pub(crate) struct Finished {
    pub(crate) size: u64,
    pub(crate) file: Option<File>,
    pub(crate) tree: Option<Tree<SpooledTempFile>>,
}

/// Takes an image in order. What is passed over by a seek is zeros; what was written may
/// be written once more, in whole blocks.
pub(crate) struct ImageOutput {
    pool: Pool,
    writer: Option<WriterThread>,
    hasher: Option<Hasher>,
    /// The end of the image so far: what is not handed over yet.
    buffer: Piece,
    buffer_start: u64,
    /// Blocks that are being written once more.
    again: Vec<u8>,
    again_start: u64,
    position: u64,
}

impl ImageOutput {
    /// `holes` may be left where the file is new.
    pub(crate) fn new(file: Option<File>, holes: bool, hash: bool) -> io::Result<Self> {
        let pool = Pool::default();
        Ok(Self {
            writer: file.map(|file| WriterThread::new(file, holes, pool.clone())).transpose()?,
            hasher: hash.then(|| Hasher::new(&pool)).transpose()?,
            buffer: pool.take(),
            buffer_start: 0,
            again: Vec::new(),
            again_start: 0,
            position: 0,
            pool,
        })
    }

    /// Waits until all is written and hashed.
    pub(crate) fn finish(mut self) -> Result<Finished, Error> {
        let writing = "writing the image";
        self.flush().map_err(Error::io(writing))?;
        let file = self.writer.take().map(|mut writer| writer.end()).transpose();
        let tree = self.hasher.take().map(Hasher::finish).transpose();
        Ok(Finished { size: self.end(), file: file.map_err(Error::io(writing))?, tree: tree? })
    }

    fn end(&self) -> u64 {
        self.buffer_start + self.buffer.len() as u64
    }

    fn hand_over(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let start = self.buffer_start;
        self.buffer_start = self.end();
        let bytes = Arc::new(std::mem::replace(&mut self.buffer, self.pool.take()));
        if let Some(hasher) = &mut self.hasher {
            hasher.push(Arc::clone(&bytes))?;
        }
        match &mut self.writer {
            Some(writer) => writer.write(start, Bytes::Piece(bytes)),
            None => Ok(()),
        }
    }

    /// Hands over what was written once more.
    fn hand_over_again(&mut self) -> io::Result<()> {
        if self.again.is_empty() {
            return Ok(());
        }
        // What it replaces goes first.
        self.hand_over()?;
        let bytes = std::mem::take(&mut self.again);
        if let Some(hasher) = &mut self.hasher {
            hasher.replace(self.again_start / BLOCK, &bytes);
        }
        match &mut self.writer {
            Some(writer) => writer.write(self.again_start, Bytes::Again(bytes)),
            None => Ok(()),
        }
    }

    fn pass_over(&mut self, position: u64) -> io::Result<()> {
        let zeros = position - self.end();
        self.hand_over()?;
        if let Some(hasher) = &mut self.hasher {
            hasher.push_zeros(zeros / BLOCK)?;
        }
        self.buffer_start = position;
        Ok(())
    }
}

impl Write for ImageOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.position != self.end() {
            if self.again.is_empty() {
                self.again_start = self.position;
            }
            self.again.extend_from_slice(bytes);
            self.position += bytes.len() as u64;
            return Ok(bytes.len());
        }
        let taken = self.buffer.append(bytes);
        self.position += taken as u64;
        if self.buffer.is_full() {
            self.hand_over()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hand_over_again()?;
        // Only whole blocks can be hashed; the rest of one is still to come.
        if (self.buffer.len() as u64).is_multiple_of(BLOCK) { self.hand_over() } else { Ok(()) }
    }
}

impl Seek for ImageOutput {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.hand_over_again()?;
        let SeekFrom::Start(position) = to else {
            return Err(io::Error::from(io::ErrorKind::Unsupported));
        };
        if position != self.end() {
            let aligned = [position, self.end()].iter().all(|place| place.is_multiple_of(BLOCK));
            if !aligned {
                return Err(io::Error::other("a seek inside a block of an image"));
            }
        }
        if position > self.end() {
            self.pass_over(position)?;
        }
        self.position = position;
        Ok(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::PIECE;
    use std::io::Read;

    /// What is written in order, passed over, and written once more is in the file and
    /// in the tree.
    #[test]
    fn file_and_tree_are_of_the_same_image() {
        let file = tempfile::tempfile().expect("file");
        let mut output = ImageOutput::new(Some(file), true, true).expect("threads");
        output.seek(SeekFrom::Start(2 * BLOCK)).expect("seek");
        let data: Vec<u8> =
            (0..3 * PIECE).map(|index| u8::try_from(index % 253).unwrap_or(0)).collect();
        output.write_all(&data).expect("write");
        output.seek(SeekFrom::Start(10 << 20)).expect("seek");
        output.write_all(&[9; 2 * BLOCK_SIZE]).expect("write");
        let end = output.end();
        output.seek(SeekFrom::Start(0)).expect("seek");
        output.write_all(&[7; BLOCK_SIZE]).expect("write");
        output.seek(SeekFrom::Start(5 * BLOCK)).expect("seek");
        output.write_all(&[8; BLOCK_SIZE]).expect("write");
        output.seek(SeekFrom::Start(end)).expect("seek");
        let Finished { size, file, tree } = output.finish().expect("finish");
        let mut bytes = Vec::new();
        let mut file = file.expect("file");
        file.rewind().expect("rewind");
        file.read_to_end(&mut bytes).expect("read");
        assert_eq!(bytes.len() as u64, size);
        assert_eq!(bytes[..BLOCK_SIZE], [7; BLOCK_SIZE]);
        assert_eq!(bytes[5 * BLOCK_SIZE..6 * BLOCK_SIZE], [8; BLOCK_SIZE]);
        assert!(bytes[6 * BLOCK_SIZE..2 * BLOCK_SIZE + 3 * PIECE] == data[4 * BLOCK_SIZE..]);
        let naive = verity::merkle_tree(&bytes[..]).expect("tree");
        let root = verity::root_hash(&naive).expect("root");
        assert_eq!(tree.expect("tree").root_digest(), root);
    }
}
