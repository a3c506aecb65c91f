//! What an image is, and whether it is whole.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use ext4::ReadError;
use ext4::format::SuperBlock;
use verity::{Digest, Verified, VerityInfo};
use vhd::Footer;

use crate::error::Error;
use crate::pool::PIECE;

/// What a file has of each.
#[derive(Debug)]
pub struct Inspection {
    /// Bytes of the file.
    pub size: u64,
    /// The superblock at its beginning.
    pub ext4: Option<SuperBlock>,
    /// The hash device, behind the file system or at the beginning.
    pub verity: Option<VerityFacts>,
    /// The footer.
    pub vhd: Option<VhdFacts>,
}

/// A hash device.
#[derive(Debug)]
pub struct VerityFacts {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// What its superblock says, and the root digest that its tree has.
    pub info: VerityInfo,
    /// The UUID of its superblock.
    pub uuid: [u8; 16],
}

/// A footer.
#[derive(Debug)]
pub struct VhdFacts {
    /// What it says.
    pub footer: Footer,
    /// Whether its size is that of the file before it.
    pub fits: bool,
}

/// Reads what a file says of itself.
///
/// # Errors
/// The file's, and [`Error::Vhd`] for a damaged footer.
pub fn inspect(path: &Path) -> Result<Inspection, Error> {
    let (mut file, size) = open(path)?;
    let ext4 = match ext4::read_super_block(&mut file) {
        Ok(block) => Some(block),
        Err(ReadError::Input(error)) if error.kind() != ErrorKind::UnexpectedEof => {
            return Err(ReadError::Input(error).into());
        }
        Err(_) => None,
    };
    let file_system = ext4::file_system_size(&mut file).map_or(0, |size| size.bytes);
    // A superblock may claim more than there is.
    let verity = match file_system < size {
        true => read_verity(&mut file, file_system)?,
        false => None,
    };
    let vhd = vhd::read(&mut file)?.map(|footer| {
        let fits = footer.current_size == size.saturating_sub(Footer::LEN as u64);
        VhdFacts { footer, fits }
    });
    Ok(Inspection { size, ext4, verity, vhd })
}

/// Checks every block of an image against its hash tree, which follows the file system or
/// is the file `hash_device`; where a root digest is expected, the tree's must be that.
/// `progress` gets the number of data blocks checked so far.
///
/// # Errors
/// [`Error::Verify`] names the first block that is not what it should be.
pub fn verify(
    path: &Path,
    hash_device: Option<&Path>,
    expected: Option<&Digest>,
    progress: impl FnMut(u64),
) -> Result<Verified, Error> {
    let (mut file, _) = open(path)?;
    let (hashes, offset) = match hash_device {
        Some(hash_device) => (open(hash_device)?.0, 0),
        None => (open(path)?.0, ext4::file_system_size(&mut file)?.bytes),
    };
    file.rewind().map_err(Error::io(format!("reading {}", path.display())))?;
    let data = BufReader::with_capacity(PIECE, file);
    Ok(verity::verify(data, hashes, offset, expected, progress)?)
}

/// A hash device at an offset, if there is one.
fn read_verity(file: &mut File, offset: u64) -> Result<Option<VerityFacts>, Error> {
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(offset))
        .and_then(|_| file.take(verity::SuperBlock::SIZE as u64).read_to_end(&mut start))
        .map_err(Error::io("reading the hash device"))?;
    let Ok(block) = verity::SuperBlock::parse(&start) else { return Ok(None) };
    let info = verity::read_dm_verity_info(file, offset)?;
    Ok(Some(VerityFacts { offset, info, uuid: block.uuid }))
}

fn open(path: &Path) -> Result<(File, u64), Error> {
    let doing = || format!("opening {}", path.display());
    let mut file = File::open(path).map_err(Error::io(doing()))?;
    // A device's metadata does not have its size.
    let size = file.seek(SeekFrom::End(0)).map_err(Error::io(doing()))?;
    file.rewind().map_err(Error::io(doing()))?;
    Ok((file, size))
}
