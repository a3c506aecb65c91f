//! What is known of a file before its data.

use crate::time::Timestamp;
use crate::xattr::Xattrs;

/// A file, directory, link or device to be created.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    /// Type and permissions, as in `stat(2)`. No type is that of a regular file.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes of a regular file, all of which have to be written.
    pub size: u64,
    /// Where a symbolic link leads to.
    pub link_name: Vec<u8>,
    /// Last access; zero where not known, like all times.
    pub atime: Option<Timestamp>,
    /// Last change of the inode.
    pub ctime: Option<Timestamp>,
    /// Last change of the data.
    pub mtime: Option<Timestamp>,
    /// Creation.
    pub crtime: Option<Timestamp>,
    /// A device's major number.
    pub dev_major: u32,
    /// A device's minor number.
    pub dev_minor: u32,
    /// Extended attributes.
    pub xattrs: Xattrs,
}
