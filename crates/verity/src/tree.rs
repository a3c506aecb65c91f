//! A finished tree, in the order in which it is stored.

use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::hash::{Digest, block_digest};
use crate::read::{read_full, read_up_to};
use crate::{BLOCK_LEN, BLOCK_SIZE, TreeBuilder, VerityError};

/// A finished tree, whose lowest level is in the builder's storage.
#[derive(Debug)]
pub struct Tree<S> {
    storage: S,
    data_blocks: u64,
    /// The levels above the lowest as they are stored, last level first.
    upper: Vec<u8>,
    /// The length of the lowest level in bytes.
    lowest: u64,
    root: Digest,
}

impl<S> Tree<S> {
    /// The root hash, which trusts all data: the digest of the root block.
    pub fn root_digest(&self) -> Digest {
        self.root
    }

    /// The blocks of data below the tree.
    pub fn data_blocks(&self) -> u64 {
        self.data_blocks
    }

    /// The length in bytes of what [`Tree::write_to`] writes.
    pub fn len_in_bytes(&self) -> u64 {
        self.upper.len() as u64 + self.lowest
    }

    /// A tree whose lowest level is in `storage` and has blocks with `digests`.
    pub(crate) fn new(storage: S, data_blocks: u64, mut digests: Vec<Digest>) -> Self {
        let lowest = digests.len() as u64 * BLOCK_LEN;
        let mut levels = Vec::new();
        while digests.len() > 1 {
            let mut level = digests.as_flattened().to_vec();
            level.resize(level.len().next_multiple_of(BLOCK_SIZE), 0);
            digests = level.as_chunks().0.iter().map(block_digest).collect();
            levels.push(level);
        }
        levels.reverse();
        Self { storage, data_blocks, upper: levels.concat(), lowest, root: digests[0] }
    }
}

impl<S: Read + Seek> Tree<S> {
    /// Writes the levels, the root block first and the digests of the data last.
    ///
    /// # Errors
    /// Those of the storage and of `out`.
    pub fn write_to(&mut self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(&self.upper)?;
        self.storage.seek(SeekFrom::Start(0))?;
        let mut chunk = vec![0; 64 * BLOCK_SIZE];
        let mut left = self.lowest;
        while left > 0 {
            let len = usize::try_from(left).map_or(chunk.len(), |left| left.min(chunk.len()));
            read_full(&mut self.storage, &mut chunk[..len])?;
            out.write_all(&chunk[..len])?;
            left -= len as u64;
        }
        Ok(())
    }
}

/// The tree of all that `reader` has, in memory; the reference's `MerkleTree`.
///
/// # Errors
/// [`VerityError::ReadData`] where it can't be read or is not a whole number of
/// blocks, [`VerityError::Empty`] where there is nothing.
pub fn merkle_tree(mut reader: impl Read) -> Result<Vec<u8>, VerityError> {
    let mut builder = TreeBuilder::new();
    push_all(&mut builder, &mut reader)?;
    let mut tree = builder.finish()?;
    let mut bytes = Vec::new();
    tree.write_to(&mut bytes).map_err(VerityError::Storage)?;
    Ok(bytes)
}

/// The root hash of a stored tree: the digest of its first block; the
/// reference's `RootHash`.
///
/// # Errors
/// [`VerityError::ShortTree`] without a whole block.
pub fn root_hash(tree: &[u8]) -> Result<Digest, VerityError> {
    tree.first_chunk().map(block_digest).ok_or(VerityError::ShortTree(tree.len()))
}

/// Adds all that `reader` has.
pub(crate) fn push_all<S: Read + Write + Seek>(
    builder: &mut TreeBuilder<S>,
    reader: &mut impl Read,
) -> Result<(), VerityError> {
    let mut chunk = vec![0; 256 * BLOCK_SIZE];
    loop {
        let len = read_up_to(reader, &mut chunk).map_err(VerityError::ReadData)?;
        builder.push_blocks(&chunk[..len])?;
        if len < chunk.len() {
            return Ok(());
        }
    }
}
