//! Where a tree has its blocks.

use crate::{BLOCK_SIZE, DIGEST_SIZE};

/// The digests in a tree block.
pub(crate) const DIGESTS_PER_BLOCK: usize = BLOCK_SIZE / DIGEST_SIZE;

/// [`DIGESTS_PER_BLOCK`] for block numbers.
pub(crate) const FAN_OUT: u64 = DIGESTS_PER_BLOCK as u64;

/// Where the levels of a tree are. Level 0 has the digests of the data, the
/// last level is one block, the root block. They are stored last level first.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Blocks in each level.
    levels: Vec<u64>,
}

impl Layout {
    /// The layout for `data_blocks` blocks, of which there must be one.
    pub(crate) fn new(data_blocks: u64) -> Self {
        // Even one block of data has a level here, see the documentation of the crate.
        let mut levels = vec![data_blocks.div_ceil(FAN_OUT)];
        let mut last = levels[0];
        while last > 1 {
            last = last.div_ceil(FAN_OUT);
            levels.push(last);
        }
        Self { levels }
    }

    /// The number of levels, at least one.
    pub(crate) fn levels(&self) -> usize {
        self.levels.len()
    }

    /// The blocks in `level`.
    pub(crate) fn blocks(&self, level: usize) -> u64 {
        self.levels[level]
    }

    /// The blocks in all levels: fewer than 2^58, for 2^64 data blocks.
    pub(crate) fn total_blocks(&self) -> u64 {
        self.levels.iter().sum()
    }

    /// The number, within the tree, of the first block of `level`.
    pub(crate) fn start(&self, level: usize) -> u64 {
        self.levels[level + 1..].iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_shrink_to_one_block() {
        for (data, want) in [
            (1, vec![1]),
            (128, vec![1]),
            (129, vec![2, 1]),
            (16384, vec![128, 1]),
            (16385, vec![129, 2, 1]),
        ] {
            assert_eq!(Layout::new(data).levels, want, "{data}");
        }
    }

    #[test]
    fn the_largest_disk_has_a_layout() {
        let layout = Layout::new(u64::MAX);
        assert_eq!(layout.levels(), 10);
        assert!(layout.total_blocks() < 1 << 58);
    }

    #[test]
    fn the_root_block_is_first_and_the_leaves_last() {
        let layout = Layout::new(16385);
        assert_eq!([layout.start(2), layout.start(1), layout.start(0)], [0, 1, 3]);
        assert_eq!(layout.total_blocks(), 132);
    }
}
