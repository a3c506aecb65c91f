//! What an archive says about one of its files.

/// The prefix of the extended header's keys that hold extended attributes.
const XATTR_PREFIX: &[u8] = b"SCHILY.xattr.";

/// The second that Go's zero time stands for: 1 January of the year 1.
const GO_ZERO_TIME: i64 = -62_135_596_800;

/// An entry of an archive.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// The path as the archive has it: any bytes, absolute or not, with `..` or a slash at the end.
    pub path: Vec<u8>,
    /// What a link points to.
    pub link_name: Vec<u8>,
    /// What the entry is.
    pub kind: EntryKind,
    /// Permission bits; writers may add type bits.
    pub mode: i64,
    /// The owner's number.
    pub uid: i64,
    /// The group's number.
    pub gid: i64,
    /// Bytes of data, with the holes of a sparse file; 0 for kinds that have none.
    pub size: u64,
    /// When the data was changed. None for a global header.
    ///
    /// None also for 1 January of the year 1, which Go's reader can't tell from no time; this
    /// holds for all three times.
    pub modified: Option<Timestamp>,
    /// When the file was last read, if the archive says so.
    pub accessed: Option<Timestamp>,
    /// When the file's metadata was changed, if the archive says so.
    pub changed: Option<Timestamp>,
    /// The major number of a device.
    pub dev_major: i64,
    /// The minor number of a device.
    pub dev_minor: i64,
    /// The extended header's records, sorted by key; of a key that occurs more than once the last.
    ///
    /// A record with an empty value says that the plain header's field holds. It is kept, as Go's
    /// reader does: an extended attribute may well be empty.
    pub records: Vec<(Vec<u8>, Vec<u8>)>,
    /// Where the entry's own header begins in the archive, in bytes.
    pub position: u64,
}

impl Entry {
    /// The value of an extended header's record.
    #[must_use]
    pub fn record(&self, key: &[u8]) -> Option<&[u8]> {
        let found = self.records.binary_search_by(|(have, _)| have.as_slice().cmp(key)).ok()?;
        self.records.get(found).map(|(_, value)| value.as_slice())
    }

    /// The extended attributes, as names and values, sorted by name.
    pub fn xattrs(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.records
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(XATTR_PREFIX)?, value.as_slice())))
    }
}

/// What an entry is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EntryKind {
    /// A file with data, sparse or not.
    Regular,
    /// Another name of an earlier entry.
    Link,
    /// A symbolic link.
    Symlink,
    /// A character device.
    Char,
    /// A block device.
    Block,
    /// A directory.
    Directory,
    /// A named pipe.
    Fifo,
    /// Records that are to hold for all that follows. As with Go's reader they are not applied.
    GlobalHeader,
    /// Any other type, by its flag. Such entries may have data.
    Other(u8),
}

impl EntryKind {
    /// The kind of a type flag. Of flag NUL (V7) the path decides, see [`EntryKind::legacy`].
    pub(crate) fn of(flag: u8) -> Self {
        match flag {
            // S is a sparse file of GNU tar.
            b'0' | b'S' => Self::Regular,
            b'1' => Self::Link,
            b'2' => Self::Symlink,
            b'3' => Self::Char,
            b'4' => Self::Block,
            b'5' => Self::Directory,
            b'6' => Self::Fifo,
            b'g' => Self::GlobalHeader,
            other => Self::Other(other),
        }
    }

    /// The kind of an entry of V7, which had no flag for directories.
    pub(crate) fn legacy(path: &[u8]) -> Self {
        if path.ends_with(b"/") { Self::Directory } else { Self::Regular }
    }

    /// Whether no data follows the header, whatever size that has.
    pub(crate) fn is_header_only(self) -> bool {
        matches!(
            self,
            Self::Link | Self::Symlink | Self::Char | Self::Block | Self::Directory | Self::Fifo
        )
    }
}

/// A moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Timestamp {
    /// Seconds since 1970, negative before.
    pub seconds: i64,
    /// Nanoseconds to add; below 1,000,000,000.
    pub nanoseconds: u32,
}

impl Timestamp {
    /// A header's time in whole seconds.
    pub(crate) fn whole(seconds: i64) -> Option<Self> {
        Self { seconds, nanoseconds: 0 }.unless_zero()
    }

    /// None for Go's zero time.
    pub(crate) fn unless_zero(self) -> Option<Self> {
        (self != Self { seconds: GO_ZERO_TIME, nanoseconds: 0 }).then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{extended, file, only};

    #[test]
    fn attributes_are_records_with_a_prefix() {
        let records: [(&str, &[u8]); 4] = [
            ("comment", b"c"),
            ("SCHILY.xattr.user.b", b"\n\0\xff"),
            ("SCHILY.xattr.user.a", b""),
            ("SCHILY.xattr", b"no"),
        ];
        let entry = only(&[extended(b'x', &records), file(b"a", b"")].concat());
        let expected: [(&[u8], &[u8]); 2] = [(b"user.a", b""), (b"user.b", b"\n\0\xff")];
        assert_eq!(entry.xattrs().collect::<Vec<_>>(), expected);
        assert_eq!(entry.record(b"comment"), Some(&b"c"[..]));
        assert_eq!(entry.record(b"SCHILY.xattr.user.a"), Some(&b""[..]));
        assert_eq!(entry.record(b"none"), None);
    }

    #[test]
    fn the_year_1_is_no_time() {
        assert_eq!(Timestamp::whole(GO_ZERO_TIME), None);
        assert!(Timestamp::whole(GO_ZERO_TIME + 1).is_some());
        let entry =
            only(&[extended(b'x', &[("mtime", b"-62135596800")]), file(b"a", b"")].concat());
        assert_eq!(entry.modified, None);
    }
}
