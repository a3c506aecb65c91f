//! Where a file's blocks lie: all in a row, so that two numbers say it.

use crate::format::{
    BLOCK_SIZE, EXTENT_HEADER_MAGIC, ExtentHeader, ExtentIndexNode, ExtentLeafNode,
};

/// Blocks of one extent at most.
const MAX_BLOCKS: u32 = 0x8000;
/// Extents in an inode.
const IN_INODE: u32 = 4;
/// Extents in a block, beside its header.
const IN_BLOCK: u32 = 340;

/// The blocks of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extents {
    /// The first block.
    pub(crate) start: u32,
    /// How many follow.
    pub(crate) blocks: u32,
}

impl Extents {
    /// Blocks behind the data that hold the extents, where the inode can't.
    pub(crate) fn index_blocks(&self) -> u32 {
        match self.count() {
            0..=IN_INODE => 0,
            count => count.div_ceil(IN_BLOCK),
        }
    }

    /// All blocks that the file takes, those that hold the extents too.
    pub(crate) fn all_blocks(&self) -> u32 {
        self.blocks + self.index_blocks()
    }

    /// What the inode has: the extents, or where they are.
    pub(crate) fn root(&self) -> [u8; 60] {
        let mut node = Vec::with_capacity(60);
        match self.index_blocks() {
            0 => self.put_leaves(0, IN_INODE, &mut node),
            index_blocks => {
                put_header(index_blocks, IN_INODE, 1, &mut node);
                for index in 0..index_blocks {
                    let leaf_low = self.start + self.blocks + index;
                    let block = index * IN_BLOCK * MAX_BLOCKS;
                    ExtentIndexNode { block, leaf_low, ..Default::default() }.put(&mut node);
                }
            }
        }
        let mut root = [0; 60];
        root[..node.len()].copy_from_slice(&node);
        root
    }

    /// The blocks that hold the extents, one after the other.
    pub(crate) fn put_index_blocks(&self, out: &mut Vec<u8>) {
        for index in 0..self.index_blocks() {
            let start = out.len();
            self.put_leaves(index * IN_BLOCK, IN_BLOCK, out);
            out.resize(start + BLOCK_SIZE, 0);
        }
    }

    fn count(&self) -> u32 {
        self.blocks.div_ceil(MAX_BLOCKS)
    }

    /// A node of up to `room` extents from the one with number `first`.
    fn put_leaves(&self, first: u32, room: u32, out: &mut Vec<u8>) {
        let entries = (self.count() - first).min(room);
        put_header(entries, room, 0, out);
        for extent in first..first + entries {
            let block = extent * MAX_BLOCKS;
            // At most 0x8000, the largest length of an extent that holds data.
            let length = (self.blocks - block).min(MAX_BLOCKS);
            ExtentLeafNode {
                block,
                length: (length & 0xffff) as u16,
                start_low: self.start + block,
                start_high: 0,
            }
            .put(out);
        }
    }
}

fn put_header(entries: u32, max: u32, depth: u16, out: &mut Vec<u8>) {
    let header = ExtentHeader {
        magic: EXTENT_HEADER_MAGIC,
        entries: (entries & 0xffff) as u16,
        max: (max & 0xffff) as u16,
        depth,
        generation: 0,
    };
    header.put(out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(mut bytes: &[u8]) -> (ExtentHeader, Vec<ExtentLeafNode>) {
        let header = ExtentHeader::parse(bytes).expect("header");
        let mut leaves = Vec::new();
        for _ in 0..header.entries {
            bytes = &bytes[12..];
            leaves.push(ExtentLeafNode::parse(bytes).expect("leaf"));
        }
        (header, leaves)
    }

    #[test]
    fn a_block_holds_as_many_extents_as_fit() {
        assert_eq!(IN_BLOCK as usize, (BLOCK_SIZE - ExtentHeader::LEN) / ExtentLeafNode::LEN);
    }

    #[test]
    fn four_extents_fit_into_the_inode() {
        let extents = Extents { start: 10, blocks: 4 * MAX_BLOCKS };
        assert_eq!(extents.all_blocks(), 4 * MAX_BLOCKS);
        let (header, leaves) = leaves(&extents.root());
        assert_eq!((header.entries, header.max, header.depth), (4, 4, 0));
        assert_eq!(leaves[3].start_low, 10 + 3 * MAX_BLOCKS);
        assert_eq!(leaves[3].length, 0x8000);
    }

    /// The reference counts such files' extents wrongly from the second block on.
    #[test]
    fn every_block_of_a_file_with_several_index_blocks_is_mapped_once() {
        let extents = Extents { start: 1000, blocks: 1024 * MAX_BLOCKS - 5 };
        assert_eq!(extents.index_blocks(), 4);
        let root = extents.root();
        let mut blocks = Vec::new();
        extents.put_index_blocks(&mut blocks);
        let mut next = 0;
        for (index, block) in blocks.chunks(BLOCK_SIZE).enumerate() {
            let node = ExtentIndexNode::parse(&root[12 + 12 * index..]).expect("node");
            assert_eq!(node.block, next);
            assert_eq!(node.leaf_low, 1000 + extents.blocks + u32::try_from(index).expect("u32"));
            for leaf in leaves(block).1 {
                assert_eq!((leaf.block, leaf.start_low), (next, 1000 + next));
                next += u32::from(leaf.length);
            }
        }
        assert_eq!(next, extents.blocks);
    }
}
