//! Checking data against a hash device.

use std::io::{self, Read, Seek, SeekFrom};

use crate::hash::{is_zero, salted_digest, to_hex};
use crate::layout::{FAN_OUT, Layout};
use crate::read::{read_full, read_up_to};
use crate::{BLOCK_LEN, BLOCK_SIZE, DIGEST_SIZE, Digest, SuperBlock, VerityError};

/// A disk that agrees with its hash device.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The root hash of the hash device. Only who knows it from elsewhere knows
    /// that the data are the ones meant.
    pub root_digest: Digest,
    /// The data blocks checked.
    pub data_blocks: u64,
    /// The tree blocks checked, the root block included.
    pub tree_blocks: u64,
}

/// The first thing found wrong with a disk or its hash device.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The superblock can't be read, or not be used.
    #[error(transparent)]
    SuperBlock(#[from] VerityError),
    /// The superblock is of a disk without blocks, or of one beyond 64 bits.
    #[error("failed to verify disk: super block of {0} data blocks")]
    DataBlocks(u64),
    /// The hash device ends before its tree does.
    #[error("failed to read hash device: tree ends at byte {needed}, device at {actual}")]
    ShortHashDevice {
        /// Where the tree ends.
        needed: u64,
        /// The length of the hash device.
        actual: u64,
    },
    /// The hash device can't be read.
    #[error("failed to read hash device")]
    ReadHashDevice(#[source] io::Error),
    /// The root block is not the one expected.
    #[error("root hash is {}, not {}", to_hex(.actual), to_hex(.expected))]
    Root {
        /// The caller's root hash.
        expected: Digest,
        /// The root hash of the hash device.
        actual: Digest,
    },
    /// A tree block has not the digest that the block above has for it.
    #[error("tree block {block} of level {level} is corrupt")]
    TreeBlock {
        /// The level, 0 for that with the digests of the data.
        level: usize,
        /// The number of the block within its level.
        block: u64,
    },
    /// A data block has not the digest that the tree has for it.
    #[error("data block {block} is corrupt")]
    DataBlock {
        /// The number of the block.
        block: u64,
    },
    /// The data end early.
    #[error("failed to read data block: unexpected EOF in block {block} of {data_blocks}")]
    ShortData {
        /// The first block that isn't whole.
        block: u64,
        /// The blocks that there should be.
        data_blocks: u64,
    },
    /// The data can't be read.
    #[error("failed to read data block")]
    ReadData(#[source] io::Error),
}

/// Checks every block of `data` against the hash device whose superblock is at
/// `offset` bytes of `hash_device`, as `veritysetup verify` does.
///
/// The first fault is reported, in this order: the superblock, the length of
/// the hash device, the root block (against `root`, if given), the other tree
/// blocks from the root down, the data blocks. Data behind those that the
/// superblock counts are not read. `progress` gets the number of data blocks
/// checked so far.
///
/// Nothing in the hash device is trusted before it has been checked; memory
/// does not grow with the disk.
///
/// # Errors
/// The first fault, and those of reading.
pub fn verify<D: Read, H: Read + Seek>(
    mut data: D,
    mut hash_device: H,
    offset: u64,
    root: Option<&Digest>,
    mut progress: impl FnMut(u64),
) -> Result<Verified, VerifyError> {
    let super_block = read_super_block(&mut hash_device, offset)?;
    let data_blocks = super_block.data_blocks;
    let salt = super_block.salt.as_bytes();
    let mut tree = StoredTree::open(hash_device, offset, &super_block)?;
    let root_digest = tree.trust_root(root)?;
    for level in (0..tree.layout.levels()).rev() {
        for block in 0..tree.layout.blocks(level) {
            tree.load(level, block)?;
        }
    }

    let zero_digest = salted_digest(salt, &[0; BLOCK_SIZE]);
    let mut chunk = vec![0; 256 * BLOCK_SIZE];
    let mut block = 0;
    while block < data_blocks {
        let wanted = (data_blocks - block).saturating_mul(BLOCK_LEN);
        let wanted = usize::try_from(wanted).map_or(chunk.len(), |bytes| bytes.min(chunk.len()));
        let read = read_up_to(&mut data, &mut chunk[..wanted]).map_err(VerifyError::ReadData)?;
        for bytes in chunk[..read].as_chunks().0 {
            let digest = if is_zero(bytes) { zero_digest } else { salted_digest(salt, bytes) };
            if digest != tree.data_digest(block)? {
                return Err(VerifyError::DataBlock { block });
            }
            block += 1;
        }
        if read < wanted {
            return Err(VerifyError::ShortData { block, data_blocks });
        }
        progress(block);
    }
    Ok(Verified { root_digest, data_blocks, tree_blocks: tree.layout.total_blocks() })
}

fn read_super_block<H: Read + Seek>(
    device: &mut H,
    offset: u64,
) -> Result<SuperBlock, VerityError> {
    let mut block = [0; BLOCK_SIZE];
    device.seek(SeekFrom::Start(offset)).map_err(VerityError::ReadSuperBlock)?;
    read_full(device, &mut block).map_err(VerityError::ReadSuperBlock)?;
    let super_block = SuperBlock::parse(&block)?;
    super_block.check_supported()?;
    Ok(super_block)
}

/// A tree on a hash device, with one block of each level in memory: those on
/// the way from the root to a block. They were checked when they were read, and
/// are used from memory, so that a device that changes meanwhile gains nothing.
struct StoredTree<'a, H> {
    device: H,
    /// Where the tree begins on the device.
    start: u64,
    salt: &'a [u8],
    layout: Layout,
    root_digest: Digest,
    path: Vec<Option<(u64, Box<[u8; BLOCK_SIZE]>)>>,
}

impl<'a, H: Read + Seek> StoredTree<'a, H> {
    /// Finds the tree of a superblock, and checks that the device has all of it.
    fn open(mut device: H, offset: u64, super_block: &'a SuperBlock) -> Result<Self, VerifyError> {
        let data_blocks = super_block.data_blocks;
        let out_of_bounds = || VerifyError::DataBlocks(data_blocks);
        if data_blocks == 0 || data_blocks.checked_mul(BLOCK_LEN).is_none() {
            return Err(out_of_bounds());
        }
        let layout = Layout::new(data_blocks);
        let start = offset.checked_add(BLOCK_LEN).ok_or_else(out_of_bounds)?;
        let len = layout.total_blocks() * BLOCK_LEN;
        let needed = start.checked_add(len).ok_or_else(out_of_bounds)?;
        let actual = device.seek(SeekFrom::End(0)).map_err(VerifyError::ReadHashDevice)?;
        if actual < needed {
            return Err(VerifyError::ShortHashDevice { needed, actual });
        }
        let path = (0..layout.levels()).map(|_| None).collect();
        let salt = super_block.salt.as_bytes();
        Ok(Self { device, start, salt, layout, root_digest: [0; DIGEST_SIZE], path })
    }

    /// Takes the root block to be right if it is the one expected, or if
    /// nothing is expected.
    fn trust_root(&mut self, expected: Option<&Digest>) -> Result<Digest, VerifyError> {
        let root = self.read(self.layout.levels() - 1, 0)?;
        let actual = salted_digest(self.salt, &root);
        if let Some(&expected) = expected
            && expected != actual
        {
            return Err(VerifyError::Root { expected, actual });
        }
        self.root_digest = actual;
        Ok(actual)
    }

    /// The digest that the tree has for a data block.
    fn data_digest(&mut self, block: u64) -> Result<Digest, VerifyError> {
        Ok(digest_in(self.load(0, block / FAN_OUT)?, block))
    }

    /// A tree block that has been checked, and those above it too.
    fn load(&mut self, level: usize, block: u64) -> Result<&[u8; BLOCK_SIZE], VerifyError> {
        if !matches!(&self.path[level], Some((loaded, _)) if *loaded == block) {
            let expected = if level + 1 == self.layout.levels() {
                self.root_digest
            } else {
                digest_in(self.load(level + 1, block / FAN_OUT)?, block)
            };
            let bytes = self.read(level, block)?;
            if salted_digest(self.salt, &bytes) != expected {
                return Err(VerifyError::TreeBlock { level, block });
            }
            self.path[level] = Some((block, bytes));
        }
        let (_, bytes) =
            self.path[level].as_ref().ok_or(VerifyError::TreeBlock { level, block })?;
        Ok(bytes)
    }

    fn read(&mut self, level: usize, block: u64) -> Result<Box<[u8; BLOCK_SIZE]>, VerifyError> {
        let at = self.start + (self.layout.start(level) + block) * BLOCK_LEN;
        let mut bytes = Box::new([0; BLOCK_SIZE]);
        self.device.seek(SeekFrom::Start(at)).map_err(VerifyError::ReadHashDevice)?;
        read_full(&mut self.device, bytes.as_mut_slice()).map_err(VerifyError::ReadHashDevice)?;
        Ok(bytes)
    }
}

/// The digest that a tree block has for the block with this number in the
/// level below.
fn digest_in(tree_block: &[u8; BLOCK_SIZE], block: u64) -> Digest {
    let (digests, _) = tree_block.as_chunks::<DIGEST_SIZE>();
    // The remainder is less than 128.
    digests[usize::try_from(block % FAN_OUT).unwrap_or_default()]
}
