//! From a layer's tar to an image file.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

use ext4::ConvertOptions as Ext4Options;
use tempfile::SpooledTempFile;
use uuid::Uuid;
use verity::{Digest, Tree};

use crate::error::Error;
use crate::output::{Finished, ImageOutput};
use crate::pool::PIECE;
use crate::read_ahead::ReadAhead;

/// What is made of a tar.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ConvertOptions {
    /// The file system.
    pub ext4: Ext4Options,
    /// A hash device follows the file system (`AppendDMVerity`).
    pub append_dm_verity: bool,
    /// The footer of a fixed VHD comes last (`AppendVhdFooter`).
    pub append_vhd_footer: bool,
    /// The input is no tar: it is copied as it is, and a footer follows
    /// (`OnlyAppendVhdFooter`).
    pub only_append_vhd_footer: bool,
    /// The UUID of the hash device and of the footer. Random, each, where it is missing,
    /// as in the reference.
    pub uuid: Option<[u8; 16]>,
}

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Converted {
    /// Bytes of the file system; of the input where only a footer was added.
    pub data_size: u64,
    /// Bytes of the whole image.
    pub size: u64,
    /// The root of the hash tree, where there is one.
    pub root_digest: Option<Digest>,
}

/// A file system, and the hash tree over it.
pub struct Ext4Layer {
    /// The file it was written to, where it was. Its position is its end.
    pub file: Option<File>,
    /// Bytes of the file system.
    pub size: u64,
    /// The tree, where one was asked for.
    pub tree: Option<Tree<SpooledTempFile>>,
}

/// Converts a tar, and adds what the options ask for (`Convert`).
///
/// The file is written from its beginning. Where `is_new`, nothing was written to it yet,
/// and zeros become holes.
///
/// # Errors
/// [`Error`]; the file's content is undefined then.
pub fn convert(
    input: impl Read + Send + 'static,
    file: File,
    is_new: bool,
    options: &ConvertOptions,
) -> Result<Converted, Error> {
    if options.only_append_vhd_footer {
        return copy_with_footer(input, file, options);
    }
    let layer = write_ext4(input, Some((file, is_new)), &options.ext4, options.append_dm_verity)?;
    let mut converted = Converted { data_size: layer.size, size: layer.size, root_digest: None };
    let Some(mut file) = layer.file else { return Ok(converted) };
    if let Some(mut tree) = layer.tree {
        converted.root_digest = Some(tree.root_digest());
        converted.size += append_hash_device(&mut file, &mut tree, options.uuid)?;
    }
    if options.append_vhd_footer {
        converted.size += append_footer(&mut file, options.uuid)?;
    }
    Ok(converted)
}

/// The root digest of the tar's image, which is written nowhere: whiteouts converted, and
/// a disk of up to 128 GiB (`ConvertAndComputeRootDigest`).
///
/// # Errors
/// [`Error`].
pub fn convert_and_compute_root_digest(input: impl Read + Send + 'static) -> Result<Digest, Error> {
    let mut options = Ext4Options::default();
    options.convert_whiteout = true;
    options.image.max_disk_size = verity::RECOMMENDED_VHD_SIZE;
    root_digest(input, &options)
}

/// The root digest of an image that is written nowhere.
///
/// # Errors
/// [`Error`].
pub fn root_digest(
    input: impl Read + Send + 'static,
    options: &Ext4Options,
) -> Result<Digest, Error> {
    let tree = write_ext4(input, None, options, true)?.tree;
    Ok(tree.ok_or(verity::VerityError::Empty)?.root_digest())
}

/// Converts a tar to a file system in a file, or nowhere, and builds the hash tree where
/// `hash` says so. The file comes with whether it is new.
///
/// # Errors
/// [`Error`].
pub fn write_ext4(
    input: impl Read + Send + 'static,
    file: Option<(File, bool)>,
    options: &Ext4Options,
    hash: bool,
) -> Result<Ext4Layer, Error> {
    let input = ReadAhead::new(input).map_err(Error::io("starting to read"))?;
    let (file, is_new) = file.map_or((None, true), |(file, is_new)| (Some(file), is_new));
    let output = ImageOutput::new(file, is_new, hash).map_err(Error::io("starting to write"))?;
    let mut options = options.clone();
    options.image.sparse = is_new;
    let output = ext4::convert_tar_to_ext4(input, output, &options)?;
    let Finished { size, mut file, tree } = output.finish()?;
    if let Some(file) = &mut file {
        if is_new {
            // The last block may be a hole.
            file.set_len(size).map_err(Error::io("setting the image's length"))?;
        }
        file.seek(SeekFrom::Start(size)).map_err(Error::io("finding the image's end"))?;
    }
    Ok(Ext4Layer { file, size, tree })
}

/// Writes superblock and tree where the file stands. Gives their size.
///
/// # Errors
/// The file's.
pub fn append_hash_device(
    file: &mut File,
    tree: &mut Tree<SpooledTempFile>,
    uuid: Option<[u8; 16]>,
) -> Result<u64, Error> {
    let doing = "writing the hash device";
    let start = file.stream_position().map_err(Error::io(doing))?;
    let mut out = BufWriter::with_capacity(PIECE, &mut *file);
    verity::write_hash_device(tree, uuid.unwrap_or_else(random), &mut out)
        .and_then(|_| out.flush())
        .map_err(Error::io(doing))?;
    drop(out);
    Ok(file.stream_position().map_err(Error::io(doing))? - start)
}

/// Writes the footer of a fixed VHD where the file stands, which is the end of the disk
/// that it describes; a device may go on beyond. Gives its size.
///
/// # Errors
/// The file's.
pub fn append_footer(file: &mut File, uuid: Option<[u8; 16]>) -> Result<u64, Error> {
    let write = |file: &mut File| {
        let size = file.stream_position()?;
        file.write_all(&vhd::Footer::fixed(size, uuid.unwrap_or_else(random)).to_bytes())
    };
    write(file).map_err(Error::io("writing the VHD footer"))?;
    Ok(vhd::Footer::LEN as u64)
}

/// Makes a VHD of a file (`ConvertFileToVhd`).
///
/// # Errors
/// The file's.
pub fn convert_file_to_vhd(path: &std::path::Path) -> Result<(), Error> {
    let opened = File::options().read(true).write(true).open(path);
    let mut file = opened.map_err(Error::io(format!("opening {}", path.display())))?;
    file.seek(SeekFrom::End(0)).map_err(Error::io("finding the file's end"))?;
    append_footer(&mut file, None).map(drop)
}

fn copy_with_footer(
    mut input: impl Read,
    mut file: File,
    options: &ConvertOptions,
) -> Result<Converted, Error> {
    let copied = io::copy(&mut input, &mut file);
    let data_size = copied.map_err(Error::io("copying the input to the image"))?;
    let size = data_size + append_footer(&mut file, options.uuid)?;
    Ok(Converted { data_size, size, root_digest: None })
}

fn random() -> [u8; 16] {
    Uuid::new_v4().into_bytes()
}
