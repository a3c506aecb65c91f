//! What a hash device says of itself.

use std::io::{Read, Seek, SeekFrom};

use crate::hash::{salted_digest, to_hex};
use crate::read::read_full;
use crate::{BLOCK_SIZE, BLOCK_SIZE_U32, SuperBlock, VerityError};

/// What a hash device says of itself; the reference's `VerityInfo`. Nothing of
/// it has been checked against data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerityInfo {
    /// `HashOffsetInBlocks`: where the hash device begins on its disk, in data
    /// blocks, if it directly follows the data.
    pub hash_offset_in_blocks: u64,
    /// `SuperBlock`: whether there is a superblock, true.
    pub super_block: bool,
    /// `RootDigest`: the root hash in hex, of the superblock's salt and the
    /// first block of the tree.
    pub root_digest: String,
    /// `Salt`: the salt in hex.
    pub salt: String,
    /// `Algorithm`: the name of the hash.
    pub algorithm: String,
    /// `DataBlockSize`: the size of a data block in bytes.
    pub data_block_size: u32,
    /// `HashBlockSize`: the size of a tree block in bytes, which the reference
    /// doesn't read from the superblock: 4096.
    pub hash_block_size: u32,
    /// `DataBlocks`: the number of data blocks.
    pub data_blocks: u64,
    /// `Version`: the version of the superblock.
    pub version: u32,
}

/// Reads the hash device at `offset` bytes; the reference's `ReadDMVerityInfo`.
///
/// # Errors
/// [`read_dm_verity_info_reader`]'s.
pub fn read_dm_verity_info<R: Read + Seek>(
    mut reader: R,
    offset: u64,
) -> Result<VerityInfo, VerityError> {
    reader.seek(SeekFrom::Start(offset)).map_err(VerityError::ReadSuperBlock)?;
    read_dm_verity_info_reader(reader)
}

/// Reads the hash device that begins where `reader` is; the reference's
/// `ReadDMVerityInfoReader`.
///
/// # Errors
/// [`VerityError::ReadSuperBlock`] and [`VerityError::ReadRootHash`] where the
/// first or the second block isn't there, and [`SuperBlock::parse`]'s.
pub fn read_dm_verity_info_reader<R: Read>(mut reader: R) -> Result<VerityInfo, VerityError> {
    let mut block = [0; BLOCK_SIZE];
    read_full(&mut reader, &mut block).map_err(VerityError::ReadSuperBlock)?;
    let super_block = SuperBlock::parse(&block)?;
    read_full(&mut reader, &mut block).map_err(VerityError::ReadRootHash)?;
    let salt = super_block.salt.as_bytes();
    Ok(VerityInfo {
        hash_offset_in_blocks: super_block.data_blocks,
        super_block: true,
        root_digest: to_hex(&salted_digest(salt, &block)),
        salt: to_hex(salt),
        algorithm: super_block.algorithm_name(),
        data_block_size: super_block.data_block_size,
        hash_block_size: BLOCK_SIZE_U32,
        data_blocks: super_block.data_blocks,
        version: super_block.version,
    })
}
