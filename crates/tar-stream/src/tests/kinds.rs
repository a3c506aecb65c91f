//! Kinds of entries, and which have data.

use crate::EntryKind;
use crate::testing::*;

#[test]
fn flags_are_kinds() {
    let kind = |flag| only(&header(USTAR, flag, b"a", 0)).kind;
    assert_eq!(kind(b'0'), EntryKind::Regular);
    assert_eq!(kind(b'1'), EntryKind::Link);
    assert_eq!(kind(b'2'), EntryKind::Symlink);
    assert_eq!(kind(b'3'), EntryKind::Char);
    assert_eq!(kind(b'4'), EntryKind::Block);
    assert_eq!(kind(b'5'), EntryKind::Directory);
    assert_eq!(kind(b'6'), EntryKind::Fifo);
    assert_eq!(kind(b'7'), EntryKind::Other(b'7'));
    assert_eq!(kind(b'V'), EntryKind::Other(b'V'));
}

#[test]
fn a_v7_path_with_a_slash_at_its_end_is_a_directory() {
    let kind = |flag, path: &[u8]| only(&header(b"", flag, path, 0)).kind;
    assert_eq!(kind(0, b"a/"), EntryKind::Directory);
    assert_eq!(kind(0, b"a"), EntryKind::Regular);
    assert_eq!(kind(0, b""), EntryKind::Regular);
    assert_eq!(kind(b'0', b"a/"), EntryKind::Regular);
    // The path is the one that all headers make.
    let renamed = [extended(b'x', &[("path", b"b/")]), header(b"", 0, b"a", 0).to_vec()];
    assert_eq!(only(&renamed.concat()).kind, EntryKind::Directory);
}

#[test]
fn kinds_without_data_have_no_size() {
    for flag in b'1'..=b'6' {
        let archive = [header(USTAR, flag, b"a", 5).to_vec(), file(b"b", b"")].concat();
        let all = read_all(&archive).unwrap();
        assert_eq!((all.len(), all[0].0.size), (2, 0), "{flag}");
        let negative = with(header(USTAR, flag, b"a", 0), 124, &[0xff; 12]);
        assert_eq!(only(&negative).size, 0);
        let record = [extended(b'x', &[("size", b"512")]), header(USTAR, flag, b"a", 0).to_vec()];
        assert_eq!(only(&record.concat()).size, 0);
    }
    let directory = [header(b"", 0, b"a/", 5).to_vec(), file(b"b", b"")].concat();
    assert_eq!(read_all(&directory).unwrap().len(), 2);
}

#[test]
fn other_kinds_have_data() {
    for flag in [b'0', b'7', b'V', 0xff] {
        let archive = [entry(header(USTAR, flag, b"a", 3), b"abc"), file(b"b", b"")].concat();
        let all = read_all(&archive).unwrap();
        assert_eq!((all.len(), &all[0].1[..]), (2, &b"abc"[..]), "{flag}");
    }
}

#[test]
fn a_negative_size_is_refused() {
    for flag in [b'0', b'x', b'L', b'7'] {
        let message = error(&with(header(USTAR, flag, b"a", 0), 124, &[0xff; 12]));
        assert!(message.starts_with("archive/tar: invalid tar header: the size is negative"));
    }
}
