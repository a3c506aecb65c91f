//! What only extended headers can say: attributes, and times of any year.

use std::fs::File;
use std::path::PathBuf;

use e2e::tools::Place;
use tar::{Builder, EntryType, Header};

use crate::convert;
use crate::same::{Meaning, TOOLS};

const DISK: u64 = 512 << 20;

type Record<'a> = (&'a str, &'a [u8]);

/// Converts a tar of entries with extended headers, and compares with GNU tar.
fn check(place: &Place, entries: &[(EntryType, &str, &[Record<'_>])]) {
    let path = write_tar(place.join("extended.tar"), entries);
    let meaning = Meaning::of(place, &path, DISK);
    for options in [&["--fsck-clean"][..], &["--fsck-clean", "-inline"]] {
        let image = place.join("image.ext4");
        convert(&path, &image, options);
        let faults = meaning.faults(place, &image);
        assert!(faults.is_empty(), "{options:?}: {}", faults.join("\n"));
    }
}

fn write_tar(path: PathBuf, entries: &[(EntryType, &str, &[Record<'_>])]) -> PathBuf {
    let mut builder = Builder::new(File::create(&path).expect("a tar"));
    for (kind, name, records) in entries {
        builder.append_pax_extensions(records.iter().copied()).expect("records");
        let mut header = Header::new_ustar();
        header.set_entry_type(*kind);
        header.set_mode(if kind.is_dir() { 0o755 } else { 0o640 });
        header.set_mtime(1_600_000_000);
        if kind.is_symlink() {
            header.set_size(0);
            builder.append_link(&mut header, name, "target").expect("an entry");
        } else {
            let data = if kind.is_file() { *name } else { "" };
            header.set_size(data.len() as u64);
            builder.append_data(&mut header, name, data.as_bytes()).expect("an entry");
        }
    }
    builder.into_inner().expect("the end of a tar");
    path
}

#[test]
fn times_before_1970_and_after_2038() {
    let Some(place) = Place::as_root("times_before_1970_and_after_2038", TOOLS) else { return };
    let times = [
        "-1",
        "-1.5",
        "-0.25",
        "-0.000000001",
        "-86400.123456789",
        "-2147483646.5",
        "-2147483648",
        "-2147483649",
        "-9999999999",
        "0",
        "0.000000001",
        "2147483647.999999999",
        "2147483648.5",
        "4294967295.5",
        "4294967296",
        "6442450944.25",
        "12884901888.75",
        "15032385534.999999999",
        "15032385535",
        "15032385536",
        "99999999999",
    ];
    let names: Vec<String> = times.iter().map(|time| format!("at{time}")).collect();
    let records: Vec<[Record<'_>; 1]> =
        times.iter().map(|time| [("mtime", time.as_bytes())]).collect();
    let kinds = [EntryType::Regular, EntryType::Directory, EntryType::Symlink, EntryType::Fifo];
    let entries: Vec<_> = names
        .iter()
        .zip(&records)
        .zip(kinds.iter().cycle())
        .map(|((name, records), kind)| (*kind, name.as_str(), &records[..]))
        .collect();
    check(&place, &entries);
}

#[test]
fn attributes_of_all_kinds_of_files() {
    let Some(place) = Place::as_root("attributes_of_all_kinds_of_files", TOOLS) else { return };
    let long = [b'l'; 3_000];
    let capability = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mixed: &[Record<'_>] = &[
        ("SCHILY.xattr.user.z", b"\x00binary\xff\n="),
        ("SCHILY.xattr.user.a", b""),
        ("SCHILY.xattr.user.longer-name-than-others", b"1"),
        ("SCHILY.xattr.trusted.t", b"trusted"),
        ("SCHILY.xattr.security.other", b"security"),
        ("SCHILY.xattr.security.capability", &capability),
    ];
    let in_block: &[Record<'_>] = &[
        ("SCHILY.xattr.user.long", &long),
        ("SCHILY.xattr.user.b", b"2"),
        ("SCHILY.xattr.trusted.long-name-that-sorts-late", &[b'm'; 300]),
        ("SCHILY.xattr.user.aa", &[b'n'; 90]),
        ("SCHILY.xattr.security.x", &[b'o'; 90]),
    ];
    let trusted: &[Record<'_>] = &[("SCHILY.xattr.trusted.t", b"of a special file")];
    let replaced: &[Record<'_>] = &[("SCHILY.xattr.user.new", b"new")];
    use EntryType::{Directory, Fifo, Regular, Symlink};
    check(
        &place,
        &[
            (Regular, "file", mixed),
            (Regular, "block", in_block),
            (Directory, "folder", mixed),
            (Directory, "folder-block", in_block),
            (Symlink, "symlink", trusted),
            (Fifo, "fifo", trusted),
            // A file goes with its attributes. (A folder that comes twice keeps those of
            // both, as in the reference; in GNU tar the last entry's are all.)
            (Regular, "replaced", in_block),
            (Regular, "replaced", replaced),
            (Regular, "replaced-by-none", mixed),
            (Regular, "replaced-by-none", &[]),
        ],
    );
}

#[test]
fn owners_and_names_that_no_plain_header_can_hold() {
    let test = "owners_and_names_that_no_plain_header_can_hold";
    let Some(place) = Place::as_root(test, TOOLS) else { return };
    let (name, component) = ("n/".repeat(150) + "end", "c".repeat(255));
    let records: [&[Record<'_>]; 3] = [
        &[("uid", b"4294967294"), ("gid", b"4294967294"), ("path", name.as_bytes())],
        &[("uid", b"65536"), ("gid", b"3000000000"), ("path", component.as_bytes())],
        &[("path", "\u{e9}\u{4e2d}\u{1f600} \\ and space".as_bytes())],
    ];
    let entries: Vec<_> =
        records.iter().map(|records| (EntryType::Regular, "short", *records)).collect();
    check(&place, &entries);
}
