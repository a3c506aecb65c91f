//! What an image is to be like.

/// The largest image where none is given: 16 GiB.
pub const DEFAULT_MAX_DISK_SIZE: u64 = 16 << 30;
/// The largest image at all: 16 TiB less a block, for block numbers have 32 bits.
pub const MAX_DISK_SIZE: u64 = (16 << 40) - 4096;
/// How many files an image may have where nothing else is given.
pub const DEFAULT_MAX_FILES: u64 = 8 << 20;

/// How an image is written. The default is the reference's, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Files of up to 136 bytes lie in their inodes. Smaller, but not for DAX.
    pub inline_data: bool,
    /// The largest size of the image in bytes, rounded up to a block; 0 is
    /// [`DEFAULT_MAX_DISK_SIZE`], and more than [`MAX_DISK_SIZE`] is that. The image has
    /// room for the group descriptors of a disk of this size, so it changes the bytes.
    pub max_disk_size: u64,
    /// The most files and directories. Each takes about 200 bytes of memory until the
    /// image is closed.
    pub max_files: u64,
    /// The UUID of the file system; zeros in the reference's images.
    pub uuid: [u8; 16],
    /// The label, filled up with zeros.
    pub label: [u8; 16],
    /// Writes what `e2fsck` and the kernel expect where the reference's bytes differ:
    /// padding of the inode bitmap, times before 1970 and after 2038, ACLs, the order of
    /// attributes in a block, attributes of a file that another replaces.
    pub fsck_clean: bool,
    /// A file system to write to, with so many bytes free, one inode for each 16 KiB of
    /// them. Sets `fsck_clean` too, and no file lies in its inode, for the kernel moves
    /// what is there when it writes. The largest size grows by as much.
    pub writable: Option<u64>,
    /// The output reads as zeros where nothing was written, as a new file does: zeros in
    /// a row are left out then. Never changes what the image reads as.
    pub sparse: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            inline_data: false,
            max_disk_size: DEFAULT_MAX_DISK_SIZE,
            max_files: DEFAULT_MAX_FILES,
            uuid: [0; 16],
            label: [0; 16],
            fsck_clean: false,
            writable: None,
            sparse: false,
        }
    }
}

impl Options {
    /// The size that the image may not exceed.
    pub(crate) fn disk_limit(&self) -> u64 {
        let base = match self.max_disk_size {
            0 => DEFAULT_MAX_DISK_SIZE,
            size => size.min(MAX_DISK_SIZE).next_multiple_of(4096),
        };
        // Free space comes with bitmaps and inodes, about a 64th of it.
        let free = self.writable.unwrap_or(0);
        base.saturating_add(free).saturating_add(free / 32).min(MAX_DISK_SIZE)
    }

    pub(crate) fn has_inline_data(&self) -> bool {
        self.inline_data && self.writable.is_none()
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.fsck_clean || self.writable.is_some()
    }
}
