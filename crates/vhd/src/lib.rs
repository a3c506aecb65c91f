//! The footer of a fixed virtual hard disk (VHD).
//!
//! Does: make, write, find and read the footer, the last 512 bytes of a disk.
//! The facts are those of Microsoft's "Virtual Hard Disk Image Format
//! Specification" 1.0; the values in a new footer are those of the reference's
//! `ext4/tar2ext4` and `ext4/internal/compactext4`.
//!
//! Does not: read or write dynamic and differencing disks, of which it knows
//! the footer only.
//!
//! ```
//! use std::io::Cursor;
//! use vhd::Footer;
//!
//! let mut disk = Cursor::new(vec![0; 1024]);
//! assert_eq!(vhd::append(&mut disk, [7; 16])?, 1024);
//!
//! let footer = vhd::read(&mut disk)?.expect("a footer");
//! assert_eq!(footer, Footer::fixed(1024, [7; 16]));
//! assert!(footer.is_fixed());
//! # Ok::<(), vhd::VhdError>(())
//! ```
#![forbid(unsafe_code)]

mod error;
mod file;
mod footer;

pub use error::VhdError;
pub use file::{append, read};
pub use footer::{DiskType, Footer};
