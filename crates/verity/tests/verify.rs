//! What is wrong is found, named, and the first of all faults.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use proptest::prelude::*;
use verity::{
    BLOCK_SIZE, Digest, SuperBlock, TreeBuilder, Verified, VerifyError, VerityError, block_digest,
    read_dm_verity_info, read_dm_verity_info_reader, to_hex, verify, write_hash_device,
};

/// Data, and the hash device that belongs to them.
fn disk(blocks: u32) -> (Vec<u8>, Vec<u8>, Digest) {
    let mut data = vec![0; blocks as usize * BLOCK_SIZE];
    for (index, block) in (0_u32..).zip(data.chunks_exact_mut(BLOCK_SIZE)) {
        block[..4].copy_from_slice(&(index % 3).to_le_bytes());
    }
    let mut builder = TreeBuilder::new();
    builder.push_blocks(&data).unwrap();
    let (device, root) = device(builder);
    (data, device, root)
}

fn device(builder: TreeBuilder) -> (Vec<u8>, Digest) {
    let mut tree = builder.finish().unwrap();
    let mut device = Vec::new();
    write_hash_device(&mut tree, [7; 16], &mut device).unwrap();
    (device, tree.root_digest())
}

fn check(data: &[u8], device: &[u8], root: &Digest) -> Result<Verified, VerifyError> {
    verify(data, Cursor::new(device), 0, Some(root), |_| ())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_flipped_bit_of_data_names_its_block(at: prop::sample::Index, bit in 0..8_u8) {
        let (mut data, device, root) = disk(260);
        let at = at.index(data.len());
        data[at] ^= 1 << bit;
        let found = check(&data, &device, &root);
        let want = (at / BLOCK_SIZE) as u64;
        let named = matches!(found, Err(VerifyError::DataBlock { block }) if block == want);
        prop_assert!(named, "{found:?}");
    }

    /// Three levels of 1, 2 and 129 blocks. There are no data: tree faults come first.
    #[test]
    fn a_flipped_bit_of_the_tree_names_its_block(
        block in prop_oneof![0..4_usize, 0..132_usize],
        at in 0..BLOCK_SIZE,
        bit in 0..8_u8,
    ) {
        let mut builder = TreeBuilder::new();
        for index in 0..16385_u32 {
            let mut digest = [0; 32];
            digest[..4].copy_from_slice(&index.to_le_bytes());
            builder.push_digests(&[digest]).unwrap();
        }
        let (mut device, root) = device(builder);
        device[(1 + block) * BLOCK_SIZE + at] ^= 1 << bit;
        let found = check(&[], &device, &root).unwrap_err();
        match block {
            0 => {
                let named = matches!(found, VerifyError::Root { expected, .. } if expected == root);
                prop_assert!(named, "{found}");
            }
            1 | 2 => prop_assert_eq!(name(&found), (1, block as u64 - 1)),
            _ => prop_assert_eq!(name(&found), (0, block as u64 - 3)),
        }
    }

    #[test]
    fn bytes_never_panic(
        mut bytes in prop::collection::vec(any::<u8>(), 0..3 * BLOCK_SIZE),
        head in any::<bool>(),
        blocks in prop_oneof![0..300_u64, any::<u64>()],
        offset in prop_oneof![0..5000_u64, any::<u64>()],
    ) {
        if head && bytes.len() >= 512 {
            bytes[..512].copy_from_slice(&SuperBlock::new(blocks, [1; 16]).to_bytes());
        }
        for offset in [0, offset] {
            let _ = read_dm_verity_info(Cursor::new(&bytes), offset);
            let found = verify(&bytes[..], Cursor::new(&bytes), offset, None, |_| ());
            prop_assert!(found.is_err());
        }
    }
}

fn name(error: &VerifyError) -> (usize, u64) {
    match error {
        VerifyError::TreeBlock { level, block } => (*level, *block),
        error => panic!("{error}"),
    }
}

#[test]
fn good_disks_of_all_shapes_are_good() {
    for (blocks, tree_blocks) in [(1, 1), (2, 1), (128, 1), (129, 3), (16384, 129), (16385, 132)] {
        let (data, device, root) = disk(blocks);
        let mut seen = vec![];
        let found =
            verify(&data[..], Cursor::new(&device), 0, None, |done| seen.push(done)).unwrap();
        assert_eq!(found.root_digest, root);
        assert_eq!((found.data_blocks, found.tree_blocks), (u64::from(blocks), tree_blocks));
        assert_eq!(seen.last(), Some(&u64::from(blocks)));
        assert!(seen.is_sorted());
    }
}

#[test]
fn a_hash_device_may_be_anywhere_and_data_may_go_on() {
    let (mut data, device, root) = disk(3);
    let offset = data.len() as u64;
    data.extend(device);
    data.extend([1; 512]);
    assert!(verify(&data[..], Cursor::new(&data), offset, Some(&root), |_| ()).is_ok());
}

#[test]
fn the_first_fault_is_named() {
    let (mut data, mut device, root) = disk(300);
    data[7 * BLOCK_SIZE] ^= 1;
    data[299 * BLOCK_SIZE] ^= 1;
    let found = check(&data, &device, &root).unwrap_err();
    assert_eq!(found.to_string(), "data block 7 is corrupt");

    device[4 * BLOCK_SIZE] ^= 1;
    device[3 * BLOCK_SIZE] ^= 1;
    let found = check(&data, &device, &root).unwrap_err();
    assert_eq!(found.to_string(), "tree block 1 of level 0 is corrupt");

    device[BLOCK_SIZE + 5] ^= 1;
    let actual = block_digest(device[BLOCK_SIZE..].first_chunk().unwrap());
    let found = check(&data, &device, &root).unwrap_err();
    assert_eq!(
        found.to_string(),
        format!("root hash is {}, not {}", to_hex(&actual), to_hex(&root))
    );
    // Whoever does not know the root hash sees a child that does not fit.
    let found = verify(&data[..], Cursor::new(&device), 0, None, |_| ()).unwrap_err();
    assert_eq!(found.to_string(), "tree block 0 of level 0 is corrupt");
}

#[test]
fn what_ends_early_is_named() {
    let (data, device, root) = disk(300);
    for len in [0, 1, BLOCK_SIZE, 256 * BLOCK_SIZE, data.len() - 1] {
        let found = check(&data[..len], &device, &root).unwrap_err();
        let block = len / BLOCK_SIZE;
        assert_eq!(
            found.to_string(),
            format!("failed to read data block: unexpected EOF in block {block} of 300")
        );
    }
    for len in [2 * BLOCK_SIZE, device.len() - 1] {
        let found = check(&data, &device[..len], &root).unwrap_err();
        assert_eq!(
            found.to_string(),
            format!("failed to read hash device: tree ends at byte 20480, device at {len}")
        );
    }
}

#[test]
fn a_disk_of_impossible_size_is_refused() {
    for blocks in [0, 1 << 52, u64::MAX] {
        let mut device = SuperBlock::new(blocks, [0; 16]).to_bytes().to_vec();
        device.resize(4 * BLOCK_SIZE, 0);
        let found = check(&[], &device, &[0; 32]);
        assert!(matches!(found, Err(VerifyError::DataBlocks(found)) if found == blocks));
    }
    let mut device = SuperBlock::new((1 << 52) - 1, [0; 16]).to_bytes().to_vec();
    device.resize(4 * BLOCK_SIZE, 0);
    let found = check(&[], &device, &[0; 32]);
    assert!(matches!(found, Err(VerifyError::ShortHashDevice { .. })));
}

#[test]
fn a_hash_device_of_another_kind_is_refused() {
    let (data, device, root) = disk(2);
    for (at, text) in [
        (8, "version 0, not 1"),
        (12, "hash type 0, not 1"),
        (37, "algorithm sha25, not sha256"),
        (65, "data block size 0, not 4096"),
        (69, "hash block size 0, not 4096"),
    ] {
        let mut device = device.clone();
        device[at] = 0;
        let found = check(&data, &device, &root).unwrap_err();
        assert_eq!(found.to_string(), format!("unsupported dm-verity super block: {text}"));
    }
}

#[test]
fn what_is_no_hash_device_says_so() {
    let text = |device: &[u8]| with_cause(&read_dm_verity_info_reader(device).unwrap_err());
    let (_, mut device, _) = disk(2);
    assert_eq!(text(&[]), "failed to read dm-verity super block: unexpected EOF");
    assert_eq!(text(&device[..4095]), "failed to read dm-verity super block: unexpected EOF");
    assert_eq!(text(&device[..4096]), "failed to read dm-verity root hash: unexpected EOF");
    assert_eq!(text(&device[..8191]), "failed to read dm-verity root hash: unexpected EOF");
    device[81] = 2;
    let salt = "failed to parse dm-verity super block: salt of 544 bytes, more than 256";
    assert_eq!(text(&device), salt);
    device[0] = b'V';
    assert_eq!(text(&device), "invalid dm-verity super-block signature");
    assert!(matches!(SuperBlock::parse(&[0; 511]), Err(VerityError::ReadSuperBlock(_))));
}

#[test]
fn a_hash_device_tells_of_itself() {
    let (data, device, root) = disk(5);
    let disk = [data, device].concat();
    let info = read_dm_verity_info(Cursor::new(disk), 5 * 4096).unwrap();
    assert_eq!(info.root_digest, to_hex(&root));
    assert_eq!(info.salt, "0".repeat(64));
    assert_eq!((info.algorithm.as_str(), info.version, info.super_block), ("sha256", 1, true));
    assert_eq!((info.data_blocks, info.hash_offset_in_blocks), (5, 5));
    assert_eq!((info.data_block_size, info.hash_block_size), (4096, 4096));
}

/// A device that has other bytes from some read on.
struct Changing<'a> {
    first: Cursor<&'a [u8]>,
    then: &'a [u8],
    reads: usize,
}

impl Read for Changing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.reads.checked_sub(1) {
            Some(left) => self.reads = left,
            None => *self.first.get_mut() = self.then,
        }
        self.first.read(buffer)
    }
}

impl Seek for Changing<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.first.seek(to)
    }
}

#[test]
fn a_hash_device_that_changes_meanwhile_gains_nothing() {
    let (mut data, first, root) = disk(300);
    data[290 * BLOCK_SIZE] ^= 1;
    let mut builder = TreeBuilder::new();
    builder.push_blocks(&data).unwrap();
    let (then, _) = device(builder);
    for reads in 0..12 {
        let changing = Changing { first: Cursor::new(&first), then: &then, reads };
        let found = verify(&data[..], changing, 0, Some(&root), |_| ());
        assert!(found.is_err(), "{reads}");
    }
}

/// The whole message, as programs print it.
fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
