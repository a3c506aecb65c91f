//! A part of a file, read without moving the file's position.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

/// A file in an archive or a folder.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// Its name there.
    pub(crate) name: String,
    /// Its bytes.
    pub(crate) size: u64,
    pub(super) place: Place,
}

/// Where the bytes are.
#[derive(Debug, Clone)]
pub(super) enum Place {
    Section { file: Arc<File>, start: u64 },
    Path(PathBuf),
}

impl Member {
    /// All of a file.
    pub(super) fn of_file(file: Arc<File>, name: &str) -> io::Result<Self> {
        let size = file.metadata()?.len();
        Ok(Self { name: name.to_owned(), size, place: Place::Section { file, start: 0 } })
    }

    /// Reads it from its beginning.
    pub(crate) fn open(&self) -> io::Result<Section> {
        let (file, start) = match &self.place {
            Place::Section { file, start } => (Arc::clone(file), *start),
            Place::Path(path) => (Arc::new(File::open(path)?), 0),
        };
        Ok(Section { file, position: start, end: start.saturating_add(self.size) })
    }
}

/// Bytes of a file. Several can read the same file at a time.
#[derive(Debug)]
pub(crate) struct Section {
    file: Arc<File>,
    position: u64,
    end: u64,
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.position).unwrap_or(usize::MAX);
        let length = left.min(buffer.len());
        let read = read_at(&self.file, &mut buffer[..length], self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, position)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, position)
}
