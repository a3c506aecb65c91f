//! A superblock that can be read has a size, or none; written, it is the same again.
#![no_main]

use std::io::Cursor;

use ext4::format::SuperBlock;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|image: &[u8]| {
    let mut reader = Cursor::new(image);
    let block = ext4::read_super_block(&mut reader);
    assert_eq!(reader.position(), 0);
    let size = ext4::file_system_size(&mut reader);
    if let Ok(block) = block {
        assert_eq!(block.to_bytes(), image[1024..2048]);
        assert_eq!(SuperBlock::parse(&block.to_bytes()), Some(block));
    } else {
        assert!(size.is_err());
    }
});
