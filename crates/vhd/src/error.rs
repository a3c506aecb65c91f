//! Why there is no footer.

use std::io;

/// Why bytes are not the footer of a disk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VhdError {
    /// The disk can't be read.
    #[error("failed to read vhd footer")]
    Read(#[from] io::Error),
    /// Not 512 bytes.
    #[error("invalid vhd footer: {0} bytes, not 512")]
    Length(usize),
    /// Not `conectix`.
    #[error("invalid vhd footer: no cookie")]
    Cookie,
    /// The checksum of the bytes is another.
    #[error("invalid vhd footer: checksum {found:#010x}, not {wanted:#010x}")]
    Checksum {
        /// The checksum in the footer.
        found: u32,
        /// The checksum of its bytes.
        wanted: u32,
    },
    /// The bit that is always set is not, or an unknown one is.
    #[error("invalid vhd footer: features {0:#010x}")]
    Features(u32),
    /// The major version is not 1.
    #[error("invalid vhd footer: version {0:#010x}")]
    Version(u32),
    /// Not 2, 3 or 4.
    #[error("invalid vhd footer: disk type {0}")]
    DiskType(u32),
    /// A size that no file can have.
    #[error("invalid vhd footer: size of {0} bytes")]
    Size(u64),
    /// The footer of a fixed disk tells of more data than the file has.
    #[error("invalid vhd footer: disk of {size} bytes in a file with {available}")]
    Truncated {
        /// The size of the disk in the footer.
        size: u64,
        /// The bytes before the footer.
        available: u64,
    },
}
