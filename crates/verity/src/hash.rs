//! Digests of blocks.

use std::fmt::Write;
use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

use crate::{BLOCK_SIZE, DIGEST_SIZE, SALT};

/// A sha256 digest.
pub type Digest = [u8; DIGEST_SIZE];

/// The digest of a block: `sha256(salt || block)`, hash type 1 of the kernel's
/// verity.rst, with [`SALT`].
pub fn block_digest(block: &[u8; BLOCK_SIZE]) -> Digest {
    salted_digest(&SALT, block)
}

/// The digest of a block of zeros, which is computed once.
pub fn zero_block_digest() -> Digest {
    static DIGEST: LazyLock<Digest> = LazyLock::new(|| block_digest(&[0; BLOCK_SIZE]));
    *DIGEST
}

/// Appends the digest of each whole block of `data` to `out`, and returns the
/// bytes behind the last whole block. A block of zeros costs a scan, not a hash.
pub fn block_digests<'a>(data: &'a [u8], out: &mut Vec<Digest>) -> &'a [u8] {
    let (blocks, rest) = data.as_chunks();
    out.extend(
        blocks.iter().map(
            |block| {
                if is_zero(block) { zero_block_digest() } else { block_digest(block) }
            },
        ),
    );
    rest
}

/// Bytes as hex digits in lower case, as root hashes are given everywhere.
pub fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// `sha256(salt || block)` for the salt of a foreign superblock.
pub(crate) fn salted_digest(salt: &[u8], block: &[u8; BLOCK_SIZE]) -> Digest {
    Sha256::new().chain_update(salt).chain_update(block).finalize().into()
}

pub(crate) fn is_zero(block: &[u8; BLOCK_SIZE]) -> bool {
    // Without a branch for each byte the compiler uses vectors.
    let (pieces, _) = block.as_chunks::<256>();
    pieces.iter().all(|piece| piece.iter().fold(0, |all, byte| all | byte) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_that_of_salt_and_block() {
        let mut message = SALT.to_vec();
        message.extend([9; BLOCK_SIZE]);
        let plain: Digest = Sha256::digest(&message).into();
        assert_eq!(block_digest(&[9; BLOCK_SIZE]), plain);
    }

    #[test]
    fn zero_blocks_are_told_from_others_by_any_byte() {
        assert!(is_zero(&[0; BLOCK_SIZE]));
        for at in 0..BLOCK_SIZE {
            let mut block = [0; BLOCK_SIZE];
            block[at] = 0x80;
            assert!(!is_zero(&block), "{at}");
        }
    }

    #[test]
    fn what_is_behind_the_last_block_comes_back() {
        let mut data = vec![0; 2 * BLOCK_SIZE + 3];
        data[BLOCK_SIZE] = 1;
        let mut out = vec![];
        assert_eq!(block_digests(&data, &mut out), [0; 3]);
        assert_eq!(out.len(), 2);
        assert_eq!(out[0], zero_block_digest());
        assert_eq!(out[1], block_digest(data[BLOCK_SIZE..][..BLOCK_SIZE].try_into().unwrap()));
    }

    #[test]
    fn hex_has_two_digits_a_byte() {
        assert_eq!(to_hex(&[0, 0x0a, 0xff]), "000aff");
    }
}
