//! Building a tree from data or digests that come in order.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use crate::hash::{Digest, block_digests, zero_block_digest};
use crate::layout::DIGESTS_PER_BLOCK;
use crate::read::{read_full, unexpected_eof};
use crate::tree::Tree;
use crate::{BLOCK_LEN, BLOCK_SIZE, DIGEST_SIZE, VerityError, block_digest};

/// Digests that are held back for one write, 256 KiB of them.
const BUFFERED: usize = 8192;

/// Builds the tree of data that comes block by block, in order.
///
/// The digests of the data go to a storage, so that memory need not grow with
/// the data: a temporary file leaves a builder with 1/16384 of the data.
///
/// ```
/// use verity::{BLOCK_SIZE, TreeBuilder, block_digest};
///
/// let mut builder = TreeBuilder::new();
/// builder.push_zero_blocks(1)?;
/// builder.push_blocks(&[7; 2 * BLOCK_SIZE])?;
/// builder.replace(0, block_digest(&[8; BLOCK_SIZE]))?;
/// let tree = builder.finish()?;
/// assert_eq!(tree.data_blocks(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct TreeBuilder<S = Cursor<Vec<u8>>> {
    storage: S,
    /// The digests in the storage.
    stored: u64,
    /// The digests behind those in the storage.
    buffer: Vec<Digest>,
}

impl TreeBuilder {
    /// A builder that keeps everything in memory, 1/128 of the data.
    pub fn new() -> Self {
        Self::with_storage(Cursor::default())
    }
}

impl Default for TreeBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Read + Write + Seek> TreeBuilder<S> {
    /// A builder that keeps the digests of the data in `storage`, from its
    /// start on; what is there is overwritten.
    pub fn with_storage(storage: S) -> Self {
        Self { storage, stored: 0, buffer: Vec::new() }
    }

    /// Adds blocks by their digests.
    ///
    /// # Errors
    /// The storage's.
    pub fn push_digests(&mut self, mut digests: &[Digest]) -> io::Result<()> {
        while !digests.is_empty() {
            let (now, later) = digests.split_at(digests.len().min(BUFFERED - self.buffer.len()));
            self.buffer.extend_from_slice(now);
            self.flush_if_full()?;
            digests = later;
        }
        Ok(())
    }

    /// Adds whole blocks.
    ///
    /// # Errors
    /// The storage's, and [`VerityError::ReadData`] where `data` is not a whole
    /// number of blocks; the whole blocks have been added then.
    pub fn push_blocks(&mut self, data: &[u8]) -> Result<(), VerityError> {
        let mut digests = Vec::with_capacity(data.len() / BLOCK_SIZE);
        let rest = block_digests(data, &mut digests);
        self.push_digests(&digests).map_err(VerityError::Storage)?;
        if !rest.is_empty() {
            return Err(VerityError::ReadData(unexpected_eof()));
        }
        Ok(())
    }

    /// Adds blocks of zeros, without hashing them.
    ///
    /// # Errors
    /// The storage's.
    pub fn push_zero_blocks(&mut self, mut count: u64) -> io::Result<()> {
        while count > 0 {
            let room = BUFFERED - self.buffer.len();
            let now = usize::try_from(count).map_or(room, |count| count.min(room));
            self.buffer.resize(self.buffer.len() + now, zero_block_digest());
            self.flush_if_full()?;
            count -= now as u64;
        }
        Ok(())
    }

    /// Gives block `index` another digest: it has been written anew.
    ///
    /// # Errors
    /// The storage's, and `InvalidInput` where no such block has been added.
    pub fn replace(&mut self, index: u64, digest: Digest) -> io::Result<()> {
        if index < self.stored {
            self.storage.seek(SeekFrom::Start(index * DIGEST_SIZE as u64))?;
            return self.storage.write_all(&digest);
        }
        let buffered = usize::try_from(index - self.stored).ok();
        match buffered.and_then(|at| self.buffer.get_mut(at)) {
            Some(slot) => *slot = digest,
            None => {
                let text = format!("block {index} of {} can't be replaced", self.len());
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
        }
        Ok(())
    }

    /// The number of blocks added.
    pub fn len(&self) -> u64 {
        self.stored + self.buffer.len() as u64
    }

    /// Whether no block has been added.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Builds the levels above the digests of the data.
    ///
    /// # Errors
    /// [`VerityError::Empty`] without a block, and the storage's.
    pub fn finish(mut self) -> Result<Tree<S>, VerityError> {
        if self.is_empty() {
            return Err(VerityError::Empty);
        }
        let data_blocks = self.len();
        let digests = self.store_level().map_err(VerityError::Storage)?;
        Ok(Tree::new(self.storage, data_blocks, digests))
    }

    /// Completes level 0 in the storage, and returns the digests of its blocks.
    fn store_level(&mut self) -> io::Result<Vec<Digest>> {
        let blocks = self.len().div_ceil(DIGESTS_PER_BLOCK as u64);
        self.buffer.resize(self.buffer.len().next_multiple_of(DIGESTS_PER_BLOCK), [0; DIGEST_SIZE]);
        self.flush()?;
        self.buffer = Vec::new();

        self.storage.seek(SeekFrom::Start(0))?;
        let mut digests: Vec<Digest> = Vec::new();
        let mut previous = [0; BLOCK_SIZE];
        let mut chunk = vec![0; 64 * BLOCK_SIZE];
        let mut left = blocks * BLOCK_LEN;
        while left > 0 {
            let len = usize::try_from(left).map_or(chunk.len(), |left| left.min(chunk.len()));
            read_full(&mut self.storage, &mut chunk[..len])?;
            for block in chunk[..len].as_chunks().0 {
                // Free space has the same digests again and again.
                let digest = match digests.last() {
                    Some(last) if *block == previous => *last,
                    _ => block_digest(block),
                };
                digests.push(digest);
                previous = *block;
            }
            left -= len as u64;
        }
        Ok(digests)
    }

    fn flush_if_full(&mut self) -> io::Result<()> {
        if self.buffer.len() < BUFFERED { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> io::Result<()> {
        // A replaced digest has moved the position.
        self.storage.seek(SeekFrom::Start(self.stored * DIGEST_SIZE as u64))?;
        self.storage.write_all(self.buffer.as_flattened())?;
        self.stored += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
