//! Compact ext4 images, written in one pass, and their superblocks.
//!
//! Does: write ext4 file systems from the front to the back ([`Writer`]), also from a
//! layer's tar ([`convert_tar_to_ext4`]), and read superblocks. By default an image is the
//! same as that of the reference's `compactext4` and `tar2ext4`, byte for byte, since
//! root hashes of such images are pinned; [`Options`] has what goes beyond.
//!
//! Does not: read files out of images, change an image, hash, or decompress.
//!
//! ```
//! use std::io::Cursor;
//! use ext4::format::mode;
//! use ext4::{File, Options, Writer};
//!
//! let mut image = Writer::new(Cursor::new(Vec::new()), &Options::default())?;
//! image.create(b"etc", &File { mode: mode::S_IFDIR | 0o755, ..Default::default() })?;
//! image.create(b"etc/motd", &File { mode: 0o644, size: 6, ..Default::default() })?;
//! image.write(b"hello\n")?;
//! image.link(b"etc/motd", b"etc/issue")?;
//! let image = image.close()?.into_inner();
//! assert_eq!(image.len() % 4096, 0);
//! # Ok::<(), ext4::WriteError>(())
//! ```
//!
//! # The shape of an image
//!
//! Superblock, group descriptors, then data in the order it came, directories, the inode
//! table, bitmaps. Nothing is moved, so the output is written once, but for the front,
//! which is written at last.
#![forbid(unsafe_code)]

mod close;
mod convert;
mod directory;
mod error;
mod extents;
mod file;
pub mod format;
mod inode;
mod layout;
mod make_inode;
mod options;
mod output;
mod path;
mod read;
mod time;
mod tree;
mod writer;
mod xattr;

pub use convert::{ConvertError, ConvertOptions, convert_tar_to_ext4};
pub use error::{ReadError, WriteError};
pub use file::File;
pub use options::{DEFAULT_MAX_DISK_SIZE, DEFAULT_MAX_FILES, MAX_DISK_SIZE, Options};
pub use read::{
    FileSystemSize, file_system_size, is_device_ext4, read_super_block, read_super_block_of,
};
pub use time::Timestamp;
pub use writer::{MAX_FILE_SIZE, Writer};
pub use xattr::Xattrs;
