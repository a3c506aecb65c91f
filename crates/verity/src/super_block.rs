//! The superblock.

use crate::{ALGORITHM, BLOCK_SIZE_U32, VerityError};

const SIGNATURE: [u8; 8] = *b"verity\0\0";

/// The superblock of a hash device: 512 bytes, numbers little-endian, as
/// cryptsetup's `struct verity_sb` and the reference's `dmveritySuperblock`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuperBlock {
    /// The version of the superblock, 1.
    pub version: u32,
    /// 1 where the salt comes before the block, 0 where it comes after.
    pub hash_type: u32,
    /// The name of the hash device, random.
    pub uuid: [u8; 16],
    /// The name of the hash, padded with zeros; see
    /// [`algorithm_name`](SuperBlock::algorithm_name).
    pub algorithm: [u8; 32],
    /// The size of a data block in bytes.
    pub data_block_size: u32,
    /// The size of a tree block in bytes.
    pub hash_block_size: u32,
    /// The number of data blocks.
    pub data_blocks: u64,
    /// What is hashed before each block.
    pub salt: Salt,
}

impl SuperBlock {
    /// The size in bytes; a block of zeros is filled up behind it.
    pub const SIZE: usize = 512;

    /// The superblock of a tree that this crate builds.
    pub fn new(data_blocks: u64, uuid: [u8; 16]) -> Self {
        let mut algorithm = [0; 32];
        algorithm[..ALGORITHM.len()].copy_from_slice(ALGORITHM.as_bytes());
        Self {
            version: 1,
            hash_type: 1,
            uuid,
            algorithm,
            data_block_size: BLOCK_SIZE_U32,
            hash_block_size: BLOCK_SIZE_U32,
            data_blocks,
            salt: Salt::default(),
        }
    }

    /// The bytes on disk.
    pub fn to_bytes(&self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        bytes[0..8].copy_from_slice(&SIGNATURE);
        bytes[8..12].copy_from_slice(&self.version.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.hash_type.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.uuid);
        bytes[32..64].copy_from_slice(&self.algorithm);
        bytes[64..68].copy_from_slice(&self.data_block_size.to_le_bytes());
        bytes[68..72].copy_from_slice(&self.hash_block_size.to_le_bytes());
        bytes[72..80].copy_from_slice(&self.data_blocks.to_le_bytes());
        bytes[80..82].copy_from_slice(&self.salt.len.to_le_bytes());
        bytes[88..344].copy_from_slice(&self.salt.bytes);
        bytes
    }

    /// Reads the fields, and checks what the reference checks, the signature,
    /// and that the salt has its length. What a disk can be checked with says
    /// [`check_supported`](SuperBlock::check_supported).
    ///
    /// # Errors
    /// [`VerityError::ReadSuperBlock`] with fewer than 512 bytes,
    /// [`VerityError::Signature`], [`VerityError::SaltSize`].
    pub fn parse(bytes: &[u8]) -> Result<Self, VerityError> {
        let Some(bytes) = bytes.first_chunk::<{ Self::SIZE }>() else {
            return Err(VerityError::ReadSuperBlock(crate::read::unexpected_eof()));
        };
        if field::<8>(bytes, 0) != SIGNATURE {
            return Err(VerityError::Signature);
        }
        let salt_size = usize::from(u16::from_le_bytes(field(bytes, 80)));
        let Some(salt) = bytes[88..344].get(..salt_size).and_then(Salt::new) else {
            return Err(VerityError::SaltSize(salt_size));
        };
        Ok(Self {
            version: u32::from_le_bytes(field(bytes, 8)),
            hash_type: u32::from_le_bytes(field(bytes, 12)),
            uuid: field(bytes, 16),
            algorithm: field(bytes, 32),
            data_block_size: u32::from_le_bytes(field(bytes, 64)),
            hash_block_size: u32::from_le_bytes(field(bytes, 68)),
            data_blocks: u64::from_le_bytes(field(bytes, 72)),
            salt,
        })
    }

    /// The name of the hash, without the padding.
    pub fn algorithm_name(&self) -> String {
        let end = self.algorithm.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        String::from_utf8_lossy(&self.algorithm[..end]).into_owned()
    }

    /// Checks that this crate can check a disk with this superblock.
    ///
    /// # Errors
    /// [`VerityError::Unsupported`] with the first field that has another value.
    pub fn check_supported(&self) -> Result<(), VerityError> {
        check("version", self.version, 1)?;
        check("hash type", self.hash_type, 1)?;
        check("algorithm", self.algorithm_name().as_str(), ALGORITHM)?;
        check("data block size", self.data_block_size, BLOCK_SIZE_U32)?;
        check("hash block size", self.hash_block_size, BLOCK_SIZE_U32)
    }
}

/// The salt of a superblock, at most 256 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Salt {
    len: u16,
    bytes: [u8; Self::MAX],
}

impl Salt {
    /// The most bytes that a superblock has room for.
    pub const MAX: usize = 256;

    /// The salt of these bytes, if they are not too many.
    pub fn new(salt: &[u8]) -> Option<Self> {
        let mut bytes = [0; Self::MAX];
        bytes.get_mut(..salt.len())?.copy_from_slice(salt);
        Some(Self { len: u16::try_from(salt.len()).ok()?, bytes })
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl Default for Salt {
    /// [`SALT`](crate::SALT), the zeros of the trees that this crate builds.
    fn default() -> Self {
        Self { len: 32, bytes: [0; Self::MAX] }
    }
}

impl std::fmt::Debug for Salt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&crate::to_hex(self.as_bytes()))
    }
}

fn field<const N: usize>(bytes: &[u8; SuperBlock::SIZE], at: usize) -> [u8; N] {
    std::array::from_fn(|index| bytes[at + index])
}

fn check<T: PartialEq + ToString>(
    field: &'static str,
    found: T,
    wanted: T,
) -> Result<(), VerityError> {
    if found == wanted {
        return Ok(());
    }
    Err(VerityError::Unsupported { field, found: found.to_string(), wanted: wanted.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_written_is_read(
            numbers: (u32, u32, u32, u32, u64),
            uuid: [u8; 16],
            algorithm: [u8; 32],
            salt in prop::collection::vec(any::<u8>(), 0..=256),
        ) {
            let (version, hash_type, data_block_size, hash_block_size, data_blocks) = numbers;
            let salt = Salt::new(&salt).unwrap();
            let super_block = SuperBlock {
                version, hash_type, uuid, algorithm, data_block_size, hash_block_size, data_blocks, salt,
            };
            let read = SuperBlock::parse(&super_block.to_bytes()).unwrap();
            prop_assert_eq!(read.salt.as_bytes(), super_block.salt.as_bytes());
            prop_assert_eq!(read, super_block);
        }

        #[test]
        fn bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 500..520)) {
            bytes[..8].copy_from_slice(&SIGNATURE);
            let _ = SuperBlock::parse(&bytes);
        }
    }

    #[test]
    fn a_salt_has_a_limit() {
        assert!(Salt::new(&[0; 256]).is_some());
        assert!(Salt::new(&[0; 257]).is_none());
        assert_eq!(Salt::default().as_bytes(), crate::SALT);
    }

    #[test]
    fn the_name_of_the_hash_has_no_padding() {
        let mut super_block = SuperBlock::new(1, [0; 16]);
        assert_eq!(super_block.algorithm_name(), ALGORITHM);
        super_block.algorithm = [0; 32];
        assert_eq!(super_block.algorithm_name(), "");
        super_block.algorithm = [0xff; 32];
        assert_eq!(super_block.algorithm_name().chars().count(), 32);
    }
}
