//! Trees, however they are built, are those of a model.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use verity::{
    BLOCK_SIZE, Digest, Tree, TreeBuilder, VerityError, block_digest, block_digests,
    compute_and_write_hash_device, compute_and_write_hash_device_to, merkle_tree, root_hash,
    write_hash_device, zero_block_digest,
};

/// What the tree is, in the fewest words.
fn model(data: &[u8]) -> Vec<u8> {
    let digest = |block: &[u8]| Sha256::digest([&[0; 32], block].concat());
    let mut level: Vec<u8> = data.chunks(BLOCK_SIZE).flat_map(digest).collect();
    level.resize(level.len().next_multiple_of(BLOCK_SIZE), 0);
    if level.len() == BLOCK_SIZE { level } else { [model(&level), level].concat() }
}

fn bytes<S: Read + Seek>(tree: &mut Tree<S>) -> Vec<u8> {
    let mut bytes = Vec::new();
    tree.write_to(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, tree.len_in_bytes());
    assert_eq!(root_hash(&bytes).unwrap(), tree.root_digest());
    bytes
}

/// Blocks with these numbers in them.
fn data(blocks: &[u8]) -> Vec<u8> {
    blocks.iter().flat_map(|&block| [block; BLOCK_SIZE]).collect()
}

fn digest(block: u8) -> Digest {
    block_digest(&[block; BLOCK_SIZE])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_way_to_build_gives_the_tree_of_the_model(
        blocks in prop::collection::vec(0..4_u8, 1..400),
        cuts in prop::collection::vec((0..100_usize, 0..3_u8), 0..20),
    ) {
        let all = data(&blocks);
        let mut builder = TreeBuilder::with_storage(tempfile::tempfile().unwrap());
        let mut left = &blocks[..];
        for (len, how) in cuts {
            let (now, later) = left.split_at(len.min(left.len()));
            match how {
                0 => builder.push_blocks(&data(now)).unwrap(),
                1 => {
                    let mut digests = vec![];
                    assert!(block_digests(&data(now), &mut digests).is_empty());
                    builder.push_digests(&digests).unwrap();
                }
                _ => for &block in now {
                    match block {
                        0 => builder.push_zero_blocks(1).unwrap(),
                        _ => builder.push_digests(&[digest(block)]).unwrap(),
                    }
                }
            }
            left = later;
        }
        builder.push_blocks(&data(left)).unwrap();
        prop_assert_eq!(builder.len(), blocks.len() as u64);

        let mut tree = builder.finish().unwrap();
        prop_assert_eq!(tree.data_blocks(), blocks.len() as u64);
        let want = model(&all);
        prop_assert!(bytes(&mut tree) == want);
        prop_assert!(merkle_tree(&all[..]).unwrap() == want);
    }

    /// 8192 digests are stored at once.
    #[test]
    fn replaced_blocks_count_wherever_they_are(
        len in 8000..17000_u64,
        changes in prop::collection::vec((any::<prop::sample::Index>(), 1..4_u8), 1..20),
        more in 0..300_u64,
    ) {
        let mut builder = TreeBuilder::new();
        builder.push_zero_blocks(len).unwrap();
        let mut digests = vec![zero_block_digest(); usize::try_from(len + more).unwrap()];
        for (index, block) in changes {
            let index = index.index(usize::try_from(len).unwrap());
            builder.replace(index as u64, digest(block)).unwrap();
            digests[index] = digest(block);
        }
        builder.push_zero_blocks(more).unwrap();
        let mut plain = TreeBuilder::new();
        plain.push_digests(&digests).unwrap();
        prop_assert!(bytes(&mut builder.finish().unwrap()) == bytes(&mut plain.finish().unwrap()));
    }
}

#[test]
fn a_tree_of_three_levels_is_that_of_the_model() {
    let mut blocks = vec![0; 16385];
    blocks[16384] = 1;
    let mut builder = TreeBuilder::new();
    builder.push_zero_blocks(16384).unwrap();
    builder.push_digests(&[digest(1)]).unwrap();
    assert!(bytes(&mut builder.finish().unwrap()) == model(&data(&blocks)));
}

#[test]
fn a_block_that_is_not_there_cannot_be_replaced() {
    let mut builder = TreeBuilder::new();
    builder.push_zero_blocks(8200).unwrap();
    for index in [8200, u64::MAX] {
        let error = builder.replace(index, digest(1)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}

#[test]
fn no_data_has_no_tree() {
    assert!(matches!(merkle_tree(io::empty()), Err(VerityError::Empty)));
    assert!(matches!(TreeBuilder::new().finish(), Err(VerityError::Empty)));
    let mut disk = Cursor::new(vec![]);
    assert!(matches!(compute_and_write_hash_device(&mut disk, [0; 16]), Err(VerityError::Empty)));
}

#[test]
fn part_of_a_block_is_an_unexpected_eof() {
    for len in [1, BLOCK_SIZE - 1, BLOCK_SIZE + 1, 3 << 20 | 5] {
        let error = merkle_tree(&vec![1; len][..]).unwrap_err();
        let VerityError::ReadData(cause) = &error else { panic!("{error}") };
        let text = format!("{error}: {cause}");
        assert_eq!(text, "failed to read data block: unexpected EOF", "{len}");
    }
}

#[test]
fn a_short_tree_has_no_root() {
    assert!(matches!(root_hash(&[0; BLOCK_SIZE - 1]), Err(VerityError::ShortTree(4095))));
}

#[test]
fn a_hash_device_goes_where_the_position_is() {
    let content = data(&[1, 2, 3]);
    let mut want = Vec::new();
    let mut builder = TreeBuilder::new();
    builder.push_blocks(&content).unwrap();
    let mut tree = builder.finish().unwrap();
    write_hash_device(&mut tree, [4; 16], &mut want).unwrap();

    let mut disk = Cursor::new(content.clone());
    disk.seek(SeekFrom::End(0)).unwrap();
    let root = compute_and_write_hash_device(&mut disk, [4; 16]).unwrap();
    assert_eq!(root, tree.root_digest());
    assert!(disk.into_inner() == [&content[..], &want].concat());

    let mut disk = Cursor::new(content);
    disk.set_position(5);
    let mut out = b"before".to_vec();
    let storage = tempfile::tempfile().unwrap();
    let root = compute_and_write_hash_device_to(&mut disk, storage, [4; 16], &mut out).unwrap();
    assert_eq!((root, disk.position()), (tree.root_digest(), 5));
    assert!(out[6..] == want);
}

/// A storage that fails from some write on.
struct Full(Cursor<Vec<u8>>, usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1 = self.1.checked_sub(1).ok_or(io::ErrorKind::StorageFull)?;
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Full {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Seek for Full {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn a_full_storage_is_an_error() {
    let mut builder = TreeBuilder::with_storage(Full(Cursor::default(), 0));
    let error = builder.push_zero_blocks(8192).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    let mut builder = TreeBuilder::with_storage(Full(Cursor::default(), 1));
    builder.push_zero_blocks(8193).unwrap();
    assert!(matches!(builder.finish(), Err(VerityError::Storage(_))));
}
