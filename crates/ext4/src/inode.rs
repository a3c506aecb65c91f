//! A file as it is known until the inode table is written.

use std::collections::HashMap;

use crate::extents::Extents;
use crate::format::{self, INODE_SIZE, MAX_LINKS, inode_flags, mode};
use crate::xattr::INLINE_LEN;

/// A directory's names, each with the number of an inode.
pub(crate) type Directory = HashMap<Box<[u8]>, u32>;

/// What `i_block` and the blocks of a file hold.
#[derive(Debug, Default)]
pub(crate) enum Data {
    #[default]
    None,
    /// Up to 60 bytes: the target of a link, or the beginning of a small file.
    Inline(Box<[u8]>),
    Extents(Extents),
    Device {
        major: u32,
        minor: u32,
    },
}

/// One file. There may be millions: what few have is in a box.
#[derive(Debug, Default)]
pub(crate) struct Inode {
    pub(crate) size: u64,
    pub(crate) atime: u64,
    pub(crate) ctime: u64,
    pub(crate) mtime: u64,
    pub(crate) crtime: u64,
    pub(crate) data: Data,
    pub(crate) inline_xattrs: Option<Box<[u8; INLINE_LEN]>>,
    /// What a directory has; `None` for all others.
    pub(crate) children: Option<Box<Directory>>,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) links: u32,
    pub(crate) blocks: u32,
    pub(crate) xattr_block: u32,
    pub(crate) mode: u16,
    pub(crate) has_inline_data: bool,
}

impl Inode {
    pub(crate) fn file_type(&self) -> u16 {
        self.mode & mode::TYPE_MASK
    }

    pub(crate) fn is_directory(&self) -> bool {
        self.file_type() == mode::S_IFDIR
    }

    /// The inode as it lies in the table.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        let start = out.len();
        let mut flags = inode_flags::HUGE_FILE;
        let mut block = [0; 60];
        match &self.data {
            Data::None => {}
            Data::Inline(bytes) => block[..bytes.len()].copy_from_slice(bytes),
            Data::Extents(extents) => {
                flags |= inode_flags::EXTENTS;
                block = extents.root();
            }
            Data::Device { major, minor } => {
                let device = minor & 0xff | major << 8 | (minor & 0xffff_ff00) << 12;
                block[4..8].copy_from_slice(&device.to_le_bytes());
            }
        }
        if self.has_inline_data {
            flags |= inode_flags::INLINE_DATA;
        }
        format::Inode {
            mode: self.mode,
            uid: (self.uid & 0xffff) as u16,
            size_low: (self.size & 0xffff_ffff) as u32,
            atime: (self.atime & 0xffff_ffff) as u32,
            ctime: (self.ctime & 0xffff_ffff) as u32,
            mtime: (self.mtime & 0xffff_ffff) as u32,
            gid: (self.gid & 0xffff) as u16,
            links_count: self.links_count(),
            blocks_low: self.blocks,
            flags,
            block,
            xattr_block_low: self.xattr_block,
            size_high: (self.size >> 32) as u32,
            uid_high: (self.uid >> 16) as u16,
            gid_high: (self.gid >> 16) as u16,
            extra_isize: 24,
            ctime_extra: (self.ctime >> 32) as u32,
            mtime_extra: (self.mtime >> 32) as u32,
            atime_extra: (self.atime >> 32) as u32,
            crtime: (self.crtime & 0xffff_ffff) as u32,
            crtime_extra: (self.crtime >> 32) as u32,
            ..Default::default()
        }
        .put(out);
        // The last fields are beyond `extra_isize`: attributes lie there.
        out.truncate(start + INODE_SIZE - INLINE_LEN);
        if let Some(xattrs) = &self.inline_xattrs {
            out.extend_from_slice(&xattrs[..]);
        }
        out.resize(start + INODE_SIZE, 0);
    }

    /// Whether the directory has more subdirectories than its links can count.
    pub(crate) fn has_uncounted_links(&self) -> bool {
        self.is_directory() && self.links > MAX_LINKS
    }

    /// A directory that has uncounted links has one (`dir_nlink`).
    fn links_count(&self) -> u16 {
        if self.has_uncounted_links() { 1 } else { u16::try_from(self.links).unwrap_or(1) }
    }
}
