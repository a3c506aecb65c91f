//! Makes an inode of what is known of a file.

use std::io::{Seek, Write};

use crate::error::WriteError;
use crate::file::File;
use crate::format::{BLOCK_SIZE, INODE_FIRST, MAX_NAME, mode};
use crate::inode::{Data, Inode};
use crate::path;
use crate::writer::{Current, INODE_DATA, MAX_FILE_SIZE, Writer};
use crate::xattr::{self, Placed, Xattrs};

/// Bytes of a link's target that lie in `i_block`.
const SMALL_LINK: usize = 59;
/// Bytes of a file that lie in its inode: 60, and what an attribute can have.
const SMALL_FILE: u64 = 136;
/// Directories whose block of attributes is kept in case an opaque whiteout asks for it:
/// 64 MiB of them.
const MAX_KEPT_XATTRS: usize = (64 << 20) / BLOCK_SIZE;

impl<W: Write + Seek> Writer<W> {
    /// Creates a file under a name, whatever had the name before.
    pub(crate) fn create_in(
        &mut self,
        folder: u32,
        name: &[u8],
        path: &[u8],
        file: &File,
    ) -> Result<u32, WriteError> {
        if name.len() > MAX_NAME {
            return Err(WriteError::InvalidName(path::shown(path)));
        }
        let too_many = || WriteError::TooManyFiles {
            path: path::shown(path),
            limit: self.max_inodes + 1 - u64::from(INODE_FIRST),
        };
        let count = self.inodes.len() as u64;
        if count >= self.max_inodes {
            return Err(too_many());
        }
        let number = u32::try_from(count + 1).map_err(|_| too_many())?;
        let mut inode = Inode::default();
        if file.mode & mode::TYPE_MASK == mode::S_IFDIR {
            inode.children = Some(Box::default());
            // It links to itself.
            inode.links = 1;
            if let Some(parent) = self.inode_mut(folder) {
                parent.links += 1;
            }
        }
        self.inodes.push(Some(inode));
        match self.make_inode(number, path, file) {
            Ok(()) => {
                self.insert(folder, name.into(), number);
                Ok(number)
            }
            Err(error) => {
                let inode = self.inodes.pop().flatten();
                if let (Some(parent), Some(true)) =
                    (self.inode_mut(folder), inode.map(|inode| inode.children.is_some()))
                {
                    parent.links -= 1;
                }
                Err(error)
            }
        }
    }

    /// Makes an inode what `file` says, and opens it for its data.
    pub(crate) fn make_inode(
        &mut self,
        number: u32,
        path: &[u8],
        file: &File,
    ) -> Result<(), WriteError> {
        let mut file_mode = file.mode;
        if file_mode & mode::TYPE_MASK == 0 {
            file_mode |= mode::S_IFREG;
        }
        let shown = || path::shown(path);
        let kind = file_mode & mode::TYPE_MASK;
        let clean = self.options.is_clean();
        let mut size = 0;
        let mut data = Data::None;
        let mut inline_data = None;
        match kind {
            mode::S_IFREG => {
                size = file.size;
                if size > MAX_FILE_SIZE {
                    return Err(WriteError::FileTooBig {
                        path: shown(),
                        size,
                        limit: MAX_FILE_SIZE,
                    });
                }
                if self.options.has_inline_data() && size <= SMALL_FILE {
                    let bytes = vec![0; usize::try_from(size).unwrap_or(0)];
                    inline_data = Some(vec![0; bytes.len().saturating_sub(INODE_DATA)]);
                    data = Data::Inline(bytes.into());
                }
            }
            mode::S_IFLNK => {
                // A symbolic link shows all permissions.
                file_mode |= 0o777;
                size = file.link_name.len() as u64;
                if file.link_name.len() <= SMALL_LINK {
                    data = Data::Inline(file.link_name.as_slice().into());
                }
                if clean && (size == 0 || size > 4095) {
                    let reason = "a target has 1 to 4095 bytes";
                    return Err(WriteError::InvalidSymlink { path: shown(), reason });
                }
            }
            mode::S_IFCHR | mode::S_IFBLK => {
                data = Data::Device { major: file.dev_major, minor: file.dev_minor };
            }
            mode::S_IFDIR | mode::S_IFIFO | mode::S_IFSOCK => {}
            _ => return Err(WriteError::InvalidMode { path: shown(), mode: file_mode }),
        }
        let replaced = self.inode(number).is_some_and(|inode| self.is_replaced(inode));
        let xattrs = self.merged_xattrs(number, &file.xattrs, replaced);
        let placed = xattr::place(inline_data.as_deref(), &xattrs, self.order)
            .map_err(|name| xattr_error(shown(), name))?;
        if clean {
            check_xattr_names(path, &xattrs)?;
        }
        let times = self.times;
        let Some(inode) = self.inode_mut(number) else { return Ok(()) };
        let old_data = std::mem::replace(&mut inode.data, data);
        inode.mode = file_mode;
        (inode.uid, inode.gid, inode.size) = (file.uid, file.gid, size);
        inode.atime = times.encode(file.atime);
        inode.ctime = times.encode(file.ctime);
        inode.mtime = times.encode(file.mtime);
        inode.crtime = times.encode(file.crtime);
        inode.has_inline_data = inline_data.is_some();
        if replaced {
            let xattr_block = std::mem::take(&mut inode.xattr_block);
            inode.blocks = 0;
            self.free(&old_data, xattr_block);
        }
        let written = self.write_inode_blocks(number, placed, file);
        self.checked(written)?;
        if kind == mode::S_IFREG {
            let start = self.output.block();
            self.current = Some(Current { inode: number, path: shown(), start, written: 0, size });
        }
        Ok(())
    }

    /// Writes the block of attributes and the target of a long link.
    fn write_inode_blocks(
        &mut self,
        number: u32,
        placed: Placed,
        file: &File,
    ) -> Result<(), WriteError> {
        let has_block = placed.block.is_some();
        let Some(inode) = self.inode_mut(number) else { return Ok(()) };
        inode.inline_xattrs = placed.inline;
        let mut xattr_block = inode.xattr_block;
        // A block that a file has stays its own, even when it is empty now.
        if has_block || xattr_block != 0 {
            let bytes = placed.block.unwrap_or_else(xattr::empty_block);
            if xattr_block == 0 {
                let limit = self.output.limit();
                xattr_block =
                    u32::try_from(self.output.block()).map_err(|_| WriteError::DiskFull(limit))?;
                self.output.write(&bytes[..])?;
                if let Some(inode) = self.inode_mut(number) {
                    inode.xattr_block = xattr_block;
                    inode.blocks += 1;
                }
            } else {
                self.output.rewrite(u64::from(xattr_block), &bytes[..])?;
            }
            self.keep_xattrs(number, bytes);
        }
        let is_link = file.mode & mode::TYPE_MASK == mode::S_IFLNK;
        if is_link && file.link_name.len() > SMALL_LINK {
            let start = self.output.block();
            self.output.write(&file.link_name)?;
            self.end_extents(number, start)?;
        }
        Ok(())
    }

    /// Whether nothing of the file that is replaced is to be seen any more. The reference
    /// lets a file that lay in its inode pass its attributes on; it refuses others.
    fn is_replaced(&self, inode: &Inode) -> bool {
        let is_new = inode.mode == 0;
        let clean = self.options.is_clean();
        !is_new && !inode.is_directory() && (clean || matches!(inode.data, Data::Extents(_)))
    }

    /// The attributes of a file: new ones, and those it had.
    fn merged_xattrs(&self, number: u32, new: &Xattrs, replaced: bool) -> Xattrs {
        let mut xattrs = Xattrs::new();
        let before = self.inode(number).filter(|_| !replaced);
        if self.options.is_clean()
            && let Some(kept) = self.kept_xattrs.get(&number)
        {
            xattr::read_block(kept, self.order, &mut xattrs);
        }
        if let Some(inline) = before.and_then(|inode| inode.inline_xattrs.as_ref()) {
            xattr::read_inline(inline, self.order, &mut xattrs);
        }
        // Of a file that lay in its inode the reference still has the room, not the data.
        if let Some(data) = xattrs.get_mut(xattr::INLINE_DATA) {
            data.fill(0);
        }
        let clean = self.options.is_clean();
        xattrs.extend(new.iter().map(|(name, value)| match clean {
            true => (name.clone(), xattr::as_on_disk(name, value)),
            false => (name.clone(), value.clone()),
        }));
        xattrs
    }

    /// Remembers a directory's block of attributes, as far as there is room.
    fn keep_xattrs(&mut self, number: u32, block: Box<[u8; BLOCK_SIZE]>) {
        let has_room = self.kept_xattrs.len() < MAX_KEPT_XATTRS;
        if !self.inode(number).is_some_and(Inode::is_directory) {
            return;
        }
        if has_room || self.kept_xattrs.contains_key(&number) {
            self.kept_xattrs.insert(number, block);
        }
    }
}

fn xattr_error(path: String, name: &[u8]) -> WriteError {
    let shown = path::shown(name);
    match name.len() {
        0..=MAX_NAME => WriteError::XattrTooBig { path, name: shown },
        _ => {
            let reason = "a name has 255 bytes at most";
            WriteError::XattrName { path, name: shown, reason }
        }
    }
}

fn check_xattr_names(path: &[u8], xattrs: &Xattrs) -> Result<(), WriteError> {
    let fault = xattrs.keys().find_map(|name| Some((name, xattr::name_fault(name)?)));
    match fault {
        Some((name, reason)) => {
            Err(WriteError::XattrName { path: path::shown(path), name: path::shown(name), reason })
        }
        None => Ok(()),
    }
}
