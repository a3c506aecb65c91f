//! One open directory of a control group, and its files.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir as Entries, FileType, Mode, OFlags};

/// An open directory of a control group. Files are reached relative to it, so
/// that a group of the same name made later is never mistaken for it.
#[derive(Debug)]
pub(crate) struct Dir {
    fd: OwnedFd,
    path: PathBuf,
}

impl Dir {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let fd = rustix::fs::open(path, flags, Mode::empty())?;
        Ok(Self { fd, path: path.to_path_buf() })
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a file for reading, or for writing, without making it.
    pub(crate) fn file(&self, name: &str, access: OFlags) -> io::Result<OwnedFd> {
        let flags = access | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        Ok(rustix::fs::openat(&self.fd, name, flags, Mode::empty())?)
    }

    /// Writes a value in one call, as control files want it.
    pub(crate) fn write(&self, name: &str, value: &str) -> io::Result<()> {
        write_once(self.file(name, OFlags::WRONLY)?.as_fd(), value)
    }

    /// Reads a whole file.
    pub(crate) fn read(&self, name: &str) -> io::Result<String> {
        let fd = self.file(name, OFlags::RDONLY)?;
        read_all(fd.as_fd())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        rustix::fs::accessat(&self.fd, name, rustix::fs::Access::EXISTS, AtFlags::empty()).is_ok()
    }

    /// The directories of the groups inside this one.
    pub(crate) fn children(&self) -> io::Result<Vec<PathBuf>> {
        let mut children = Vec::new();
        self.for_each(FileType::Directory, |name| children.push(self.path.join(name)))?;
        Ok(children)
    }

    /// The names of the files.
    pub(crate) fn files(&self) -> io::Result<Vec<String>> {
        let mut files = Vec::new();
        self.for_each(FileType::RegularFile, |name| {
            files.extend(name.to_str().map(str::to_owned));
        })?;
        Ok(files)
    }

    fn for_each(&self, kind: FileType, mut take: impl FnMut(&OsStr)) -> io::Result<()> {
        for entry in Entries::read_from(&self.fd)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if entry.file_type() == kind && name != b"." && name != b".." {
                take(OsStr::from_bytes(name));
            }
        }
        Ok(())
    }
}

pub(crate) fn write_once(fd: BorrowedFd<'_>, value: &str) -> io::Result<()> {
    let written = rustix::io::retry_on_intr(|| rustix::io::write(fd, value.as_bytes()))?;
    if written == value.len() {
        Ok(())
    } else {
        Err(io::Error::new(io::ErrorKind::WriteZero, "the kernel took part of the value"))
    }
}

/// Reads from the start to the end of a file that is already open.
pub(crate) fn read_all(fd: BorrowedFd<'_>) -> io::Result<String> {
    let mut text = Vec::new();
    let mut buffer = [0_u8; 4096];
    loop {
        let at = text.len() as u64;
        let count = rustix::io::retry_on_intr(|| rustix::io::pread(fd, &mut buffer, at))?;
        if count == 0 {
            break;
        }
        text.extend_from_slice(&buffer[..count]);
    }
    String::from_utf8(text).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))
}
