//! Why a tree or a hash device fails.

use std::io;

/// Why a tree was not built, or a hash device not read. The texts begin as
/// those of the reference's `ext4/dmverity` do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerityError {
    /// There is no data; the reference never ends there.
    #[error("failed to build hash tree: no data")]
    Empty,
    /// The data could not be read, or is not a whole number of blocks.
    #[error("failed to read data block")]
    ReadData(#[source] io::Error),
    /// The digests could not be stored or read again.
    #[error("failed to store hash tree")]
    Storage(#[source] io::Error),
    /// The hash device could not be written.
    #[error("failed to write hash device")]
    Write(#[source] io::Error),
    /// A tree has not even its root block.
    #[error("failed to read hash tree: {0} bytes, fewer than a block of 4096")]
    ShortTree(usize),
    /// There is no whole superblock.
    #[error("failed to read dm-verity super block")]
    ReadSuperBlock(#[source] io::Error),
    /// A length in the superblock can't be.
    #[error("failed to parse dm-verity super block: salt of {0} bytes, more than 256")]
    SaltSize(usize),
    /// There is no superblock.
    #[error("invalid dm-verity super-block signature")]
    Signature,
    /// There is no whole root block behind the superblock.
    #[error("failed to read dm-verity root hash")]
    ReadRootHash(#[source] io::Error),
    /// A valid superblock that this crate can't check a disk with.
    #[error("unsupported dm-verity super block: {field} {found}, not {wanted}")]
    Unsupported {
        /// What the field is called.
        field: &'static str,
        /// Its value in the superblock.
        found: String,
        /// The value that this crate knows.
        wanted: String,
    },
}
