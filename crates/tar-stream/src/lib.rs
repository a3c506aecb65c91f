//! Tar archives as streams of entries.
//!
//! [`TarStream`] reads an archive from front to back: V7, ustar, PAX, GNU and star headers, long
//! names, extended attributes of any bytes, and the sparse files of GNU tar. It accepts what the
//! reader of Go's `archive/tar` accepts and gives it the same meaning, since images made from an
//! archive have to come out the same as the reference's, bit for bit.
//!
//! ```
//! use std::io::Cursor;
//! use tar_stream::{Chunk, TarStream};
//!
//! # let archive = vec![0; 1024];
//! let mut stream = TarStream::new(Cursor::new(archive));
//! while let Some(entry) = stream.next_entry()? {
//!     println!("{} has {} bytes", entry.path.escape_ascii(), entry.size);
//!     while let Some(chunk) = stream.next_chunk()? {
//!         match chunk {
//!             Chunk::Data(bytes) => println!("{} bytes of data", bytes.len()),
//!             Chunk::Hole(length) => println!("{length} zero bytes"),
//!         }
//!     }
//! }
//! # Ok::<(), tar_stream::TarError>(())
//! ```
//!
//! Does not: write archives, decompress, know what a path means, or call the operating system.
//!
//! # Bounds
//!
//! Nothing is allocated on a header's word. Extended headers and long names are held to 1 MiB, as
//! is a sparse file's map; data passes through the input's own buffer. An entry's claim of 8 EiB
//! costs nothing.
//!
//! # Why not the `tar` crate
//!
//! It splits extended headers at newlines, which breaks attributes with binary values, knows
//! neither PAX sparse files nor star, and accepts other archives than the reference does.

#![forbid(unsafe_code)]

mod data;
mod entry;
mod error;
mod header;
mod input;
mod number;
mod pax;
mod read;
mod sparse;
mod stream;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use entry::{Entry, EntryKind, Timestamp};
pub use error::{Place, TarError};
pub use stream::{Chunk, TarStream};

/// The unit of a tar archive: headers are one block, data is padded to whole ones.
const BLOCK: usize = 512;

/// A block of an archive.
type Block = [u8; BLOCK];

/// The most bytes that an extended header, a long name or a sparse map may have. Go's limit too.
const MAX_SPECIAL: u64 = 1 << 20;
