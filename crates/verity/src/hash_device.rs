//! Writing a hash device.

use std::io::{self, Read, Seek, SeekFrom, Write};

use crate::tree::push_all;
use crate::{BLOCK_SIZE, Digest, SuperBlock, Tree, TreeBuilder, VerityError};

/// Writes the hash device of a tree: the superblock in a block of its own, then
/// the tree.
///
/// # Errors
/// Those of `out` and of the tree's storage.
pub fn write_hash_device<S: Read + Seek>(
    tree: &mut Tree<S>,
    uuid: [u8; 16],
    out: &mut impl Write,
) -> io::Result<()> {
    let mut block = [0; BLOCK_SIZE];
    block[..SuperBlock::SIZE]
        .copy_from_slice(&SuperBlock::new(tree.data_blocks(), uuid).to_bytes());
    out.write_all(&block)?;
    tree.write_to(out)
}

/// Builds the tree of all that `disk` has, in memory, writes its hash device
/// at the position that `disk` is at, and returns the root hash; the
/// reference's `ComputeAndWriteHashDevice` with one file for both. To append,
/// be at the end.
///
/// # Errors
/// Those of `disk`, and [`merkle_tree`](crate::merkle_tree)'s.
pub fn compute_and_write_hash_device<D: Read + Write + Seek>(
    disk: &mut D,
    uuid: [u8; 16],
) -> Result<Digest, VerityError> {
    let mut tree = tree_of(disk, TreeBuilder::new())?;
    write_hash_device(&mut tree, uuid, disk).map_err(VerityError::Write)?;
    Ok(tree.root_digest())
}

/// Builds the tree of all that `disk` has, with the digests of its blocks in
/// `storage`, writes its hash device to `out`, and returns the root hash; the
/// reference's `ComputeAndWriteHashDevice`. `disk` is then where it was.
///
/// # Errors
/// Those of the three files, and [`merkle_tree`](crate::merkle_tree)'s.
pub fn compute_and_write_hash_device_to<D: Read + Seek, S: Read + Write + Seek>(
    disk: &mut D,
    storage: S,
    uuid: [u8; 16],
    out: &mut impl Write,
) -> Result<Digest, VerityError> {
    let mut tree = tree_of(disk, TreeBuilder::with_storage(storage))?;
    write_hash_device(&mut tree, uuid, out).map_err(VerityError::Write)?;
    Ok(tree.root_digest())
}

/// The tree of a whole disk, which is then at the position that it was at.
fn tree_of<D: Read + Seek, S: Read + Write + Seek>(
    disk: &mut D,
    mut builder: TreeBuilder<S>,
) -> Result<Tree<S>, VerityError> {
    let position = disk.stream_position().map_err(VerityError::ReadData)?;
    disk.seek(SeekFrom::Start(0)).map_err(VerityError::ReadData)?;
    let pushed = push_all(&mut builder, disk);
    disk.seek(SeekFrom::Start(position)).map_err(VerityError::ReadData)?;
    pushed?;
    builder.finish()
}
