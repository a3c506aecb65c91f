//! dm-verity: hash trees, superblocks and root hashes.
//!
//! Does: build the hash tree of a disk (sha256, blocks of 4096 bytes, a salt of
//! 32 zero bytes), write the hash device that holds it, read what a hash device
//! says, and check a disk against it. The bytes are those of the reference's
//! `ext4/dmverity`; the format is that of the kernel's
//! `Documentation/admin-guide/device-mapper/verity.rst` and of cryptsetup's
//! superblock, hash type 1.
//!
//! Does not: open files, set up devices, or know other algorithms, block sizes
//! or hash types.
//!
//! A disk of one block is an exception: the reference gives it a tree of one
//! block, the kernel and cryptsetup none. This crate does what the reference
//! does, both in writing and in checking.
//!
//! ```
//! use std::io::Cursor;
//! use verity::{compute_and_write_hash_device, read_dm_verity_info, to_hex, verify};
//!
//! let mut disk = Cursor::new(vec![7; 3 * verity::BLOCK_SIZE]);
//! disk.set_position(3 * 4096);
//! let root = compute_and_write_hash_device(&mut disk, [1; 16])?;
//!
//! let bytes = disk.into_inner();
//! let info = read_dm_verity_info(Cursor::new(&bytes), 3 * 4096)?;
//! assert_eq!(info.root_digest, to_hex(&root));
//!
//! let verified = verify(&bytes[..], Cursor::new(&bytes), 3 * 4096, Some(&root), |_| ())?;
//! assert_eq!(verified.data_blocks, 3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod builder;
mod error;
mod hash;
mod hash_device;
mod info;
mod layout;
mod read;
mod super_block;
mod tree;
mod verify;

pub use builder::TreeBuilder;
pub use error::VerityError;
pub use hash::{Digest, block_digest, block_digests, to_hex, zero_block_digest};
pub use hash_device::{
    compute_and_write_hash_device, compute_and_write_hash_device_to, write_hash_device,
};
pub use info::{VerityInfo, read_dm_verity_info, read_dm_verity_info_reader};
pub use super_block::{Salt, SuperBlock};
pub use tree::{Tree, merkle_tree, root_hash};
pub use verify::{Verified, VerifyError, verify};

/// The size in bytes of a data block and of a tree block; the reference's
/// `blockSize`.
pub const BLOCK_SIZE: usize = 4096;

/// The size in bytes of a sha256 digest.
pub const DIGEST_SIZE: usize = 32;

/// The salt of the trees that this crate builds; the reference's `salt`.
pub const SALT: [u8; 32] = [0; 32];

/// The size in bytes that the reference recommends for the disk of a layer; its
/// `RecommendedVHDSizeGB`, which is 128 GiB in bytes.
pub const RECOMMENDED_VHD_SIZE: u64 = 128 << 30;

/// The name of the hash in a superblock.
pub const ALGORITHM: &str = "sha256";

/// [`BLOCK_SIZE`] as a length in a file.
pub(crate) const BLOCK_LEN: u64 = BLOCK_SIZE as u64;

/// [`BLOCK_SIZE`] as a superblock has it.
pub(crate) const BLOCK_SIZE_U32: u32 = 4096;
