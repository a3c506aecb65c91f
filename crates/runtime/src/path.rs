//! Paths inside a container's root, which is hostile: no symlink may lead out of it.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags, openat2};
use rustix::io::{Errno, Result};

/// As many symlinks as the kernel follows.
const SYMLINK_LIMIT: usize = 40;

/// Refers to an existing file below the root, whatever its kind.
pub(crate) fn find(root: BorrowedFd<'_>, path: &Path) -> Result<OwnedFd> {
    open(root, path, OFlags::PATH)
}

/// Opens an existing file below the root.
pub(crate) fn open(root: BorrowedFd<'_>, path: &Path, flags: OFlags) -> Result<OwnedFd> {
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    loop {
        // Renames elsewhere make the kernel give up on a path with "..", to be safe.
        match openat2(root, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            other => return other,
        }
    }
}

/// Like [`find`], for a path that must not go through a symlink.
pub(crate) fn find_plain(root: BorrowedFd<'_>, path: &Path) -> Result<OwnedFd> {
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_SYMLINKS;
    openat2(root, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve)
}

/// What [`ensure`] makes at the end of a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    Directory,
    File,
}

/// Refers to a file below the root; what is missing of the path is made, symlinks followed as the
/// container would see them, also those whose target is missing.
pub(crate) fn ensure(root: BorrowedFd<'_>, path: &Path, kind: Kind) -> Result<OwnedFd> {
    match find(root, path) {
        Err(Errno::NOENT) => Walk::new(root)?.go(path, kind),
        other => other,
    }
}

/// The directory that holds the last component of a path, made if missing, and that component.
pub(crate) fn ensure_parent<'a>(
    root: BorrowedFd<'_>,
    path: &'a Path,
) -> Result<(OwnedFd, &'a OsStr)> {
    let name = path.file_name().ok_or(Errno::INVAL)?;
    let parent = path.parent().ok_or(Errno::INVAL)?;
    Ok((ensure(root, parent, Kind::Directory)?, name))
}

/// A walk down from the root. Each step opens one name without following it; the way back up is
/// remembered and never asked of the file system.
struct Walk<'a> {
    root: BorrowedFd<'a>,
    /// The directories passed, without the root.
    passed: Vec<OwnedFd>,
    /// What is still to walk, the next last.
    ahead: Vec<OsString>,
    symlinks: usize,
}

impl<'a> Walk<'a> {
    fn new(root: BorrowedFd<'a>) -> Result<Self> {
        Ok(Self { root, passed: Vec::new(), ahead: Vec::new(), symlinks: 0 })
    }

    fn here(&self) -> BorrowedFd<'_> {
        self.passed.last().map_or(self.root, |fd| fd.as_fd())
    }

    fn go(mut self, path: &Path, kind: Kind) -> Result<OwnedFd> {
        self.push(path);
        while let Some(name) = self.ahead.pop() {
            if name.as_bytes() == b".." {
                self.passed.pop();
                continue;
            }
            let is_last = self.ahead.is_empty();
            self.step(&name, if is_last { kind } else { Kind::Directory })?;
        }
        match self.passed.pop() {
            Some(end) => Ok(end),
            None => {
                rustix::fs::openat(self.root, ".", OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
            }
        }
    }

    /// Puts the components of a path before what is still to walk.
    fn push(&mut self, path: &Path) {
        let mut names = Vec::new();
        for component in path.components() {
            match component {
                Component::RootDir => self.passed.clear(),
                Component::ParentDir => names.push(OsString::from("..")),
                Component::Normal(name) => names.push(name.to_owned()),
                Component::CurDir | Component::Prefix(_) => {}
            }
        }
        self.ahead.extend(names.into_iter().rev());
    }

    fn step(&mut self, name: &OsStr, missing: Kind) -> Result<()> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut entry = rustix::fs::openat(self.here(), name, flags, Mode::empty());
        if matches!(entry, Err(Errno::NOENT)) {
            match make(self.here(), name, missing) {
                // Somebody else was faster.
                Err(Errno::EXIST) => {}
                other => other?,
            }
            entry = rustix::fs::openat(self.here(), name, flags, Mode::empty());
        }
        let entry = entry?;
        let mode = rustix::fs::fstat(&entry)?.st_mode;
        if FileType::from_raw_mode(mode) != FileType::Symlink {
            self.passed.push(entry);
            return Ok(());
        }
        self.symlinks += 1;
        if self.symlinks > SYMLINK_LIMIT {
            return Err(Errno::LOOP);
        }
        let target = rustix::fs::readlinkat(&entry, "", Vec::new())?.into_bytes();
        self.push(Path::new(&OsString::from_vec(target)));
        Ok(())
    }
}

fn make(directory: BorrowedFd<'_>, name: &OsStr, kind: Kind) -> Result<()> {
    match kind {
        Kind::Directory => rustix::fs::mkdirat(directory, name, Mode::from_raw_mode(0o755)),
        Kind::File => {
            let flags = OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC | OFlags::NOFOLLOW;
            rustix::fs::openat(directory, name, flags, Mode::from_raw_mode(0o644)).map(drop)
        }
    }
}

/// Whether a descriptor refers to a directory.
pub(crate) fn is_directory(fd: impl AsFd) -> Result<bool> {
    let mode = rustix::fs::fstat(fd)?.st_mode;
    Ok(FileType::from_raw_mode(mode) == FileType::Directory)
}

/// Whether a name exists in a directory, without following it.
pub(crate) fn exists(directory: impl AsFd, name: &OsStr) -> Result<bool> {
    match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Ok(true),
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn walk(root: &Path, path: &str, kind: Kind) -> Result<std::path::PathBuf> {
        let fd = rustix::fs::open(root, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        let end = ensure(fd.as_fd(), Path::new(path), kind)?;
        let link = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&end));
        Ok(fs::read_link(link).expect("a descriptor has a path"))
    }

    #[test]
    fn no_symlink_leads_out_of_the_root() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().join("root");
        let secret = directory.path().join("secret");
        fs::create_dir(&root).expect("a root");
        symlink("/", root.join("absolute")).expect("a symlink");
        symlink("../../..", root.join("up")).expect("a symlink");
        symlink(&secret, root.join("dangling")).expect("a symlink");
        symlink("loop", root.join("loop")).expect("a symlink");
        for path in ["/absolute/a/b", "/up/a/b", "/../../a/b", "/a/../a/b", "a/b"] {
            assert_eq!(walk(&root, path, Kind::Directory).expect(path), root.join("a/b"));
        }
        let inside = root.join(secret.strip_prefix("/").expect("an absolute path"));
        assert_eq!(walk(&root, "/dangling/x", Kind::File).expect("inside"), inside.join("x"));
        assert!(inside.join("x").is_file() && !secret.exists());
        assert_eq!(walk(&root, "/loop/x", Kind::File), Err(Errno::LOOP));
        assert_eq!(walk(&root, "/", Kind::Directory).expect("the root"), root);
    }
}
