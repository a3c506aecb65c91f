//! The 512-byte header of an entry, in each of its five formats.

use std::ops::Range;

use crate::Block;
use crate::entry::Timestamp;
use crate::number::{numeric, octal, text};

const NAME: Range<usize> = 0..100;
const MODE: Range<usize> = 100..108;
const UID: Range<usize> = 108..116;
const GID: Range<usize> = 116..124;
const SIZE: Range<usize> = 124..136;
const MODIFIED: Range<usize> = 136..148;
const CHECKSUM: Range<usize> = 148..156;
const TYPE_FLAG: usize = 156;
const LINK_NAME: Range<usize> = 157..257;
const MAGIC: Range<usize> = 257..263;
const VERSION: Range<usize> = 263..265;
const DEV_MAJOR: Range<usize> = 329..337;
const DEV_MINOR: Range<usize> = 337..345;
const PREFIX: Range<usize> = 345..500;

const STAR_PREFIX: Range<usize> = 345..476;
const STAR_ACCESSED: Range<usize> = 476..488;
const STAR_CHANGED: Range<usize> = 488..500;
const STAR_TRAILER: Range<usize> = 508..512;

const GNU_ACCESSED: Range<usize> = 345..357;
const GNU_CHANGED: Range<usize> = 357..369;

/// The formats of headers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Format {
    /// Unix version 7: no magic.
    V7,
    /// POSIX, with or without an extended header.
    Ustar,
    /// Old star: ustar with a shorter prefix and two more times.
    Star,
    /// Old GNU tar: two more times, the sparse map, no prefix.
    Gnu,
}

/// What a header says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Header {
    pub(crate) format: Format,
    pub(crate) flag: u8,
    pub(crate) path: Vec<u8>,
    pub(crate) link_name: Vec<u8>,
    pub(crate) mode: i64,
    pub(crate) uid: i64,
    pub(crate) gid: i64,
    pub(crate) size: i64,
    pub(crate) modified: Option<Timestamp>,
    pub(crate) accessed: Option<Timestamp>,
    pub(crate) changed: Option<Timestamp>,
    pub(crate) dev_major: i64,
    pub(crate) dev_minor: i64,
}

impl Header {
    /// Reads a header. The error says what is wrong.
    pub(crate) fn parse(block: &Block) -> Result<Self, &'static str> {
        if !checksum_holds(block) {
            return Err("the checksum does not match");
        }
        let field = |range| field(block, range);
        let mut header = Self {
            format: format(block),
            flag: block[TYPE_FLAG],
            path: text(field(NAME)).to_vec(),
            link_name: text(field(LINK_NAME)).to_vec(),
            mode: numeric(field(MODE)).ok_or("the mode is no number")?,
            uid: numeric(field(UID)).ok_or("the uid is no number")?,
            gid: numeric(field(GID)).ok_or("the gid is no number")?,
            size: numeric(field(SIZE)).ok_or("the size is no number")?,
            modified: Timestamp::whole(
                numeric(field(MODIFIED)).ok_or("the time of change is no number")?,
            ),
            accessed: None,
            changed: None,
            dev_major: 0,
            dev_minor: 0,
        };
        if header.format == Format::V7 {
            return Ok(header);
        }
        header.dev_major = numeric(field(DEV_MAJOR)).ok_or("the device's major is no number")?;
        header.dev_minor = numeric(field(DEV_MINOR)).ok_or("the device's minor is no number")?;
        match header.format {
            Format::V7 => {}
            Format::Ustar => header.prepend(text(field(PREFIX))),
            Format::Star => header.read_star(block)?,
            Format::Gnu => header.read_gnu(block),
        }
        Ok(header)
    }

    fn read_star(&mut self, block: &Block) -> Result<(), &'static str> {
        let accessed = numeric(field(block, STAR_ACCESSED));
        let changed = numeric(field(block, STAR_CHANGED));
        self.accessed = Timestamp::whole(accessed.ok_or("star's time of access is no number")?);
        self.changed = Timestamp::whole(changed.ok_or("star's time of change is no number")?);
        self.prepend(text(field(block, STAR_PREFIX)));
        Ok(())
    }

    fn read_gnu(&mut self, block: &Block) {
        let accessed = gnu_time(field(block, GNU_ACCESSED));
        let changed = gnu_time(field(block, GNU_CHANGED));
        if let (Some(accessed), Some(changed)) = (accessed, changed) {
            self.accessed = accessed.and_then(Timestamp::whole);
            self.changed = changed.and_then(Timestamp::whole);
            return;
        }
        // Some old writers (Go's before 1.8) put ustar's prefix here. Go's reader takes it for one
        // where the times are none and it is ASCII.
        let prefix = text(field(block, PREFIX));
        if prefix.is_ascii() {
            self.prepend(prefix);
        }
    }

    fn prepend(&mut self, prefix: &[u8]) {
        if !prefix.is_empty() {
            self.path = [prefix, b"/", &self.path].concat();
        }
    }
}

/// A field of a block.
pub(crate) fn field(block: &Block, range: Range<usize>) -> &[u8] {
    block.get(range).unwrap_or_default()
}

/// A time of GNU tar's: none where the field is not used. The outer None is a fault.
fn gnu_time(field: &[u8]) -> Option<Option<i64>> {
    if field.first() == Some(&0) {
        return Some(None);
    }
    numeric(field).map(Some)
}

fn format(block: &Block) -> Format {
    match (field(block, MAGIC), field(block, VERSION)) {
        (b"ustar\0", _) if field(block, STAR_TRAILER) == b"tar\0" => Format::Star,
        (b"ustar\0", _) => Format::Ustar,
        (b"ustar ", b" \0") => Format::Gnu,
        _ => Format::V7,
    }
}

/// Whether the sum of the header's bytes is the one it states, the statement's own bytes taken
/// for spaces. Sun's tar took the bytes for signed numbers.
fn checksum_holds(block: &Block) -> bool {
    let (unsigned, signed) = checksums(block);
    octal(field(block, CHECKSUM)).is_some_and(|stated| stated == unsigned || stated == signed)
}

/// The sums of a header's bytes, as unsigned and as signed numbers.
pub(crate) fn checksums(block: &Block) -> (i64, i64) {
    block.iter().enumerate().fold((0, 0), |(unsigned, signed), (at, byte)| {
        let byte = if CHECKSUM.contains(&at) { b' ' } else { *byte };
        (unsigned + i64::from(byte), signed + i64::from(byte.cast_signed()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{GNU, USTAR, header, put, sum, with};

    const STAR: &[u8] = b"ustar\x0000";

    fn parse(block: Block) -> Header {
        Header::parse(&block).unwrap()
    }

    fn star() -> Block {
        with(header(STAR, b'0', b"name", 0), 508, b"tar\0")
    }

    fn seconds(time: Option<Timestamp>) -> Option<i64> {
        time.map(|time| time.seconds)
    }

    #[test]
    fn the_fields_of_v7_are_in_each_format() {
        for magic in [&[0; 8][..], USTAR, GNU] {
            let header = parse(with(header(magic, b'2', b"name", 5), 157, b"target"));
            assert_eq!((&header.path[..], &header.link_name[..]), (&b"name"[..], &b"target"[..]));
            assert_eq!((header.mode, header.uid, header.gid, header.size), (0o644, 8, 16, 5));
            assert_eq!(seconds(header.modified), Some(1000));
            assert_eq!((header.accessed, header.changed), (None, None));
        }
    }

    #[test]
    fn the_magic_decides_the_format() {
        let format = |magic: &[u8]| parse(header(magic, b'0', b"a", 0)).format;
        assert_eq!(format(b""), Format::V7);
        assert_eq!(format(b"ustar\x0000"), Format::Ustar);
        assert_eq!(format(b"ustar\0\xff\0"), Format::Ustar);
        assert_eq!(format(b"ustar  \0"), Format::Gnu);
        assert_eq!(format(b"ustar \0\0"), Format::V7);
        assert_eq!(parse(star()).format, Format::Star);
    }

    #[test]
    fn the_checksum_is_of_signed_or_of_unsigned_bytes() {
        let mut block = header(USTAR, b'0', b"n\xe4me", 0);
        assert!(Header::parse(&block).is_ok());
        let (_, signed) = checksums(&block);
        put(&mut block, 148, format!("{signed:6o}\0 ").as_bytes());
        assert!(Header::parse(&block).is_ok());
        put(&mut block, 148, format!("{:6o}\0 ", signed + 1).as_bytes());
        assert_eq!(Header::parse(&block), Err("the checksum does not match"));
        put(&mut block, 148, b"none    ");
        assert_eq!(Header::parse(&block), Err("the checksum does not match"));
    }

    #[test]
    fn a_prefix_comes_before_the_name() {
        let prefixed = |magic: &[u8]| parse(with(header(magic, b'0', b"b", 0), 345, b"a")).path;
        assert_eq!(prefixed(USTAR), b"a/b");
        assert_eq!(prefixed(b""), b"b");
        assert_eq!(parse(with(star(), 345, b"a")).path, b"a/name");
        // Star's times stand where ustar's prefix goes on.
        let long = parse(with(star(), 345, &[b'a'; 131]));
        assert_eq!(long.path, [&[b'a'; 131][..], b"/name"].concat());
    }

    #[test]
    fn star_has_two_more_times() {
        let header = parse(with(with(star(), 476, b"17"), 488, b"20"));
        assert_eq!((seconds(header.accessed), seconds(header.changed)), (Some(0o17), Some(0o20)));
        assert_eq!(seconds(parse(star()).accessed), Some(0));
        assert!(Header::parse(&with(star(), 476, b"x")).is_err());
        assert!(Header::parse(&with(star(), 488, b"x")).is_err());
    }

    #[test]
    fn gnu_has_two_more_times_where_it_says_so() {
        let gnu = header(GNU, b'0', b"b", 0);
        let found = parse(with(gnu, 345, b"17"));
        assert_eq!((seconds(found.accessed), found.changed), (Some(0o17), None));
        let found = parse(with(gnu, 357, b" 20"));
        assert_eq!((found.accessed, seconds(found.changed)), (None, Some(0o20)));
        // A field that begins with NUL is none, whatever follows.
        let found = parse(with(gnu, 345, b"\0x"));
        assert_eq!((found.accessed, found.path), (None, b"b".to_vec()));
    }

    #[test]
    fn gnu_with_a_prefix_of_old_writers() {
        let gnu = header(GNU, b'0', b"b", 0);
        let found = parse(with(gnu, 345, b"some/path"));
        assert_eq!((found.accessed, found.changed), (None, None));
        assert_eq!(found.path, b"some/path/b");
        // The one field is a time, the other is not: both go.
        let found = parse(with(with(gnu, 345, b"00000000017\0"), 357, b"x"));
        assert_eq!((found.accessed, found.path), (None, b"00000000017/b".to_vec()));
        let found = parse(with(gnu, 345, b"p\xe4th"));
        assert_eq!((found.accessed, found.path), (None, b"b".to_vec()));
    }

    #[test]
    fn devices_have_numbers_outside_v7() {
        for (magic, numbers) in [(USTAR, (8, 1)), (GNU, (8, 1)), (&b""[..], (0, 0))] {
            let block = with(with(header(magic, b'3', b"a", 0), 329, b"10"), 337, b"1");
            let header = parse(block);
            assert_eq!((header.dev_major, header.dev_minor), numbers);
        }
        assert!(Header::parse(&with(header(USTAR, b'0', b"a", 0), 329, b"x")).is_err());
    }

    #[test]
    fn each_number_has_to_be_one() {
        for at in [100, 108, 116, 124, 136] {
            let mut block = header(USTAR, b'0', b"a", 0);
            put(&mut block, at, b"x");
            sum(&mut block);
            assert!(Header::parse(&block).unwrap_err().ends_with("is no number"), "{at}");
        }
    }
}
