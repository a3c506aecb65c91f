//! The files of an image by their paths and numbers.

use crate::error::WriteError;
use crate::file::File;
use crate::format::{INODE_ROOT, MAX_NAME};
use crate::inode::{Data, Inode};
use crate::path;
use crate::writer::Writer;

/// Where a path leads to.
pub(crate) struct Place<'a> {
    pub(crate) folder: u32,
    pub(crate) name: &'a [u8],
    pub(crate) inode: Option<u32>,
}

impl<W> Writer<W> {
    /// Owner, mode and times of a file.
    pub(crate) fn describe(&self, number: u32) -> File {
        let Some(inode) = self.inode(number) else { return File::default() };
        File {
            mode: inode.mode,
            uid: inode.uid,
            gid: inode.gid,
            atime: self.times.decode(inode.atime),
            ctime: self.times.decode(inode.ctime),
            mtime: self.times.decode(inode.mtime),
            crtime: self.times.decode(inode.crtime),
            ..Default::default()
        }
    }

    /// Finds a path, but for its last name, which may be missing.
    pub(crate) fn lookup<'a>(&self, path: &'a [u8]) -> Result<Place<'a>, WriteError> {
        let names = path::names(path);
        let Some((name, folders)) = names.split_last() else {
            return Ok(Place { folder: INODE_ROOT, name: b"", inode: Some(INODE_ROOT) });
        };
        if name.len() > MAX_NAME {
            return Err(WriteError::InvalidName(path::shown(path)));
        }
        let mut folder = INODE_ROOT;
        let missing = || WriteError::PathNotFound(path::shown(path));
        for name in folders {
            folder = self.child(folder, name).ok_or_else(missing)?;
        }
        if !self.inode(folder).is_some_and(Inode::is_directory) {
            return Err(missing());
        }
        Ok(Place { folder, name, inode: self.child(folder, name) })
    }

    pub(crate) fn child(&self, folder: u32, name: &[u8]) -> Option<u32> {
        self.inode(folder)?.children.as_ref()?.get(name).copied()
    }

    /// Gives an inode a name.
    pub(crate) fn insert(&mut self, folder: u32, name: Box<[u8]>, number: u32) {
        if let Some(children) = self.inode_mut(folder).and_then(|inode| inode.children.as_mut()) {
            children.insert(name, number);
        }
        if let Some(inode) = self.inode_mut(number) {
            inode.links += 1;
        }
    }

    /// Takes a name from a file; with the last one it is gone.
    pub(crate) fn unlink(&mut self, number: u32) {
        let Some(inode) = self.inode_mut(number) else { return };
        inode.links -= 1;
        if inode.links > 0 {
            return;
        }
        let index = number as usize - 1;
        if let Some(inode) = self.inodes[index].take() {
            self.free(&inode.data, inode.xattr_block);
        }
    }

    /// Blocks that a file had are nobody's.
    pub(crate) fn free(&mut self, data: &Data, xattr_block: u32) {
        if let Data::Extents(extents) = data {
            self.freed.push((extents.start, extents.all_blocks()));
        }
        if xattr_block != 0 {
            self.freed.push((xattr_block, 1));
        }
    }

    pub(crate) fn inode(&self, number: u32) -> Option<&Inode> {
        self.inodes.get(number as usize - 1)?.as_ref()
    }

    pub(crate) fn inode_mut(&mut self, number: u32) -> Option<&mut Inode> {
        self.inodes.get_mut(number as usize - 1)?.as_mut()
    }
}
