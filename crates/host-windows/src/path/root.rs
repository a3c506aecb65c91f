//! A folder, and what is below it.

use std::fs::{File, Metadata};
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle};
use std::path::{Path, PathBuf};

use windows_sys::Wdk::Storage::FileSystem::{
    FILE_CREATE, FILE_DIRECTORY_FILE, FILE_OPEN, FILE_OPEN_IF, FILE_OPEN_REPARSE_POINT,
    FILE_OVERWRITE, FILE_OVERWRITE_IF, FILE_SUPERSEDE,
};
use windows_sys::Win32::Foundation::GENERIC_READ;
use windows_sys::Win32::Storage::FileSystem::{
    DELETE, FILE_ATTRIBUTE_NORMAL, FILE_ATTRIBUTE_READONLY, FILE_BASIC_INFO,
    FILE_FLAG_BACKUP_SEMANTICS, FILE_READ_ATTRIBUTES, FILE_SHARE_DELETE, FILE_SHARE_READ,
    FILE_SHARE_WRITE, FILE_WRITE_ATTRIBUTES, FileBasicInfo, GetFileInformationByHandleEx,
    SetFileInformationByHandle,
};

use super::relative::Relative;
use super::{PathError, long, nt, removal};
use crate::named_pipe::size_of_u32;

/// What others may do meanwhile: all.
const SHARED: u32 = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

/// What to do where there is something of the name, and where there is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Disposition {
    /// Open it, or fail.
    #[default]
    Open,
    /// Fail, or make it.
    Create,
    /// Open it, or make it.
    OpenOrCreate,
    /// Open and empty it, or fail.
    Overwrite,
    /// Open and empty it, or make it.
    OverwriteOrCreate,
    /// Replace it by a new one, or make it.
    Supersede,
}

impl Disposition {
    pub(super) fn number(self) -> u32 {
        match self {
            Self::Open => FILE_OPEN,
            Self::Create => FILE_CREATE,
            Self::OpenOrCreate => FILE_OPEN_IF,
            Self::Overwrite => FILE_OVERWRITE,
            Self::OverwriteOrCreate => FILE_OVERWRITE_IF,
            Self::Supersede => FILE_SUPERSEDE,
        }
    }
}

/// How to open, in the numbers of `NtCreateFile`. It is always opened for
/// backup, so that with `SeBackupPrivilege` and `SeRestorePrivilege` (see
/// [`crate::privilege`]) nobody's rights stop it.
#[derive(Debug, Clone, Copy)]
pub struct Open {
    /// Rights, such as `GENERIC_READ`.
    pub access: u32,
    /// What others may do meanwhile; all by default.
    pub share: u32,
    /// What to do with what is there.
    pub disposition: Disposition,
    /// Options, such as `FILE_DIRECTORY_FILE`, or `FILE_OPEN_REPARSE_POINT` for
    /// the reparse point of this name instead of a refusal.
    pub options: u32,
    /// The attributes of what is made.
    pub attributes: u32,
}

impl Default for Open {
    fn default() -> Self {
        Self { access: 0, share: SHARED, disposition: Disposition::Open, options: 0, attributes: 0 }
    }
}

/// An open folder.
#[derive(Debug)]
pub struct Root {
    folder: File,
    path: PathBuf,
}

impl Root {
    /// Opens a folder. Its own path may lead over links.
    ///
    /// # Errors
    /// It cannot be opened, or is no folder.
    pub fn open(path: &Path) -> Result<Self, PathError> {
        let open = || {
            let path = long(path)?;
            let folder = File::options()
                .access_mode(GENERIC_READ)
                .share_mode(SHARED)
                .custom_flags(FILE_FLAG_BACKUP_SEMANTICS)
                .open(&path)?;
            if !folder.metadata()?.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            Ok(Self { folder, path })
        };
        open().map_err(|source| PathError::Io {
            operation: "open the folder",
            path: path.into(),
            source,
        })
    }

    /// The long form of its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens or makes something below it.
    ///
    /// # Errors
    /// The name is none, a reparse point is on the way, or the system refuses.
    pub fn open_at(&self, name: impl AsRef<Path>, how: Open) -> Result<File, PathError> {
        self.at("open", name.as_ref(), how)
    }

    /// Makes a folder below it.
    ///
    /// # Errors
    /// As [`Root::open_at`]; there is something of the name.
    pub fn make_folder(&self, name: impl AsRef<Path>) -> Result<(), PathError> {
        let how = Open {
            disposition: Disposition::Create,
            options: FILE_DIRECTORY_FILE,
            ..Open::default()
        };
        self.at("make the folder", name.as_ref(), how).map(drop)
    }

    /// What is known of something below it; of a link, what is known of itself.
    ///
    /// # Errors
    /// As [`Root::open_at`].
    pub fn metadata(&self, name: impl AsRef<Path>) -> Result<Metadata, PathError> {
        const LOOK: &str = "look at";
        let name = name.as_ref();
        let how = Open {
            access: FILE_READ_ATTRIBUTES,
            options: FILE_OPEN_REPARSE_POINT,
            ..Open::default()
        };
        let found = self.at(LOOK, name, how)?.metadata();
        found.map_err(|source| self.failed(LOOK, name, source))
    }

    /// Checks that something below it is there, and is no reparse point.
    ///
    /// # Errors
    /// It is one, or is not there.
    pub fn refuse_reparse_point(&self, name: impl AsRef<Path>) -> Result<(), PathError> {
        self.at("open", name.as_ref(), Open::default()).map(drop)
    }

    /// Gives a file below it a further name, below the same or another folder of
    /// the same volume.
    ///
    /// # Errors
    /// A name is none, a reparse point is on either way, there is something of
    /// the new name, or the system refuses.
    pub fn link(
        &self,
        old: impl AsRef<Path>,
        new_root: &Self,
        new: impl AsRef<Path>,
    ) -> Result<(), PathError> {
        let (old, new) = (old.as_ref(), new.as_ref());
        let (file_name, new_name) = (self.name("link", old)?, new_root.name("link", new)?);
        let link = || {
            let how = Open { access: FILE_WRITE_ATTRIBUTES, ..Open::default() };
            let file = nt::open(self.as_handle(), &file_name, how)?;
            let (parent, last) = new_name.split();
            let how =
                Open { access: GENERIC_READ, options: FILE_DIRECTORY_FILE, ..Open::default() };
            let parent = parent.map(|parent| nt::open(new_root.as_handle(), &parent, how));
            let parent = parent.transpose()?;
            // The kernel opens nothing more on the way to a single component.
            let folder = parent.as_ref().map_or(new_root.as_handle(), AsHandle::as_handle);
            nt::link(&file, folder, &last)
        };
        link().map_err(|source| PathError::Link {
            old: self.path.join(old),
            new: new_root.path.join(new),
            source,
        })
    }

    /// Removes a file or an empty folder below it, also one that is read-only.
    ///
    /// # Errors
    /// As [`Root::open_at`]; the folder is not empty.
    pub fn remove(&self, name: impl AsRef<Path>) -> Result<(), PathError> {
        let name = name.as_ref();
        let relative = self.name("remove", name)?;
        let removed = removal::target(self.as_handle(), &relative)
            .and_then(|target| removal::remove(&target));
        removed.map_err(|source| self.failed("remove", name, source))
    }

    /// Removes something below it with all that is in it; nothing happens where
    /// there is none. No link is followed. It goes on after a failure and tells
    /// the first one.
    ///
    /// # Errors
    /// As [`Root::remove`].
    pub fn remove_all(&self, name: impl AsRef<Path>) -> Result<(), PathError> {
        let name = name.as_ref();
        let relative = self.name("remove", name)?;
        removal::remove_all(self.as_handle(), &relative).map_err(|(below, source)| {
            let path = below.iter().fold(self.path.join(name), |path, name| path.join(name));
            PathError::Io { operation: "remove", path, source }
        })
    }

    fn at(&self, operation: &'static str, name: &Path, how: Open) -> Result<File, PathError> {
        let relative = self.name(operation, name)?;
        nt::open(self.as_handle(), &relative, how)
            .map_err(|source| self.failed(operation, name, source))
    }

    fn name(&self, operation: &'static str, name: &Path) -> Result<Relative, PathError> {
        Relative::new(name).map_err(|source| PathError::Name {
            operation,
            root: self.path.clone(),
            name: name.into(),
            source,
        })
    }

    fn failed(&self, operation: &'static str, name: &Path, source: io::Error) -> PathError {
        PathError::Io { operation, path: self.path.join(name), source }
    }
}

impl AsHandle for Root {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.folder.as_handle()
    }
}

/// How to open what will be removed.
pub(super) const FOR_REMOVAL: Open = Open {
    access: FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES | DELETE,
    share: SHARED,
    disposition: Disposition::Open,
    options: FILE_OPEN_REPARSE_POINT,
    attributes: 0,
};

/// Makes an open file or folder writable again where it is read-only. It needs
/// the rights `FILE_READ_ATTRIBUTES` and `FILE_WRITE_ATTRIBUTES`.
///
/// # Errors
/// The system refuses.
pub fn clear_readonly(file: &File) -> io::Result<()> {
    const SIZE: u32 = size_of_u32::<FILE_BASIC_INFO>();
    let handle = file.as_raw_handle();
    let mut now = FILE_BASIC_INFO::default();
    // SAFETY: the file is open, and this is the structure of this class.
    let done =
        unsafe { GetFileInformationByHandleEx(handle, FileBasicInfo, (&raw mut now).cast(), SIZE) };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    if now.FileAttributes & FILE_ATTRIBUTE_READONLY == 0 {
        return Ok(());
    }
    // A time of 0 leaves the time as it is; attributes of 0 would do the same.
    let attributes = match now.FileAttributes & !FILE_ATTRIBUTE_READONLY {
        0 => FILE_ATTRIBUTE_NORMAL,
        attributes => attributes,
    };
    let then = FILE_BASIC_INFO { FileAttributes: attributes, ..FILE_BASIC_INFO::default() };
    // SAFETY: as above.
    let done = unsafe {
        SetFileInformationByHandle(handle, FileBasicInfo, (&raw const then).cast(), SIZE)
    };
    if done == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
