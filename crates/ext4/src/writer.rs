//! Writes an image file by file.

use std::collections::HashMap;
use std::io::{Seek, Write};

use crate::error::WriteError;
use crate::extents::Extents;
use crate::file::File;
use crate::format::{INODE_FIRST, INODE_ROOT, MAX_LINKS, MAX_NAME, mode};
use crate::inode::{Data, Inode};
use crate::layout;
use crate::options::Options;
use crate::output::Output;
use crate::path;
use crate::time::TimeEncoding;
use crate::xattr::{self, BlockOrder, Placed, Xattrs};

/// The largest file: 128 GiB.
pub const MAX_FILE_SIZE: u64 = 128 << 30;
/// Bytes of a link's target, or of a small file, that lie in `i_block`.
const SMALL_LINK: usize = 59;
const INODE_DATA: usize = 60;
/// Bytes of a file that lie in its inode: 60, and what an attribute can have.
const SMALL_FILE: u64 = 136;
/// Attributes of directories that are kept in case an opaque whiteout asks for them.
const MAX_KEPT_XATTRS: usize = 64 << 20;

/// Writes a compact ext4 file system from the front to the back.
///
/// Data is written as it comes, so memory grows with the number of files, not with
/// their sizes. The output is written in pieces as small as they come: give it a
/// [`BufWriter`](std::io::BufWriter) around a file.
///
/// After an error of the output all further calls fail.
#[derive(Debug)]
pub struct Writer<W> {
    pub(crate) output: Output<W>,
    pub(crate) options: Options,
    /// By number, the first has 1. `None` are reserved, or free again.
    pub(crate) inodes: Vec<Option<Inode>>,
    /// Blocks that were written and that no file has any more: first, count.
    pub(crate) freed: Vec<(u32, u32)>,
    pub(crate) descriptor_blocks: u64,
    current: Option<Current>,
    times: TimeEncoding,
    order: BlockOrder,
    /// All attributes of directories that have some in a block.
    kept_xattrs: HashMap<u32, Xattrs>,
    kept_bytes: usize,
    max_inodes: u64,
    failed: bool,
}

/// The file that data belongs to.
#[derive(Debug)]
struct Current {
    inode: u32,
    path: String,
    start: u64,
    written: u64,
    size: u64,
}

/// Where a path leads to.
struct Place<'a> {
    folder: u32,
    name: &'a [u8],
    inode: Option<u32>,
}

impl<W: Write + Seek> Writer<W> {
    /// Begins an image at byte 0 of the output: a root and `lost+found`.
    ///
    /// # Errors
    /// The output's, and [`WriteError::DiskFull`] where not even that has room.
    pub fn new(output: W, options: &Options) -> Result<Self, WriteError> {
        let limit = options.disk_limit();
        let descriptor_blocks = layout::descriptor_blocks(limit);
        let clean = options.is_clean();
        let mut writer = Self {
            output: Output::new(output, 1 + descriptor_blocks, limit, options.sparse)?,
            options: options.clone(),
            inodes: Vec::new(),
            freed: Vec::new(),
            descriptor_blocks,
            current: None,
            times: if clean { TimeEncoding::Kernel } else { TimeEncoding::Reference },
            order: if clean { BlockOrder::Kernel } else { BlockOrder::Reference },
            kept_xattrs: HashMap::new(),
            kept_bytes: 0,
            max_inodes: layout::most_inodes(descriptor_blocks)
                .min(options.max_files.saturating_add(u64::from(INODE_FIRST) - 1)),
            failed: false,
        };
        // The bad blocks have inode 1, the root 2; up to lost+found all are reserved.
        writer.inodes.push(None);
        let mut root = Inode { mode: mode::S_IFDIR | 0o755, links: 2, ..Default::default() };
        root.children = Some(Box::default());
        writer.inodes.push(Some(root));
        writer.inodes.resize_with(INODE_FIRST as usize - 1, || None);
        // e2fsck wants it.
        let lost_found = File { mode: mode::S_IFDIR | 0o700, ..Default::default() };
        writer.create(b"lost+found", &lost_found)?;
        Ok(writer)
    }

    /// Creates missing folders of a path, each with owner, mode and times of its parent.
    ///
    /// # Errors
    /// As [`create`](Self::create) of each.
    pub fn make_parents(&mut self, path: &[u8]) -> Result<(), WriteError> {
        self.finish_file()?;
        let names = path::names(path);
        let mut folder = INODE_ROOT;
        let folders = names.len().saturating_sub(1);
        for (index, name) in names[..folders].iter().enumerate() {
            let Some(children) = self.inode(folder).and_then(|inode| inode.children.as_ref())
            else {
                // A file: whoever creates something below it is told so.
                return Ok(());
            };
            folder = match children.get(*name) {
                Some(child) => *child,
                None => {
                    let parent = self.describe(folder);
                    self.create_in(folder, name, &names[..=index].join(&b'/'), &parent)?
                }
            };
        }
        Ok(())
    }

    /// Creates a file, or replaces one. The data of a regular file is expected next, by
    /// [`write`](Self::write). Over a directory, a directory's attributes are renewed;
    /// the others it has stay.
    ///
    /// # Errors
    /// What the path, the file or the image's size does not allow.
    pub fn create(&mut self, path: &[u8], file: &File) -> Result<(), WriteError> {
        self.finish_file()?;
        let place = self.lookup(path)?;
        let is_directory = file.mode & mode::TYPE_MASK == mode::S_IFDIR;
        let Some(existing) = place.inode else {
            return self.create_in(place.folder, place.name, path, file).map(drop);
        };
        let was_directory = self.inode(existing).is_some_and(Inode::is_directory);
        match (was_directory, is_directory) {
            (true, false) => return Err(WriteError::DirectoryToFile(path::shown(path))),
            (false, true) => return Err(WriteError::FileToDirectory(path::shown(path))),
            _ => {}
        }
        // A file with other names keeps them; this name becomes another file.
        if !was_directory && self.inode(existing).is_some_and(|inode| inode.links > 1) {
            let new = self.create_in(place.folder, place.name, path, file)?;
            debug_assert_ne!(new, existing);
            self.unlink(existing);
            return Ok(());
        }
        self.make_inode(existing, path, file)
    }

    /// Adds another name of a file. A name that a file has already moves to the other.
    ///
    /// # Errors
    /// What the paths do not allow.
    pub fn link(&mut self, target: &[u8], path: &[u8]) -> Result<(), WriteError> {
        self.finish_file()?;
        let place = self.lookup(path)?;
        let is_directory = |inode| self.inode(inode).is_some_and(Inode::is_directory);
        if place.inode.is_some_and(is_directory) {
            return Err(WriteError::LinkOverDirectory(path::shown(path)));
        }
        let found = self.lookup(target)?.inode;
        let inode = found.ok_or_else(|| WriteError::FileNotFound(path::shown(target)))?;
        let shown = || (path::shown(path), path::shown(target));
        if is_directory(inode) {
            let (path, target) = shown();
            return Err(WriteError::LinkToDirectory { path, target });
        }
        if place.inode == Some(inode) {
            return Ok(());
        }
        if self.inode(inode).is_some_and(|inode| inode.links >= MAX_LINKS) {
            let (path, target) = shown();
            return Err(WriteError::TooManyLinks { path, target });
        }
        let (folder, name, existing) = (place.folder, Box::from(place.name), place.inode);
        self.insert(folder, name, inode);
        if let Some(existing) = existing {
            self.unlink(existing);
        }
        Ok(())
    }

    /// What is known of a file.
    ///
    /// # Errors
    /// [`WriteError::FileNotFound`], and where the target of a link is not known any more.
    pub fn stat(&mut self, path: &[u8]) -> Result<File, WriteError> {
        self.finish_file()?;
        let found = self.lookup(path)?.inode;
        let number = found.ok_or_else(|| WriteError::FileNotFound(path::shown(path)))?;
        let mut file = self.describe(number);
        let Some(inode) = self.inode(number) else { return Ok(file) };
        file.size = inode.size;
        match &inode.data {
            Data::Inline(target) if inode.file_type() == mode::S_IFLNK => {
                file.link_name = target.to_vec();
            }
            Data::Device { major, minor } => (file.dev_major, file.dev_minor) = (*major, *minor),
            Data::Extents(_) if inode.file_type() == mode::S_IFLNK => {
                return Err(WriteError::LongLink(path::shown(path)));
            }
            _ => {}
        }
        match self.kept_xattrs.get(&number) {
            Some(kept) => file.xattrs.clone_from(kept),
            None if inode.xattr_block != 0 => {
                return Err(WriteError::ForgottenXattrs(path::shown(path)));
            }
            None => {}
        }
        if let Some(inline) = &inode.inline_xattrs {
            xattr::read_inline(inline, &mut file.xattrs);
            file.xattrs.remove(xattr::INLINE_DATA);
        }
        Ok(file)
    }

    /// Writes data of the file that was created last.
    ///
    /// # Errors
    /// [`WriteError::TooMuchData`] beyond the file's size, and the output's.
    pub fn write(&mut self, data: &[u8]) -> Result<(), WriteError> {
        let Some((current, inode)) = self.current_after(data.len() as u64)? else { return Ok(()) };
        let before = usize::try_from(current.written).unwrap_or(usize::MAX);
        current.written += data.len() as u64;
        if inode.has_inline_data {
            // At most 136 bytes in all, as `current_after` has seen to.
            if let Data::Inline(bytes) = &mut inode.data {
                bytes[before..before + data.len()].copy_from_slice(data);
            }
            return Ok(());
        }
        let written = self.output.write(data);
        self.checked(written)
    }

    /// Writes zeros of the file that was created last.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_zeros(&mut self, count: u64) -> Result<(), WriteError> {
        let Some((current, inode)) = self.current_after(count)? else { return Ok(()) };
        current.written += count;
        if inode.has_inline_data {
            return Ok(());
        }
        let written = self.output.zeros(count);
        self.checked(written)
    }

    /// Ends the current file.
    pub(crate) fn finish_file(&mut self) -> Result<(), WriteError> {
        if self.failed {
            return Err(WriteError::Failed);
        }
        let Some(current) = &self.current else { return Ok(()) };
        if current.written != current.size {
            let (path, written, size) = (current.path.clone(), current.written, current.size);
            return Err(WriteError::TooLittleData { path, written, size });
        }
        let (number, start, size) = (current.inode, current.start, current.size);
        self.current = None;
        let Some(inode) = self.inode_mut(number) else { return Ok(()) };
        if inode.has_inline_data {
            if let (Data::Inline(bytes), Some(xattrs)) = (&mut inode.data, &mut inode.inline_xattrs)
            {
                let (first, rest) = bytes.split_at(bytes.len().min(INODE_DATA));
                xattr::set_inline_data(xattrs, rest);
                inode.data = Data::Inline(first.into());
            }
            return Ok(());
        }
        if size == 0 {
            return Ok(());
        }
        let ended = self.end_extents(number, start);
        self.checked(ended)
    }

    /// Gives a file all blocks from `start` on.
    pub(crate) fn end_extents(&mut self, number: u32, start: u64) -> Result<(), WriteError> {
        self.output.fill_block()?;
        let limit = self.output.limit();
        let number_of = |block: u64| u32::try_from(block).map_err(|_| WriteError::DiskFull(limit));
        let extents =
            Extents { start: number_of(start)?, blocks: number_of(self.output.block() - start)? };
        let mut index_blocks = Vec::new();
        extents.put_index_blocks(&mut index_blocks);
        self.output.write(&index_blocks)?;
        if let Some(inode) = self.inode_mut(number) {
            inode.data = Data::Extents(extents);
            inode.blocks += extents.all_blocks();
        }
        Ok(())
    }

    /// Creates a file under a name, whatever had the name before.
    fn create_in(
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
    fn make_inode(&mut self, number: u32, path: &[u8], file: &File) -> Result<(), WriteError> {
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
                if self.options.inline_data && size <= SMALL_FILE {
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
        let written = self.write_inode_blocks(number, placed, xattrs, file);
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
        xattrs: Xattrs,
        file: &File,
    ) -> Result<(), WriteError> {
        let has_block = placed.block.is_some();
        let Some(inode) = self.inode_mut(number) else { return Ok(()) };
        inode.inline_xattrs = placed.inline;
        let mut xattr_block = inode.xattr_block;
        self.keep_xattrs(number, (has_block || xattr_block != 0).then_some(xattrs));
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
            xattrs.clone_from(kept);
        }
        if let Some(inline) = before.and_then(|inode| inode.inline_xattrs.as_ref()) {
            xattr::read_inline(inline, &mut xattrs);
        }
        let clean = self.options.is_clean();
        xattrs.extend(new.iter().map(|(name, value)| match clean {
            true => (name.clone(), xattr::as_on_disk(name, value)),
            false => (name.clone(), value.clone()),
        }));
        xattrs
    }

    /// Remembers what a directory has, as far as there is room.
    fn keep_xattrs(&mut self, number: u32, xattrs: Option<Xattrs>) {
        let size = |xattrs: &Xattrs| {
            xattrs.iter().map(|(name, value)| name.len() + value.len() + 64).sum::<usize>()
        };
        if let Some(old) = self.kept_xattrs.remove(&number) {
            self.kept_bytes -= size(&old);
        }
        if let Some(xattrs) = xattrs
            && self.inode(number).is_some_and(Inode::is_directory)
            && self.kept_bytes + size(&xattrs) <= MAX_KEPT_XATTRS
        {
            self.kept_bytes += size(&xattrs);
            self.kept_xattrs.insert(number, xattrs);
        }
    }

    /// Owner, mode and times of a file.
    fn describe(&self, number: u32) -> File {
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
    fn lookup<'a>(&self, path: &'a [u8]) -> Result<Place<'a>, WriteError> {
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

    fn child(&self, folder: u32, name: &[u8]) -> Option<u32> {
        self.inode(folder)?.children.as_ref()?.get(name).copied()
    }

    /// Gives an inode a name.
    fn insert(&mut self, folder: u32, name: Box<[u8]>, number: u32) {
        if let Some(children) = self.inode_mut(folder).and_then(|inode| inode.children.as_mut()) {
            children.insert(name, number);
        }
        if let Some(inode) = self.inode_mut(number) {
            inode.links += 1;
        }
    }

    /// Takes a name from a file; with the last one it is gone.
    fn unlink(&mut self, number: u32) {
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
    fn free(&mut self, data: &Data, xattr_block: u32) {
        if let Data::Extents(extents) = data {
            self.freed.push((extents.start, extents.all_blocks()));
        }
        if xattr_block != 0 {
            self.freed.push((xattr_block, 1));
        }
    }

    /// The current file, with room for so many bytes more; `None` for no bytes.
    fn current_after(
        &mut self,
        count: u64,
    ) -> Result<Option<(&mut Current, &mut Inode)>, WriteError> {
        if self.failed {
            return Err(WriteError::Failed);
        }
        if count == 0 {
            return Ok(None);
        }
        let current = self.current.as_mut().ok_or(WriteError::NoFile)?;
        let written = current.written.saturating_add(count);
        if written > current.size {
            let (path, size) = (current.path.clone(), current.size);
            return Err(WriteError::TooMuchData { path, written, size });
        }
        let inode = self.inodes.get_mut(current.inode as usize - 1).and_then(Option::as_mut);
        let inode = inode.ok_or(WriteError::NoFile)?;
        Ok(Some((current, inode)))
    }

    pub(crate) fn inode(&self, number: u32) -> Option<&Inode> {
        self.inodes.get(number as usize - 1)?.as_ref()
    }

    pub(crate) fn inode_mut(&mut self, number: u32) -> Option<&mut Inode> {
        self.inodes.get_mut(number as usize - 1)?.as_mut()
    }

    /// After an error of the output nothing can be right any more.
    fn checked<T>(&mut self, outcome: Result<T, WriteError>) -> Result<T, WriteError> {
        self.failed |= outcome.is_err();
        outcome
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
    match xattrs.keys().find(|name| xattr::is_nameless(name)) {
        Some(name) => Err(WriteError::XattrName {
            path: path::shown(path),
            name: path::shown(name),
            reason: "nothing follows its prefix",
        }),
        None => Ok(()),
    }
}
