//! How an image is divided into groups.
//!
//! All metadata of all groups lies behind the data (the feature `flex_bg`), so a group
//! is no more than its share of the bitmaps and of the inode table.

use crate::format::{BLOCK_SIZE, BLOCKS_PER_GROUP, GroupDescriptor, INODE_SIZE};

/// Group descriptors of a block.
const GROUPS_PER_DESCRIPTOR_BLOCK: u64 = (BLOCK_SIZE / GroupDescriptor::LEN) as u64;
const INODES_PER_BLOCK: u64 = (BLOCK_SIZE / INODE_SIZE) as u64;
/// As many as the bits of a block.
const MAX_INODES_PER_GROUP: u64 = 8 * BLOCK_SIZE as u64;
const GROUP: u64 = BLOCKS_PER_GROUP as u64;

/// Blocks that the descriptors of a disk of this size take.
pub(crate) fn descriptor_blocks(disk_size: u64) -> u64 {
    let blocks = disk_size.div_ceil(BLOCK_SIZE as u64);
    blocks.div_ceil(GROUP).div_ceil(GROUPS_PER_DESCRIPTOR_BLOCK).max(1)
}

/// The most inodes that can be described in so many blocks of descriptors.
pub(crate) fn most_inodes(descriptor_blocks: u64) -> u64 {
    descriptor_blocks * GROUPS_PER_DESCRIPTOR_BLOCK * MAX_INODES_PER_GROUP
}

/// Where everything behind the data goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) groups: u64,
    pub(crate) inodes_per_group: u64,
    /// The first block of the inode table: the data ends here.
    pub(crate) inode_table: u64,
    /// The first block of the bitmaps, two for each group.
    pub(crate) bitmaps: u64,
    /// The first block that nothing has been written to.
    pub(crate) used: u64,
    /// Blocks of the image.
    pub(crate) blocks: u64,
}

impl Layout {
    /// The reference's layout, byte for byte: as few groups as will do, and of those
    /// the one with the smallest inode table.
    ///
    /// `data` are the blocks before the inode table, `free` those that are to be free
    /// behind the bitmaps.
    pub(crate) fn new(data: u64, inodes: u64, free: u64) -> Self {
        let (groups, inodes_per_group) = best_groups(data + free, inodes);
        let bitmaps = data + groups * inode_blocks(inodes_per_group);
        let used = bitmaps + 2 * groups;
        // The last group has at least one block.
        let blocks = (used + free).max((groups - 1) * GROUP + 1);
        Self { groups, inodes_per_group, inode_table: data, bitmaps, used, blocks }
    }

    /// Blocks of descriptors that are in use.
    pub(crate) fn descriptor_blocks(&self) -> u64 {
        self.groups.div_ceil(GROUPS_PER_DESCRIPTOR_BLOCK)
    }

    /// The first block of a group's part of the inode table.
    pub(crate) fn inode_table_of(&self, group: u64) -> u64 {
        self.inode_table + group * inode_blocks(self.inodes_per_group)
    }
}

fn inode_blocks(inodes_per_group: u64) -> u64 {
    inodes_per_group / INODES_PER_BLOCK
}

fn best_groups(blocks: u64, inodes: u64) -> (u64, u64) {
    let sizes = (1..=MAX_INODES_PER_GROUP / INODES_PER_BLOCK).map(|n| n * INODES_PER_BLOCK);
    let choices = sizes.map(|size| (groups(blocks, inodes, size), size));
    // The first of the least: the fewest groups, then the fewest inodes in each.
    choices.min().unwrap_or((1, MAX_INODES_PER_GROUP))
}

fn groups(blocks: u64, inodes: u64, inodes_per_group: u64) -> u64 {
    // What is left of a group beside its bitmaps and its part of the inode table.
    let data_blocks = GROUP - inode_blocks(inodes_per_group) - 2;
    let for_inodes = inodes.saturating_sub(1) / inodes_per_group * data_blocks + 1;
    blocks.max(for_inodes).div_ceil(data_blocks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn descriptors_of_the_default_disk_take_one_block() {
        assert_eq!(descriptor_blocks(16 << 30), 1);
        assert_eq!(descriptor_blocks((16 << 30) + 1), 2);
        assert_eq!(descriptor_blocks(128 << 30), 8);
        assert_eq!(descriptor_blocks(4096), 1);
    }

    proptest! {
        #[test]
        fn all_that_is_asked_for_has_room(
            data in 2u64..1 << 32,
            inodes in 11u64..1 << 26,
            free in 0u64..1 << 28,
        ) {
            let layout = Layout::new(data, inodes, free);
            prop_assert!(layout.groups * layout.inodes_per_group >= inodes);
            prop_assert!(layout.blocks >= layout.used + free);
            prop_assert!(layout.blocks <= layout.groups * GROUP);
            prop_assert!(layout.blocks > (layout.groups - 1) * GROUP);
            prop_assert!(layout.inode_table_of(layout.groups) == layout.bitmaps);
        }
    }
}
