//! A superblock that can be read is written and read the same; a hash device
//! of any bytes is checked or refused; and one that is right is refused as soon
//! as a byte of its tree is another.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use verity::{
    SuperBlock, VerifyError, compute_and_write_hash_device_to, read_dm_verity_info, to_hex, verify,
};

fuzz_target!(|input: (u8, u16, &[u8])| {
    let (blocks, number, bytes) = input;
    if let Ok(super_block) = SuperBlock::parse(bytes) {
        assert_eq!(SuperBlock::parse(&super_block.to_bytes()).expect("written"), super_block);
    }
    any_bytes(usize::from(number), bytes);
    if blocks > 0 {
        changed(usize::from(blocks), bytes);
    }
});

/// The bytes up to `split` are data, those after it the hash device.
fn any_bytes(split: usize, bytes: &[u8]) {
    let (data, device) = bytes.split_at(split.min(bytes.len()));
    // A hash device has two blocks at least, an input a few bytes.
    let mut device = device.to_vec();
    device.resize(device.len().next_multiple_of(4096) + 4096, 0);
    let info = read_dm_verity_info(Cursor::new(&device), 0);
    if let Ok(verified) = verify(data, Cursor::new(&device), 0, None, |_| ()) {
        assert_eq!(info.expect("checked").root_digest, to_hex(&verified.root_digest));
    }
}

/// Each four bytes change a byte of a hash device that is right.
fn changed(blocks: usize, changes: &[u8]) {
    let mut data = Cursor::new(vec![0; blocks * 4096]);
    let mut right = Vec::new();
    let root =
        compute_and_write_hash_device_to(&mut data, Cursor::new(Vec::new()), [1; 16], &mut right)
            .expect("whole blocks");
    let mut device = right.clone();
    for &[high, low, with, _] in changes.as_chunks().0 {
        let at = usize::from(u16::from_be_bytes([high, low])) % device.len();
        device[at] ^= with;
    }

    let found = verify(&data.get_ref()[..], Cursor::new(&device), 0, Some(&root), |_| ());
    let first = (1..device.len() / 4096)
        .find(|block| device[block * 4096..][..4096] != right[block * 4096..][..4096]);
    let super_block = |bytes: &[u8]| SuperBlock::parse(bytes).ok();
    let same = super_block(&device).map(|found| SuperBlock { uuid: [1; 16], ..found })
        == super_block(&right);
    match (found, first) {
        (found, None) => assert!(found.is_ok() || !same),
        (Ok(_), Some(block)) => panic!("tree block {block} was changed"),
        (Err(VerifyError::Root { .. }), Some(1)) => {}
        (Err(VerifyError::TreeBlock { level: 0, block }), Some(first)) => {
            assert!(!same || block + 2 == first as u64);
        }
        (Err(error), _) => assert!(!same, "{error}"),
    }
}
