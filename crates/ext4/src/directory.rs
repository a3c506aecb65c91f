//! The blocks of a directory.

use crate::format::{BLOCK_SIZE, DirectoryEntry, mode};

/// What ends a block: an empty entry over what is left.
const LAST_ENTRY: usize = 12;

/// Divides a directory's entries into blocks.
pub(crate) struct DirectoryBlocks {
    /// Bytes left of the current block.
    left: usize,
}

impl DirectoryBlocks {
    pub(crate) fn new() -> Self {
        Self { left: BLOCK_SIZE }
    }

    /// Appends a name of 1 to 255 bytes.
    pub(crate) fn entry(&mut self, inode: u32, file_mode: u16, name: &[u8], out: &mut Vec<u8>) {
        let length = (DirectoryEntry::LEN + name.len()).next_multiple_of(4);
        if self.left < length + LAST_ENTRY {
            self.end_block(out);
        }
        let start = out.len();
        DirectoryEntry {
            inode,
            record_length: record_length(length),
            name_length: u8::try_from(name.len()).unwrap_or(u8::MAX),
            file_type: file_type(file_mode),
        }
        .put(out);
        out.extend_from_slice(name);
        out.resize(start + length, 0);
        self.left -= length;
    }

    /// Ends the block: what follows is another one.
    pub(crate) fn end_block(&mut self, out: &mut Vec<u8>) {
        let start = out.len();
        let last = DirectoryEntry { record_length: record_length(self.left), ..Default::default() };
        last.put(out);
        out.resize(start + self.left, 0);
        self.left = BLOCK_SIZE;
    }
}

/// At most a block.
fn record_length(length: usize) -> u16 {
    u16::try_from(length).unwrap_or(u16::MAX)
}

/// The type as a directory names it (`EXT4_FT_*`).
fn file_type(file_mode: u16) -> u8 {
    match file_mode & mode::TYPE_MASK {
        mode::S_IFREG => 1,
        mode::S_IFDIR => 2,
        mode::S_IFCHR => 3,
        mode::S_IFBLK => 4,
        mode::S_IFIFO => 5,
        mode::S_IFSOCK => 6,
        mode::S_IFLNK => 7,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn entries_fill_each_block_to_its_end(names in prop::collection::vec("[a-z]{1,255}", 0..200)) {
            let mut out = Vec::new();
            let mut blocks = DirectoryBlocks::new();
            for name in &names {
                blocks.entry(12, mode::S_IFREG, name.as_bytes(), &mut out);
            }
            blocks.end_block(&mut out);
            prop_assert_eq!(out.len() % BLOCK_SIZE, 0);
            let mut read = Vec::new();
            for block in out.chunks(BLOCK_SIZE) {
                let mut at = 0;
                while at < BLOCK_SIZE {
                    let entry = DirectoryEntry::parse(&block[at..]).expect("entry");
                    prop_assert_eq!(entry.record_length % 4, 0);
                    prop_assert!(entry.record_length >= 8);
                    if entry.inode != 0 {
                        let name = &block[at + 8..at + 8 + usize::from(entry.name_length)];
                        read.push(String::from_utf8(name.to_vec()).expect("name"));
                    }
                    at += usize::from(entry.record_length);
                }
                prop_assert_eq!(at, BLOCK_SIZE);
            }
            prop_assert_eq!(read, names);
        }
    }
}
