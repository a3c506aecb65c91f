//! Which of several headers has the word.

use crate::testing::*;
use crate::{EntryKind, MAX_SPECIAL, Timestamp};

fn long(flag: u8, name: &[u8]) -> Vec<u8> {
    entry(header(GNU, flag, b"././@LongLink", name.len()), name)
}

fn at(seconds: i64, nanoseconds: u32) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanoseconds })
}

#[test]
fn long_names_hold_for_the_next_entry() {
    let archive =
        [long(b'L', b"long\0rest"), long(b'K', b"target\0"), file(b"a", b""), file(b"b", b"")];
    let all = read_all(&archive.concat()).unwrap();
    assert_eq!((&all[0].0.path[..], &all[0].0.link_name[..]), (&b"long"[..], &b"target"[..]));
    assert_eq!((&all[1].0.path[..], &all[1].0.link_name[..]), (&b"b"[..], &b""[..]));
    assert_eq!(all[0].0.position, 2048);
}

#[test]
fn an_empty_long_name_is_none() {
    assert_eq!(only(&[long(b'L', b""), file(b"a", b"")].concat()).path, b"a");
    assert_eq!(only(&[long(b'L', b"\0x"), file(b"a", b"")].concat()).path, b"a");
}

#[test]
fn records_override_the_header() {
    let records: [(&str, &[u8]); 9] = [
        ("path", b"new/path"),
        ("linkpath", b"new/target"),
        ("uid", b"4294967296"),
        ("gid", b"-7"),
        ("mtime", b"1.5"),
        ("atime", b"-1.5"),
        ("ctime", b"3"),
        ("uname", b"who"),
        ("comment", b"none"),
    ];
    let found = only(&[extended(b'x', &records), file(b"old", b"")].concat());
    assert_eq!((&found.path[..], &found.link_name[..]), (&b"new/path"[..], &b"new/target"[..]));
    assert_eq!((found.uid, found.gid), (1 << 32, -7));
    assert_eq!(found.modified, at(1, 500_000_000));
    assert_eq!(found.accessed, at(-2, 500_000_000));
    assert_eq!(found.changed, at(3, 0));
    assert_eq!(found.records.len(), records.len());
}

#[test]
fn an_empty_record_leaves_the_headers_field() {
    let empty = ["path", "linkpath", "uid", "gid", "size", "mtime", "atime", "ctime"]
        .map(|key| (key, &b""[..]));
    let found = only(&[extended(b'x', &empty), file(b"old", b"data")].concat());
    assert_eq!((&found.path[..], found.uid, found.size), (&b"old"[..], 8, 4));
    assert_eq!((found.modified, found.accessed), (at(1000, 0), None));
    let twice = extended(b'x', &[("path", b"new"), ("path", b"")]);
    assert_eq!(only(&[twice, file(b"old", b"")].concat()).path, b"old");
}

#[test]
fn only_the_last_extended_header_counts() {
    let first = extended(b'x', &[("path", b"first"), ("uid", b"1")]);
    let second = extended(b'x', &[("path", b"second")]);
    let all = read_all(&[first, second, file(b"a", b""), file(b"b", b"")].concat()).unwrap();
    assert_eq!((&all[0].0.path[..], all[0].0.uid), (&b"second"[..], 8));
    assert_eq!((&all[1].0.path[..], all[1].0.records.len()), (&b"b"[..], 0));
}

#[test]
fn a_long_name_wins_over_a_record() {
    let records = extended(b'x', &[("path", b"record"), ("linkpath", b"record")]);
    let long_names = [long(b'L', b"long"), long(b'K', b"long")].concat();
    for headers in [[records.clone(), long_names.clone()], [long_names, records]] {
        let found = only(&[headers.concat(), file(b"a", b"")].concat());
        assert_eq!((&found.path[..], &found.link_name[..]), (&b"long"[..], &b"long"[..]));
    }
}

#[test]
fn a_record_sets_the_size() {
    let header = header(USTAR, b'0', b"a", 0);
    let archive = [extended(b'x', &[("size", b"3")]), entry(header, b"abc"), file(b"b", b"")];
    let all = read_all(&archive.concat()).unwrap();
    assert_eq!((all[0].0.size, &all[0].1[..]), (3, &b"abc"[..]));
    assert_eq!(all[1].0.path, b"b");
    let negative = [extended(b'x', &[("size", b"-3")]), file(b"a", b"")].concat();
    assert!(error(&negative).starts_with("archive/tar: invalid tar header: the size is negative"));
}

#[test]
fn records_that_are_no_numbers_are_refused() {
    for key in ["uid", "gid", "size", "mtime", "atime", "ctime"] {
        let message = error(&[extended(b'x', &[(key, b"x")]), file(b"a", b"")].concat());
        let start = format!("archive/tar: invalid tar header: the record {key} is no ");
        assert!(message.starts_with(&start), "{message}");
    }
}

#[test]
fn a_global_header_is_an_entry_and_holds_for_none() {
    let records: [(&str, &[u8]); 3] = [("comment", b"c"), ("mtime", b"5"), ("uid", b"5")];
    let before = extended(b'x', &[("gid", b"5")]);
    let archive = [before, extended(b'g', &records), file(b"a", b"")].concat();
    let all = read_all(&archive).unwrap();
    let (global, data) = &all[0];
    assert_eq!((global.kind, &global.path[..]), (EntryKind::GlobalHeader, &b"extended"[..]));
    assert_eq!((global.mode, global.uid, global.gid, global.size), (0, 0, 0, 0));
    assert_eq!((global.modified, global.record(b"comment")), (None, Some(&b"c"[..])));
    assert_eq!((data.len(), global.position), (0, 1024));
    let (file, _) = &all[1];
    assert_eq!((file.uid, file.gid, file.modified), (8, 16, at(1000, 0)));
    assert_eq!(file.records, []);
}

#[test]
fn a_global_header_may_name_itself() {
    assert_eq!(only(&extended(b'g', &[("path", b"name")])).path, b"name");
    let bad = only(&extended(b'g', &[("path", b"name"), ("uid", b"x")]));
    assert_eq!((&bad.path[..], bad.records.len()), (&b"name"[..], 0));
    assert!(error(&entry(header(USTAR, b'g', b"a", 3), b"bad")).contains("record"));
}

#[test]
fn what_belongs_to_headers_is_at_most_1_mib() {
    let limit = usize::try_from(MAX_SPECIAL).unwrap();
    for flag in [b'L', b'K', b'x', b'g'] {
        let message = error(&entry(header(GNU, flag, b"a", limit + 1), &vec![b'a'; limit + 1]));
        assert!(message.starts_with("archive/tar: header field too long: "), "{message}");
    }
    let name = vec![b'a'; limit];
    let found = only(&[long(b'L', &name), file(b"a", b"")].concat());
    assert_eq!(found.path, name);
    // A header's word alone costs nothing.
    let claim =
        with(header(GNU, b'L', b"a", 0), 124, b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff");
    assert!(error(&claim).starts_with("unexpected EOF: the archive ends within a long name"));
}
