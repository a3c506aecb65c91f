//! Writes an image file by file.

use std::collections::HashMap;
use std::io::{Seek, Write};

use crate::error::WriteError;
use crate::extents::Extents;
use crate::file::File;
use crate::format::{BLOCK_SIZE, INODE_FIRST, INODE_ROOT, MAX_LINKS, mode};
use crate::inode::{Data, Inode};
use crate::layout;
use crate::options::Options;
use crate::output::Output;
use crate::path;
use crate::time::TimeEncoding;
use crate::xattr::{self, BlockOrder};

/// The largest file: 128 GiB.
pub const MAX_FILE_SIZE: u64 = 128 << 30;
/// Bytes of a small file that lie in `i_block`.
pub(crate) const INODE_DATA: usize = 60;

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
    pub(crate) current: Option<Current>,
    pub(crate) times: TimeEncoding,
    pub(crate) order: BlockOrder,
    /// The blocks of attributes that directories have.
    pub(crate) kept_xattrs: HashMap<u32, Box<[u8; BLOCK_SIZE]>>,
    pub(crate) max_inodes: u64,
    failed: bool,
}

/// The file that data belongs to.
#[derive(Debug)]
pub(crate) struct Current {
    pub(crate) inode: u32,
    pub(crate) path: String,
    pub(crate) start: u64,
    pub(crate) written: u64,
    pub(crate) size: u64,
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
            Some(kept) => xattr::read_block(kept, self.order, &mut file.xattrs),
            None if inode.xattr_block != 0 => {
                return Err(WriteError::ForgottenXattrs(path::shown(path)));
            }
            None => {}
        }
        if let Some(inline) = &inode.inline_xattrs {
            xattr::read_inline(inline, self.order, &mut file.xattrs);
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

    /// After an error of the output nothing can be right any more.
    pub(crate) fn checked<T>(&mut self, outcome: Result<T, WriteError>) -> Result<T, WriteError> {
        self.failed |= outcome.is_err();
        outcome
    }
}
