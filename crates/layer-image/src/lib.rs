//! Layer tars become image files: ext4, dm-verity and VHD.
//!
//! Does: what the reference's package `tar2ext4` does, on files ([`convert`],
//! [`convert_and_compute_root_digest`], [`convert_file_to_vhd`]); gzip and zstd on the way
//! in; files that appear under their names only when they are whole ([`ImageFile`]);
//! what an image is ([`inspect`]) and whether it is what its hash tree says ([`verify`]).
//!
//! Does not: know registries or image archives, mount, or set up devices.
//!
//! Input is read ahead, output is written behind and hashed on all processors, each in
//! threads of their own: the bytes are read, hashed and written once. Memory grows with
//! the number of files in a layer, not with their sizes.
//!
//! ```
//! use layer_image::{ConvertOptions, convert_and_compute_root_digest};
//!
//! # let empty = vec![0; 1024];
//! let layer = std::io::Cursor::new(empty);
//! let root = convert_and_compute_root_digest(layer)?;
//! println!("{}", verity::to_hex(&root));
//! # Ok::<(), layer_image::Error>(())
//! ```
#![forbid(unsafe_code)]

mod convert;
mod decompress;
mod error;
mod hasher;
mod image_file;
mod inspect;
mod output;
mod pool;
mod read_ahead;
mod writer_thread;

pub use convert::{
    ConvertOptions, Converted, Ext4Layer, append_footer, append_hash_device, convert,
    convert_and_compute_root_digest, convert_file_to_vhd, root_digest, write_ext4,
};
pub use decompress::{Compression, decompressed};
pub use error::Error;
pub use image_file::{ImageFile, remove_unfinished};
pub use inspect::{Inspection, VerityFacts, VhdFacts, inspect, verify};
