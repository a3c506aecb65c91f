//! Reads superblocks.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::error::ReadError;
use crate::format::{SUPER_BLOCK_MAGIC, SUPER_BLOCK_OFFSET, SuperBlock};

/// How large a file system is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileSystemSize {
    /// Bytes of the file system.
    pub bytes: u64,
    /// Bytes of a block.
    pub block_size: u64,
}

/// Reads the superblock of a file system that begins where the reader stands, and puts
/// the reader back there (`ReadExt4SuperBlockReadSeeker`).
///
/// # Errors
/// [`ReadError::NotExt4`] where there is none, [`ReadError::Input`] from the reader.
pub fn read_super_block<R: Read + Seek>(reader: &mut R) -> Result<SuperBlock, ReadError> {
    let start = reader.stream_position()?;
    let mut bytes = [0; SuperBlock::LEN];
    let offset = start.checked_add(SUPER_BLOCK_OFFSET as u64).ok_or(ReadError::NotExt4)?;
    reader.seek(SeekFrom::Start(offset))?;
    let read = reader.read_exact(&mut bytes);
    reader.seek(SeekFrom::Start(start))?;
    read?;
    let block = SuperBlock::parse(&bytes).filter(|block| block.magic == SUPER_BLOCK_MAGIC);
    block.ok_or(ReadError::NotExt4)
}

/// Reads the superblock of an image or a device (`ReadExt4SuperBlock`).
///
/// # Errors
/// As [`read_super_block`].
pub fn read_super_block_of(path: &Path) -> Result<SuperBlock, ReadError> {
    read_super_block(&mut File::open(path)?)
}

/// Whether a path is an image or a device with ext4 on it (`IsDeviceExt4`).
pub fn is_device_ext4(path: &Path) -> bool {
    read_super_block_of(path).is_ok()
}

/// The size of the file system that begins where the reader stands (`Ext4FileSystemSize`).
///
/// # Errors
/// As [`read_super_block`], and [`ReadError::Invalid`] where the size is no number of bytes.
pub fn file_system_size<R: Read + Seek>(reader: &mut R) -> Result<FileSystemSize, ReadError> {
    let block = read_super_block(reader)?;
    let block_size = block.block_size().ok_or(ReadError::Invalid("its block size"))?;
    let bytes = block.blocks_count().checked_mul(block_size);
    Ok(FileSystemSize { bytes: bytes.ok_or(ReadError::Invalid("its size"))?, block_size })
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Input(error) => error,
            error => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn image(change: impl FnOnce(&mut SuperBlock)) -> Cursor<Vec<u8>> {
        let mut block = SuperBlock { magic: SUPER_BLOCK_MAGIC, ..Default::default() };
        block.log_block_size = 2;
        block.blocks_count_low = 9;
        change(&mut block);
        Cursor::new([vec![0; 1024], block.to_bytes()].concat())
    }

    #[test]
    fn the_reader_stays_where_it_was() {
        let mut image = image(|_| {});
        let size = file_system_size(&mut image).expect("size");
        assert_eq!(size, FileSystemSize { bytes: 9 * 4096, block_size: 4096 });
        assert_eq!(image.position(), 0);
    }

    #[test]
    fn what_is_no_file_system_is_refused() {
        let error = read_super_block(&mut image(|block| block.magic = 0)).expect_err("no magic");
        assert_eq!(error.to_string(), "not an ext4 file system");
        assert!(matches!(read_super_block(&mut Cursor::new([0; 100])), Err(ReadError::Input(_))));
        let mut odd = image(|block| block.log_block_size = 40);
        assert!(matches!(file_system_size(&mut odd), Err(ReadError::Invalid(_))));
    }
}
