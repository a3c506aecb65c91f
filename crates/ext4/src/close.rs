//! What follows the data: directories, the inode table, bitmaps, and at last the front.

use std::io::{Seek, Write};

use crate::directory::DirectoryBlocks;
use crate::error::WriteError;
use crate::format::{
    BLOCK_SIZE, BLOCKS_PER_GROUP, GroupDescriptor, INODE_FIRST, INODE_ROOT, INODE_SIZE,
    SUPER_BLOCK_MAGIC, SUPER_BLOCK_OFFSET, SuperBlock, compat, incompat, ro_compat,
};
use crate::inode::{Directory, Inode};
use crate::layout::Layout;
use crate::writer::Writer;

/// Bytes that are gathered before they are written.
const PIECE: usize = 64 * 1024;
const GROUP: u64 = BLOCKS_PER_GROUP as u64;
/// Free space of an image to write to, for each inode, in blocks: as mkfs does it.
const BLOCKS_PER_FREE_INODE: u64 = 4;

/// What the groups add up to.
#[derive(Default)]
struct Totals {
    used_blocks: u64,
    used_inodes: u64,
}

impl<W: Write + Seek> Writer<W> {
    /// Ends the image, and gives the output back, flushed.
    ///
    /// # Errors
    /// [`WriteError::TooLittleData`] where a file is not complete,
    /// [`WriteError::DiskFull`] where what follows the data has no room, and the output's.
    pub fn close(mut self) -> Result<W, WriteError> {
        self.finish_file()?;
        self.write_directories()?;
        let free = self.options.writable.unwrap_or(0).div_ceil(BLOCK_SIZE as u64);
        let inodes = self.inodes.len() as u64 + free / BLOCKS_PER_FREE_INODE;
        let layout = Layout::new(self.output.block(), inodes, free);
        if layout.descriptor_blocks() > self.descriptor_blocks {
            return Err(WriteError::DiskFull(self.output.limit()));
        }
        self.write_inode_table(&layout)?;
        let (descriptors, totals) = self.write_bitmaps(&layout)?;
        self.output.zeros((layout.blocks - layout.used) * BLOCK_SIZE as u64)?;
        let super_block = self.super_block(&layout, &totals)?;
        let mut front = vec![0; BLOCK_SIZE];
        front[SUPER_BLOCK_OFFSET..SUPER_BLOCK_OFFSET + SuperBlock::LEN]
            .copy_from_slice(&super_block.to_bytes());
        for descriptor in &descriptors {
            descriptor.put(&mut front);
        }
        let descriptor_blocks = usize::try_from(self.descriptor_blocks).unwrap_or(usize::MAX);
        front.resize(BLOCK_SIZE * (1 + descriptor_blocks), 0);
        self.output.rewrite(0, &front)?;
        self.output.finish()
    }

    /// Each directory before those it holds.
    fn write_directories(&mut self) -> Result<(), WriteError> {
        // With each its parent. A loop and no recursion: a path may be of any depth.
        let mut waiting = vec![(INODE_ROOT, INODE_ROOT)];
        while let Some((number, parent)) = waiting.pop() {
            let taken = self.inode_mut(number).and_then(|inode| inode.children.take());
            let Some(children) = taken else { continue };
            let children = sorted(*children);
            self.write_directory(number, parent, &children)?;
            let is_directory =
                |number: &u32| self.inode(*number).is_some_and(|inode| inode.children.is_some());
            let below = children.iter().rev().map(|(child, _)| *child).filter(is_directory);
            waiting.extend(below.map(|child| (child, number)).collect::<Vec<_>>());
        }
        Ok(())
    }

    fn write_directory(
        &mut self,
        number: u32,
        parent: u32,
        children: &[(u32, Box<[u8]>)],
    ) -> Result<(), WriteError> {
        let start = self.output.block();
        let mut out = Vec::new();
        let mut blocks = DirectoryBlocks::new();
        let dots = [(number, &b"."[..]), (parent, b"..")];
        let names = children.iter().map(|(child, name)| (*child, &name[..]));
        for (child, name) in dots.into_iter().chain(names) {
            let mode = self.inode(child).map_or(0, |inode| inode.mode);
            blocks.entry(child, mode, name, &mut out);
            if out.len() >= PIECE {
                self.output.write(&out)?;
                out.clear();
            }
        }
        blocks.end_block(&mut out);
        self.output.write(&out)?;
        let size = (self.output.block() - start) * BLOCK_SIZE as u64;
        if let Some(inode) = self.inode_mut(number) {
            inode.size = size;
        }
        self.end_extents(number, start)
    }

    fn write_inode_table(&mut self, layout: &Layout) -> Result<(), WriteError> {
        let mut out = Vec::with_capacity(PIECE + INODE_SIZE);
        let inodes = std::mem::take(&mut self.inodes);
        for inode in &inodes {
            match inode {
                Some(inode) => inode.put(&mut out),
                None => out.resize(out.len() + INODE_SIZE, 0),
            }
            if out.len() >= PIECE {
                self.output.write(&out)?;
                out.clear();
            }
        }
        self.output.write(&out)?;
        let free = layout.groups * layout.inodes_per_group - inodes.len() as u64;
        self.inodes = inodes;
        self.output.zeros(free * INODE_SIZE as u64)
    }

    /// Two blocks for each group, one bit for each block and each inode of it.
    fn write_bitmaps(
        &mut self,
        layout: &Layout,
    ) -> Result<(Vec<GroupDescriptor>, Totals), WriteError> {
        let mut freed: Vec<(u64, u64)> = Vec::new();
        let unused_descriptors = 1 + layout.descriptor_blocks()..1 + self.descriptor_blocks;
        freed.push((unused_descriptors.start, unused_descriptors.end));
        let ends = |(start, count): &(u32, u32)| (u64::from(*start), u64::from(*start + *count));
        freed.extend(self.freed.iter().map(ends));
        freed.sort_unstable();
        let mut totals = Totals::default();
        let mut descriptors = Vec::new();
        for group in 0..layout.groups {
            let blocks = block_bitmap(layout, group, &freed);
            let (inodes, directories) = self.inode_bitmap(layout, group);
            self.output.write(&blocks.bits)?;
            self.output.write(&inodes.bits)?;
            totals.used_blocks += blocks.used;
            totals.used_inodes += inodes.used;
            let limit = self.output.limit();
            let number = |block| u32::try_from(block).map_err(|_| WriteError::DiskFull(limit));
            // A group has at most 32768 of each.
            let count = |count: u64| u16::try_from(count).unwrap_or(u16::MAX);
            descriptors.push(GroupDescriptor {
                block_bitmap_low: number(layout.bitmaps + 2 * group)?,
                inode_bitmap_low: number(layout.bitmaps + 2 * group + 1)?,
                inode_table_low: number(layout.inode_table_of(group))?,
                free_blocks_count_low: count(GROUP - blocks.used),
                free_inodes_count_low: count(layout.inodes_per_group - inodes.used),
                used_dirs_count_low: count(directories),
                ..Default::default()
            });
        }
        Ok((descriptors, totals))
    }

    /// The inodes of a group that are in use, and how many of them are directories.
    fn inode_bitmap(&self, layout: &Layout, group: u64) -> (Bitmap, u64) {
        let mut bitmap = Bitmap::new();
        let mut directories = 0;
        for bit in 0..layout.inodes_per_group {
            let index = group * layout.inodes_per_group + bit;
            let inode =
                usize::try_from(index).ok().and_then(|index| self.inodes.get(index)?.as_ref());
            if index + 1 < u64::from(INODE_FIRST) || inode.is_some() {
                bitmap.set(bit, bit + 1);
            }
            directories += u64::from(inode.is_some_and(Inode::is_directory));
        }
        if self.options.is_clean() {
            // Inodes that no group has are not to be given away. They count as neither.
            let used = bitmap.used;
            bitmap.set(layout.inodes_per_group, GROUP);
            bitmap.used = used;
        }
        (bitmap, directories)
    }

    fn super_block(&self, layout: &Layout, totals: &Totals) -> Result<SuperBlock, WriteError> {
        let limit = self.output.limit();
        let number = |count: u64| u32::try_from(count).map_err(|_| WriteError::DiskFull(limit));
        let inodes = layout.groups * layout.inodes_per_group;
        let mut feature_incompat = incompat::FILETYPE | incompat::EXTENTS | incompat::FLEX_BG;
        if self.options.has_inline_data() {
            feature_incompat |= incompat::INLINE_DATA;
        }
        let mut feature_ro_compat =
            ro_compat::LARGE_FILE | ro_compat::HUGE_FILE | ro_compat::EXTRA_ISIZE;
        if self.options.writable.is_none() {
            feature_ro_compat |= ro_compat::READONLY;
        }
        if self.inodes.iter().flatten().any(Inode::has_uncounted_links) {
            feature_ro_compat |= ro_compat::DIR_NLINK;
        }
        Ok(SuperBlock {
            inodes_count: number(inodes)?,
            blocks_count_low: number(layout.blocks)?,
            free_blocks_count_low: number(layout.groups * GROUP - totals.used_blocks)?,
            free_inodes_count: number(inodes - totals.used_inodes)?,
            // 4096 is 1024 << 2.
            log_block_size: 2,
            log_cluster_size: 2,
            blocks_per_group: BLOCKS_PER_GROUP,
            clusters_per_group: BLOCKS_PER_GROUP,
            inodes_per_group: number(layout.inodes_per_group)?,
            magic: SUPER_BLOCK_MAGIC,
            state: 1,
            errors: 1,
            revision_level: 1,
            first_inode: INODE_FIRST,
            lpf_inode: INODE_FIRST,
            inode_size: u16::try_from(INODE_SIZE).unwrap_or(u16::MAX),
            feature_compat: compat::EXT_ATTR | compat::SPARSE_SUPER2,
            feature_incompat,
            feature_ro_compat,
            uuid: self.options.uuid,
            volume_name: self.options.label,
            min_extra_isize: 24,
            want_extra_isize: 24,
            // All groups in one.
            log_groups_per_flex: 31,
            ..Default::default()
        })
    }
}

/// By inode, then by name, as e2fsck writes directories.
fn sorted(children: Directory) -> Vec<(u32, Box<[u8]>)> {
    let mut children: Vec<_> = children.into_iter().map(|(name, inode)| (inode, name)).collect();
    children.sort_unstable();
    children
}

/// One bit each for a group's blocks or inodes.
struct Bitmap {
    bits: Vec<u8>,
    used: u64,
}

impl Bitmap {
    fn new() -> Self {
        Self { bits: vec![0; BLOCK_SIZE], used: 0 }
    }

    /// Marks what is not marked yet.
    fn set(&mut self, start: u64, end: u64) {
        for bit in start..end.min(GROUP) {
            let (byte, mask) = ((bit / 8) as usize, 1 << (bit % 8));
            self.used += u64::from(self.bits[byte] & mask == 0);
            self.bits[byte] |= mask;
        }
    }

    fn clear(&mut self, start: u64, end: u64) {
        for bit in start..end.min(GROUP) {
            let (byte, mask) = ((bit / 8) as usize, 1 << (bit % 8));
            self.used -= u64::from(self.bits[byte] & mask != 0);
            self.bits[byte] &= !mask;
        }
    }
}

/// The blocks of a group that are in use. `freed` are sorted ranges that are not.
fn block_bitmap(layout: &Layout, group: u64, freed: &[(u64, u64)]) -> Bitmap {
    let first = group * GROUP;
    let within = |block: u64| block.saturating_sub(first).min(GROUP);
    let mut bitmap = Bitmap::new();
    bitmap.set(0, within(layout.used));
    let from_here = freed.partition_point(|(start, _)| *start < first);
    // A range that began before this group may reach into it.
    let begun = freed[..from_here].iter().rev().take_while(|(_, end)| *end > first);
    let here = freed[from_here..].iter().take_while(|(start, _)| *start < first + GROUP);
    for (start, end) in begun.chain(here) {
        bitmap.clear(within(*start), within(*end));
    }
    // Blocks that the disk does not have are not to be given away.
    bitmap.set(within(layout.blocks), GROUP);
    bitmap
}
