//! The structures of ext4 as they lie on a disk: little-endian, in the kernel's order.
//!
//! Source: `fs/ext4/ext4.h`, `ext4_extents.h` and `xattr.h` of the Linux kernel. Only
//! structures that the writer or the reader of this crate uses are here.

mod field;
mod inode;
mod super_block;

pub use inode::{
    DirectoryEntry, ExtentHeader, ExtentIndexNode, ExtentLeafNode, Inode, XattrEntry, XattrHeader,
    inode_flags,
};
pub use super_block::{GroupDescriptor, SuperBlock, compat, incompat, ro_compat};

/// Bytes of a block of the images that this crate writes.
pub const BLOCK_SIZE: usize = 4096;
/// Blocks of a group: as many as one block has bits.
pub const BLOCKS_PER_GROUP: u32 = 8 * 4096;
/// Bytes of an inode in the table.
pub const INODE_SIZE: usize = 256;
/// `s_magic` of a superblock.
pub const SUPER_BLOCK_MAGIC: u16 = 0xef53;
/// Where the superblock begins, in bytes.
pub const SUPER_BLOCK_OFFSET: usize = 1024;
/// `eh_magic` of an extent tree's node.
pub const EXTENT_HEADER_MAGIC: u16 = 0xf30a;
/// `h_magic` of extended attributes, in an inode or in a block of their own.
pub const XATTR_HEADER_MAGIC: u32 = 0xea02_0000;
/// The number of the root directory's inode.
pub const INODE_ROOT: u32 = 2;
/// The first inode that is not reserved: that of `lost+found`.
pub const INODE_FIRST: u32 = 11;
/// The most links that an inode counts (`EXT4_LINK_MAX`).
pub const MAX_LINKS: u32 = 65000;
/// The most bytes of a name in a directory.
pub const MAX_NAME: usize = 255;

/// The type bits of a mode, and the permissions that matter here, as in `stat(2)`.
pub mod mode {
    /// All bits of the type.
    pub const TYPE_MASK: u16 = 0xf000;
    /// Named pipe.
    pub const S_IFIFO: u16 = 0x1000;
    /// Character device.
    pub const S_IFCHR: u16 = 0x2000;
    /// Directory.
    pub const S_IFDIR: u16 = 0x4000;
    /// Block device.
    pub const S_IFBLK: u16 = 0x6000;
    /// Regular file.
    pub const S_IFREG: u16 = 0x8000;
    /// Symbolic link.
    pub const S_IFLNK: u16 = 0xa000;
    /// Socket.
    pub const S_IFSOCK: u16 = 0xc000;
}
