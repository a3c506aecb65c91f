//! From a layer's tar to an image.

use std::io::{self, BufRead, Seek, Write};

use tar_stream::{Chunk, Entry, EntryKind, TarError, TarStream};

use crate::error::WriteError;
use crate::file::File;
use crate::format::mode;
use crate::options::Options;
use crate::path;
use crate::writer::Writer;

const WHITEOUT_PREFIX: &[u8] = b".wh.";
const OPAQUE_WHITEOUT: &[u8] = b".wh..wh..opq";
const OVERLAY_OPAQUE: &[u8] = b"trusted.overlay.opaque";

/// What a tar's entries become. The default takes them as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConvertOptions {
    /// Whiteouts of OCI layers (`.wh.name`, `.wh..wh..opq`) become those of overlayfs: a
    /// device 0:0, and the attribute `trusted.overlay.opaque` (`ConvertWhiteout`).
    pub convert_whiteout: bool,
    /// `\` in names becomes `/`, as in archives made on Windows (`ConvertBackslash`).
    pub convert_backslash: bool,
    /// The image.
    pub image: Options,
}

/// Why a tar could not be converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The archive is damaged, or could not be read.
    #[error(transparent)]
    Tar(#[from] TarError),
    /// An entry can't be in the image, or the image could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The same, while something was done that the entry does not say itself.
    #[error("{doing}")]
    Entry {
        /// What was done, and for which entry.
        doing: String,
        /// Why it failed.
        source: WriteError,
    },
    /// What follows the archive's end could not be read.
    #[error("reading what follows the end of the archive")]
    Drain(#[source] io::Error),
}

/// Reads a tar and writes an ext4 image with what it holds (`ConvertTarToExt4`). Both
/// streams are passed once; the input is read to its end.
///
/// Gives back the output, flushed.
///
/// # Errors
/// [`ConvertError`], with the entry's name.
///
/// ```
/// use std::io::Cursor;
///
/// # let mut tar = tar::Builder::new(Vec::new());
/// # let mut header = tar::Header::new_ustar();
/// # header.set_size(6);
/// # tar.append_data(&mut header, "etc/motd", &b"hello\n"[..])?;
/// # let layer = tar.into_inner()?;
/// let mut options = ext4::ConvertOptions::default();
/// options.convert_whiteout = true;
/// options.image.label = *b"layer\0\0\0\0\0\0\0\0\0\0\0";
/// let image = ext4::convert_tar_to_ext4(&layer[..], Cursor::new(Vec::new()), &options)?;
///
/// let mut image = Cursor::new(image.into_inner());
/// assert_eq!(ext4::read_super_block(&mut image)?.volume_name, options.image.label);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn convert_tar_to_ext4<R: BufRead, W: Write + Seek>(
    input: R,
    output: W,
    options: &ConvertOptions,
) -> Result<W, ConvertError> {
    let mut tar = TarStream::new(input);
    let mut image = Writer::new(output, &options.image)?;
    while let Some(mut entry) = tar.next_entry()? {
        if options.convert_backslash {
            slashes(&mut entry.path);
            slashes(&mut entry.link_name);
        }
        let context = |doing: String| |source| ConvertError::Entry { doing, source };
        image.make_parents(&entry.path).map_err(context(format!(
            "failed to ensure parent directories for {}",
            path::shown(&entry.path)
        )))?;
        if options.convert_whiteout && convert_whiteout(&mut image, &entry)? {
            continue;
        }
        if entry.kind == EntryKind::Link {
            image.link(&entry.link_name, &entry.path)?;
            continue;
        }
        image.create(&entry.path, &file(&entry))?;
        while let Some(chunk) = tar.next_chunk()? {
            match chunk {
                Chunk::Data(bytes) => image.write(bytes)?,
                Chunk::Hole(count) => image.write_zeros(count)?,
            }
        }
    }
    tar.drain().map_err(ConvertError::Drain)?;
    Ok(image.close()?)
}

/// Does what a whiteout stands for; `false` where the entry is none.
fn convert_whiteout<W: Write + Seek>(
    image: &mut Writer<W>,
    entry: &Entry,
) -> Result<bool, ConvertError> {
    let (folder, name) = path::split(&entry.path);
    let Some(hidden) = name.strip_prefix(WHITEOUT_PREFIX) else { return Ok(false) };
    let shown = path::shown(&entry.path);
    if name == OPAQUE_WHITEOUT {
        let mut file = image.stat(folder).map_err(|source| {
            let doing = format!("failed to stat parent directory of whiteout {shown}");
            ConvertError::Entry { doing, source }
        })?;
        file.xattrs.insert(OVERLAY_OPAQUE.to_vec(), b"y".to_vec());
        image.create(folder, &file).map_err(|source| {
            let doing = format!("failed to create opaque dir {shown}");
            ConvertError::Entry { doing, source }
        })?;
        return Ok(true);
    }
    let device = File { mode: mode::S_IFCHR, ..Default::default() };
    image.create(&[folder, hidden].concat(), &device).map_err(|source| {
        let doing = format!("failed to create whiteout file for {shown}");
        ConvertError::Entry { doing, source }
    })?;
    Ok(true)
}

fn slashes(path: &mut [u8]) {
    for byte in path {
        if *byte == b'\\' {
            *byte = b'/';
        }
    }
}

/// What an entry says of its file. Numbers that are too long lose what is above, as in
/// the reference.
fn file(entry: &Entry) -> File {
    let word = |number: i64| (number.cast_unsigned() & 0xffff_ffff) as u32;
    let kind = match entry.kind {
        EntryKind::Regular => mode::S_IFREG,
        EntryKind::Symlink => mode::S_IFLNK,
        EntryKind::Char => mode::S_IFCHR,
        EntryKind::Block => mode::S_IFBLK,
        EntryKind::Directory => mode::S_IFDIR,
        EntryKind::Fifo => mode::S_IFIFO,
        // All others become regular files.
        _ => 0,
    };
    File {
        mode: (entry.mode.cast_unsigned() & 0x0fff) as u16 | kind,
        uid: word(entry.uid),
        gid: word(entry.gid),
        size: entry.size,
        link_name: entry.link_name.clone(),
        atime: entry.accessed,
        ctime: entry.changed,
        mtime: entry.modified,
        crtime: entry.modified,
        dev_major: word(entry.dev_major),
        dev_minor: word(entry.dev_minor),
        xattrs: entry.xattrs().map(|(name, value)| (name.to_vec(), value.to_vec())).collect(),
    }
}
