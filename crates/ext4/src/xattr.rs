//! Extended attributes: in the inode as far as they fit, the others in one block.

use std::collections::BTreeMap;

use crate::format::{BLOCK_SIZE, INODE_SIZE, XATTR_HEADER_MAGIC, XattrEntry, XattrHeader};

/// Attributes of a file by their full names, such as `user.mime_type`.
pub type Xattrs = BTreeMap<Vec<u8>, Vec<u8>>;

/// The part of an inode behind its fields.
pub(crate) const INLINE_LEN: usize = INODE_SIZE - 152;
/// The magic number before the entries of an inode.
const INLINE_HEADER: usize = 4;
/// The zeros that end a list of entries.
const END: usize = 4;

/// `system.data`: what a small file has beyond the 60 bytes of `i_block`.
pub(crate) const INLINE_DATA: &[u8] = b"system.data";

/// Prefixes that are a number on the disk, in the order they are looked for.
const PREFIXES: [(u8, &[u8]); 7] = [
    (2, b"system.posix_acl_access"),
    (3, b"system.posix_acl_default"),
    (8, b"system.richacl"),
    (7, b"system."),
    (1, b"user."),
    (4, b"trusted."),
    (6, b"security."),
];

/// In which order the entries of a block lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockOrder {
    /// The reference's. Its comparison is no order where a longer name sorts before a
    /// shorter one, and so a kernel may miss an attribute.
    Reference,
    /// The kernel's: by prefix, length, name.
    Kernel,
}

/// The attributes of a file as they lie on the disk.
#[derive(Debug, Default)]
pub(crate) struct Placed {
    pub(crate) inline: Option<Box<[u8; INLINE_LEN]>>,
    pub(crate) block: Option<Box<[u8; BLOCK_SIZE]>>,
}

/// Places attributes in the order of their names, each where there still is room, the
/// inode first. `inline_data` comes before all, so that a small file is never torn.
///
/// # Errors
/// The name of the attribute that has no room.
pub(crate) fn place<'a>(
    inline_data: Option<&'a [u8]>,
    xattrs: &'a Xattrs,
    order: BlockOrder,
) -> Result<Placed, &'a [u8]> {
    let mut inline = Room::new(INLINE_LEN - INLINE_HEADER - END);
    let mut block = Room::new(BLOCK_SIZE - XattrHeader::LEN - END);
    let data = inline_data.map(|data| (INLINE_DATA, data));
    let others = xattrs.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
    for (name, value) in data.into_iter().chain(others) {
        let entry = Entry::new(name, value).ok_or(name)?;
        if !inline.take(entry) && !block.take(entry) {
            return Err(name);
        }
    }
    let mut placed = Placed::default();
    if !inline.entries.is_empty() {
        let mut bytes = Box::new([0; INLINE_LEN]);
        bytes[..INLINE_HEADER].copy_from_slice(&XATTR_HEADER_MAGIC.to_le_bytes());
        // Values are found from the first entry.
        put(&inline.entries, &mut bytes[INLINE_HEADER..], 0);
        placed.inline = Some(bytes);
    }
    if !block.entries.is_empty() {
        order.sort(&mut block.entries);
        placed.block = Some(block_of(&block.entries));
    }
    Ok(placed)
}

/// A block without attributes: what is left where all moved elsewhere.
pub(crate) fn empty_block() -> Box<[u8; BLOCK_SIZE]> {
    block_of(&[])
}

fn block_of(entries: &[Entry<'_>]) -> Box<[u8; BLOCK_SIZE]> {
    let mut bytes = Box::new([0; BLOCK_SIZE]);
    let mut header = Vec::with_capacity(XattrHeader::LEN);
    XattrHeader { magic: XATTR_HEADER_MAGIC, reference_count: 1, blocks: 1, ..Default::default() }
        .put(&mut header);
    bytes[..XattrHeader::LEN].copy_from_slice(&header);
    // Values are found from the beginning of the block.
    put(entries, &mut bytes[XattrHeader::LEN..], XattrHeader::LEN);
    bytes
}

/// Sets the value of `system.data`, which was placed with one of this length.
pub(crate) fn set_inline_data(inline: &mut [u8; INLINE_LEN], value: &[u8]) {
    if let Some(entry) = Entry::new(INLINE_DATA, value) {
        put(&[entry], &mut inline[INLINE_HEADER..], 0);
    }
}

/// Reads back what [`place`] put into an inode.
pub(crate) fn read_inline(inline: &[u8; INLINE_LEN], order: BlockOrder, xattrs: &mut Xattrs) {
    read(&inline[INLINE_HEADER..], 0, order, xattrs);
}

/// Reads back what [`place`] put into a block.
pub(crate) fn read_block(block: &[u8; BLOCK_SIZE], order: BlockOrder, xattrs: &mut Xattrs) {
    read(&block[XattrHeader::LEN..], XattrHeader::LEN, order, xattrs);
}

/// Reads entries up to the last one. The reference takes one whose name is its prefix,
/// such as an ACL, for the end.
fn read(area: &[u8], offset_of_area: usize, order: BlockOrder, xattrs: &mut Xattrs) {
    let is_end = |entry: &XattrEntry| match order {
        BlockOrder::Reference => entry.name_length == 0,
        BlockOrder::Kernel => entry.name_length == 0 && entry.name_index == 0,
    };
    let mut rest = area;
    while let Some(entry) = XattrEntry::parse(rest).filter(|entry| !is_end(entry)) {
        let name_end = XattrEntry::LEN + usize::from(entry.name_length);
        let start = usize::from(entry.value_offset).saturating_sub(offset_of_area);
        let end = start + usize::try_from(entry.value_size).unwrap_or(usize::MAX).min(area.len());
        let (Some(name), Some(value)) = (rest.get(XattrEntry::LEN..name_end), area.get(start..end))
        else {
            return;
        };
        xattrs.insert(full_name(entry.name_index, name), value.to_vec());
        rest = rest.get(name_end.next_multiple_of(4)..).unwrap_or_default();
    }
}

/// Why e2fsck would find fault with a name.
pub(crate) fn name_fault(full_name: &[u8]) -> Option<&'static str> {
    match Entry::new(full_name, b"") {
        Some(Entry { index: 0, .. }) => {
            Some("it begins with none of user., trusted., security., system.")
        }
        // Those of ACLs and of richacl are names by themselves.
        Some(Entry { index: 1 | 4 | 6 | 7, name: b"", .. }) => Some("nothing follows its prefix"),
        _ => None,
    }
}

/// An ACL as ext4 keeps it, from the form that `getxattr(2)` gives and archives carry:
/// version 1 instead of 2, and an id only where an entry names a user or a group. Any
/// other value stays as it is.
///
/// Source: `ext4_acl_to_disk` and `posix_acl_xattr.h` of the kernel.
pub(crate) fn as_on_disk(name: &[u8], value: &[u8]) -> Vec<u8> {
    let is_acl = [&b"system.posix_acl_access"[..], b"system.posix_acl_default"].contains(&name);
    let entries = value.strip_prefix(&2u32.to_le_bytes());
    let Some(entries) = entries.filter(|entries| is_acl && entries.len() % 8 == 0) else {
        return value.to_vec();
    };
    let mut disk = 1u32.to_le_bytes().to_vec();
    for entry in entries.chunks(8) {
        let (tag_and_permissions, id) = entry.split_at(4);
        disk.extend_from_slice(tag_and_permissions);
        // ACL_USER and ACL_GROUP.
        if matches!(entry[..2], [2, 0] | [8, 0]) {
            disk.extend_from_slice(id);
        }
    }
    disk
}

/// An attribute with its prefix as a number.
#[derive(Debug, Clone, Copy)]
struct Entry<'a> {
    index: u8,
    name: &'a [u8],
    value: &'a [u8],
    name_length: u8,
}

impl<'a> Entry<'a> {
    /// `None` where the name is longer than any.
    fn new(full_name: &'a [u8], value: &'a [u8]) -> Option<Self> {
        let (index, name) = PREFIXES
            .iter()
            .find_map(|(index, prefix)| Some((*index, full_name.strip_prefix(*prefix)?)))
            .unwrap_or((0, full_name));
        Some(Self { index, name, value, name_length: u8::try_from(name.len()).ok()? })
    }

    fn entry_len(&self) -> usize {
        XattrEntry::LEN + self.name.len().next_multiple_of(4)
    }

    fn value_len(&self) -> usize {
        self.value.len().next_multiple_of(4)
    }

    /// `ext4_xattr_hash_entry`, on bytes without a sign.
    fn hash(&self) -> u32 {
        let name = self.name.iter().fold(0u32, |hash, byte| hash.rotate_left(5) ^ u32::from(*byte));
        self.value.chunks(4).fold(name, |hash, chunk| {
            let mut word = [0; 4];
            word[..chunk.len()].copy_from_slice(chunk);
            hash.rotate_left(16) ^ u32::from_le_bytes(word)
        })
    }
}

fn full_name(index: u8, name: &[u8]) -> Vec<u8> {
    let prefix = PREFIXES.iter().find(|(known, _)| *known == index);
    [prefix.map_or(&b""[..], |(_, prefix)| prefix), name].concat()
}

/// Entries and the room that is left for more.
struct Room<'a> {
    entries: Vec<Entry<'a>>,
    left: usize,
}

impl<'a> Room<'a> {
    fn new(left: usize) -> Self {
        Self { entries: Vec::new(), left }
    }

    fn take(&mut self, entry: Entry<'a>) -> bool {
        let Some(left) = self.left.checked_sub(entry.entry_len() + entry.value_len()) else {
            return false;
        };
        self.left = left;
        self.entries.push(entry);
        true
    }
}

/// Entries from the front of `area`, their values from its back.
fn put(entries: &[Entry<'_>], area: &mut [u8], offset_of_area: usize) {
    let mut front = 0;
    let mut back = area.len();
    for entry in entries {
        back -= entry.value_len();
        let mut bytes = Vec::with_capacity(entry.entry_len());
        XattrEntry {
            name_length: entry.name_length,
            name_index: entry.index,
            value_offset: u16::try_from(back + offset_of_area).unwrap_or(u16::MAX),
            value_size: u32::try_from(entry.value.len()).unwrap_or(u32::MAX),
            hash: entry.hash(),
            ..Default::default()
        }
        .put(&mut bytes);
        bytes.extend_from_slice(entry.name);
        area[front..front + bytes.len()].copy_from_slice(&bytes);
        area[back..back + entry.value.len()].copy_from_slice(entry.value);
        front += entry.entry_len();
    }
}

impl BlockOrder {
    fn sort(self, entries: &mut [Entry<'_>]) {
        let key = |entry: &Entry<'_>| (entry.index, entry.name_length);
        let kernel = |a: &Entry<'_>, b: &Entry<'_>| key(a).cmp(&key(b)).then(a.name.cmp(b.name));
        // What the reference's sort does with up to 12 entries is an insertion sort.
        // With more, it depends on its library where the comparison is no order.
        if self == Self::Kernel || entries.len() > 12 {
            entries.sort_by(kernel);
            return;
        }
        let less = |a: &Entry<'_>, b: &Entry<'_>| {
            a.index < b.index || a.name_length < b.name_length || a.name < b.name
        };
        for end in 1..entries.len() {
            let mut at = end;
            while at > 0 && less(&entries[at], &entries[at - 1]) {
                entries.swap(at, at - 1);
                at -= 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xattrs(list: &[(&str, &[u8])]) -> Xattrs {
        list.iter().map(|(name, value)| (name.as_bytes().to_vec(), value.to_vec())).collect()
    }

    #[test]
    fn what_is_in_the_inode_reads_back() {
        let all = xattrs(&[("user.a", b"1"), ("security.capability", &[0; 20]), ("odd", b"")]);
        let placed = place(None, &all, BlockOrder::Reference).expect("placed");
        assert!(placed.block.is_none());
        let mut back = Xattrs::new();
        read_inline(&placed.inline.expect("inline"), BlockOrder::Reference, &mut back);
        assert_eq!(back, all);
    }

    #[test]
    fn what_does_not_fit_goes_to_the_block_and_then_nowhere() {
        let all = xattrs(&[("user.a", &[1; 4000]), ("user.b", &[2; 40])]);
        let placed = place(None, &all, BlockOrder::Reference).expect("placed");
        let block = placed.block.expect("block");
        assert_eq!(block[96..4096], [1; 4000]);
        assert!(placed.inline.is_some());
        let all = xattrs(&[("user.a", &[1; 4000]), ("user.b", &[2; 90])]);
        assert_eq!(place(None, &all, BlockOrder::Kernel).err(), Some(&b"user.b"[..]));
    }

    #[test]
    fn an_acl_ends_what_the_reference_reads_back() {
        let all = xattrs(&[("system.posix_acl_access", &[1; 200]), ("user.z", &[2; 200])]);
        for (order, count) in [(BlockOrder::Reference, 1), (BlockOrder::Kernel, 2)] {
            let placed = place(None, &all, order).expect("placed");
            let mut back = Xattrs::new();
            read_block(&placed.block.expect("block"), order, &mut back);
            // The reference's order puts the ACL last.
            assert_eq!(back.len(), count, "{order:?}");
            assert!(back.contains_key(&b"user.z"[..]));
        }
    }

    #[test]
    fn inline_data_is_the_first_even_when_empty() {
        let all = xattrs(&[("security.x", b"y")]);
        let placed = place(Some(b""), &all, BlockOrder::Reference).expect("placed");
        let inline = placed.inline.expect("inline");
        assert_eq!(inline[4..6], [4, 7]);
        assert_eq!(&inline[20..24], b"data");
    }

    #[test]
    fn the_kernel_finds_names_by_length_first() {
        let all = xattrs(&[("user.zz", &[0; 90]), ("user.aaa", &[0; 90]), ("trusted.b", &[0; 90])]);
        let placed = place(None, &all, BlockOrder::Kernel).expect("placed");
        let block = placed.block.expect("block");
        let first = XattrEntry::parse(&block[32..]).expect("entry");
        assert_eq!((first.name_index, first.name_length), (1, 2));
    }

    #[test]
    fn an_acl_loses_the_ids_that_name_nobody() {
        let none = [0xff; 4];
        let mut value = vec![2, 0, 0, 0, 1, 0, 7, 0];
        value.extend(none);
        value.extend([2, 0, 5, 0, 0xe8, 3, 0, 0, 0x10, 0, 5, 0]);
        value.extend(none);
        let disk = as_on_disk(b"system.posix_acl_access", &value);
        assert_eq!(disk, [1, 0, 0, 0, 1, 0, 7, 0, 2, 0, 5, 0, 0xe8, 3, 0, 0, 0x10, 0, 5, 0]);
        assert_eq!(as_on_disk(b"user.a", &value), value);
        assert_eq!(as_on_disk(b"system.posix_acl_access", &value[..9]), value[..9]);
    }

    #[test]
    fn names_that_e2fsck_minds_are_known() {
        assert_eq!(name_fault(b"user.a"), None);
        assert_eq!(name_fault(b"system.posix_acl_access"), None);
        for name in ["", "user.", "system.", "com.apple.quarantine"] {
            assert!(name_fault(name.as_bytes()).is_some(), "{name}");
        }
    }

    #[test]
    fn a_name_beyond_255_bytes_is_refused() {
        let name = format!("user.{}", "n".repeat(256));
        let all = xattrs(&[(&name, b"")]);
        assert!(place(None, &all, BlockOrder::Kernel).is_err());
    }
}
