//! Sparse files of each form.

use crate::testing::*;
use crate::{BLOCK, Block, Chunk, EntryKind, TarStream};

const SIZE: &str = "GNU.sparse.size";
const COUNT: &str = "GNU.sparse.numblocks";
const MAP: &str = "GNU.sparse.map";

/// `ab`, three zeros, `c` and two zeros.
const EXPECTED: &[u8] = b"ab\0\0\0c\0\0";
const STORED: &[u8] = b"abc";

/// A sparse file of the old form. The numbers are offsets and lengths in turn.
fn old(size: u64, numbers: &[u64], extensions: &[Block], stored: &[u8]) -> Vec<u8> {
    let mut block = header(GNU, b'S', b"sparse", stored.len());
    put_numbers(&mut block, 386, numbers);
    put(&mut block, 482, &[u8::from(!extensions.is_empty())]);
    put(&mut block, 483, format!("{size:011o}").as_bytes());
    sum(&mut block);
    let mut archive = block.to_vec();
    archive.extend(extensions.iter().flatten());
    archive.extend(stored);
    archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    archive
}

fn extension(numbers: &[u64], is_last: bool) -> Block {
    let mut block = [0; BLOCK];
    put_numbers(&mut block, 0, numbers);
    put(&mut block, 504, &[u8::from(!is_last)]);
    block
}

fn put_numbers(block: &mut Block, at: usize, numbers: &[u64]) {
    for (index, number) in numbers.iter().enumerate() {
        put(block, at + 12 * index, format!("{number:011o}").as_bytes());
    }
}

/// A sparse file of a PAX form, with its size at the end of the records.
fn pax(records: &[(&str, &[u8])], size: &[u8], stored: &[u8]) -> Vec<u8> {
    let records = [records, &[(SIZE, size)]].concat();
    [extended(b'x', &records), file(b"sparse", stored)].concat()
}

fn mapped(map: &[u8], count: &[u8], size: &[u8], stored: &[u8]) -> Vec<u8> {
    pax(&[(MAP, map), (COUNT, count)], size, stored)
}

/// Form 1.0 with this text for the map.
fn in_data(text: &[u8], size: &[u8], stored: &[u8]) -> Vec<u8> {
    let mut data = text.to_vec();
    data.resize(data.len().next_multiple_of(BLOCK), 0);
    data.extend(stored);
    pax(&[("GNU.sparse.major", b"1"), ("GNU.sparse.minor", b"0")], size, &data)
}

fn check(archive: &[u8]) {
    let archive = [archive, &file(b"next", b"")].concat();
    let all = read_all(&archive).unwrap();
    assert_eq!((&all[0].1[..], all[0].0.kind), (EXPECTED, EntryKind::Regular));
    assert_eq!(all[1].0.path, b"next");
    for capacity in [1, 3, 512, 4096] {
        assert_eq!(read_slowly(&archive, capacity).unwrap(), all);
    }
}

fn refused(archive: &[u8], why: &str) {
    let message = error(archive);
    let start = format!("archive/tar: invalid tar header: {why}");
    assert!(message.starts_with(&start), "{message}");
}

#[test]
fn each_form_is_read() {
    check(&old(8, &[0, 2, 5, 1], &[], STORED));
    check(&mapped(b"0,2,5,1", b"2", b"8", STORED));
    check(&in_data(b"2\n0\n2\n5\n1\n", b"8", STORED));
    let records: [(&str, &[u8]); 5] = [
        (COUNT, b"2"),
        ("GNU.sparse.offset", b"0"),
        ("GNU.sparse.numbytes", b"2"),
        ("GNU.sparse.offset", b"5"),
        ("GNU.sparse.numbytes", b"1"),
    ];
    check(&pax(&records, b"8", STORED));
}

#[test]
fn holes_come_whole() {
    let archive = old(1 << 33, &[5, 1], &[], b"c");
    let mut stream = TarStream::new(&archive[..]);
    assert_eq!(stream.next_entry().unwrap().unwrap().size, 1 << 33);
    assert_eq!(stream.next_chunk().unwrap(), Some(Chunk::Hole(5)));
    assert_eq!(stream.next_chunk().unwrap(), Some(Chunk::Data(b"c")));
    assert_eq!(stream.next_chunk().unwrap(), Some(Chunk::Hole((1 << 33) - 6)));
    assert_eq!(stream.next_chunk().unwrap(), None);
    assert!(stream.next_entry().unwrap().is_none());
}

#[test]
fn an_old_map_goes_on_in_extension_blocks() {
    let many: Vec<u64> = (0..21).flat_map(|index| [6 + index, 0]).collect();
    check(&old(8, &[0, 2], &[extension(&[5, 1], true)], STORED));
    let blocks = [extension(&[], false), extension(&[5, 1], false), extension(&[], true)];
    check(&old(8, &[0, 2], &blocks, STORED));
    let full = [extension(&many, true)];
    assert_eq!(read_all(&old(40, &[0, 2, 5, 1], &full, STORED)).unwrap()[0].1.len(), 40);
    let cut = old(8, &[0, 2], &[extension(&[5, 1], false)], b"");
    assert!(error(&cut).starts_with("unexpected EOF: the archive ends within a sparse map"));
}

#[test]
fn an_old_maps_part_ends_at_the_first_nul() {
    let mut block = header(GNU, b'S', b"sparse", 0);
    put(&mut block, 386, b"\0x");
    put(&mut block, 410, b"x");
    sum(&mut block);
    assert_eq!(only(&block).size, 0);
    refused(&with(block, 386, b"x"), "the sparse map has no number");
}

#[test]
fn an_old_map_has_its_header() {
    refused(&header(USTAR, b'S', b"a", 0), "a sparse file's header is not of GNU tar");
    let size = with(header(GNU, b'S', b"a", 0), 483, b"x");
    refused(&size, "the size of a sparse file is no number");
}

#[test]
fn maps_are_in_order_and_within_the_file() {
    let negative = "the sparse map has a negative number";
    let beyond = "the sparse map goes beyond the file's size";
    let order = "the sparse map is not in order";
    for (map, why) in [
        ("-1,2,5,1", negative),
        ("0,-2,5,1", negative),
        ("0,2,5,9", beyond),
        ("0,2,9223372036854775807,1", beyond),
        ("5,1,0,2", order),
        ("0,2,1,1", order),
        ("3,0,2,1", order),
        ("0,2,5,", "the sparse map has no number"),
        ("0,2,5,x", "the sparse map has no number"),
        ("0,2,5", "the sparse map has another count"),
        ("0,2,5,1,", "the sparse map has another count"),
    ] {
        refused(&mapped(map.as_bytes(), b"2", b"8", STORED), why);
    }
    refused(&mapped(b"0,2,5,1", b"1", b"8", STORED), "the sparse map has another count");
    for count in [&b""[..], b"x", b"-2"] {
        refused(&mapped(b"0,2,5,1", count, b"8", STORED), "the sparse map has no count");
    }
    refused(&mapped(b"0,0", b"1", b"-8", b""), "the size of a sparse file is negative");
    refused(&mapped(b"0,2,5,1", b"2", b"x", STORED), "the size of a sparse file is no number");
}

#[test]
fn fragments_may_touch_and_be_empty() {
    let archive = mapped(b"0,0,0,2,2,0,2,0,5,1,8,0", b"6", b"8", STORED);
    check(&archive);
    assert_eq!(read_all(&mapped(b"0,1,1,2", b"2", b"3", STORED)).unwrap()[0].1, STORED);
}

#[test]
fn a_file_may_be_one_hole() {
    assert_eq!(read_all(&in_data(b"0\n", b"4", b"")).unwrap()[0].1, [0; 4]);
    assert_eq!(read_all(&old(4, &[], &[], b"")).unwrap()[0].1, [0; 4]);
    assert_eq!(read_all(&in_data(b"0\n", b"0", b"")).unwrap()[0].1, []);
}

#[test]
fn a_map_and_its_data_have_the_same_length() {
    let missing = mapped(b"0,2,5,1", b"2", b"8", b"ab");
    let start = "archive/tar: sparse file references non-existent data: at byte 1538";
    assert!(error(&missing).starts_with(start), "{}", error(&missing));
    let left = mapped(b"0,2,5,1", b"2", b"8", b"abcd");
    assert!(error(&left).starts_with("archive/tar: sparse file contains unreferenced data: "));
    // Who skips the data isn't told.
    for archive in [missing, left] {
        let mut stream = TarStream::new(&archive[..]);
        assert!(stream.next_entry().unwrap().is_some());
        assert!(stream.next_entry().unwrap().is_none());
    }
}

#[test]
fn records_name_a_sparse_file() {
    let records: [(&str, &[u8]); 4] = [
        ("path", b"GNUSparseFile.1/a/"),
        ("GNU.sparse.name", b"a"),
        (MAP, b"0,2,5,1"),
        (COUNT, b"2"),
    ];
    assert_eq!(only(&pax(&records, b"8", STORED)).path, b"a");
    // The other key for the size, which gives way.
    let real: [(&str, &[u8]); 3] =
        [("GNU.sparse.realsize", b"8"), (MAP, b"0,2,5,1"), (COUNT, b"2")];
    check(&pax(&real, b"", STORED));
    check(&pax(&[("GNU.sparse.realsize", b"9"), real[1], real[2]], b"8", STORED));
}

#[test]
fn an_unknown_form_is_no_sparse_file() {
    for (major, minor) in
        [(&b"2"[..], &b"0"[..]), (b"0", b"2"), (b"1", b"1"), (b"1", b""), (b"", b"0")]
    {
        let version: [(&str, &[u8]); 3] =
            [("GNU.sparse.major", major), ("GNU.sparse.minor", minor), (MAP, b"0,2,5,1")];
        assert_eq!(read_all(&pax(&version, b"8", STORED)).unwrap()[0].1, STORED);
    }
    assert_eq!(read_all(&pax(&[], b"8", STORED)).unwrap()[0].1, STORED);
}

#[test]
fn a_map_in_the_data_is_checked() {
    for text in ["\n", "x\n", "-1\n", "9223372036854775807\n"] {
        refused(&in_data(text.as_bytes(), b"8", STORED), "the sparse map has no count");
    }
    refused(&in_data(b"1\n0\nx\n", b"8", STORED), "the sparse map has no number");
    let cut = in_data(b"3\n0\n2\n5\n1\n", b"8", STORED);
    assert!(error(&cut).starts_with("unexpected EOF: the archive ends within a sparse map"));
    let long = in_data(&[b'1'; 1 << 20], b"8", &[b'\n'; 512]);
    assert!(error(&long).starts_with("archive/tar: sparse map too long"), "{}", error(&long));
}

#[test]
fn an_old_map_is_at_most_1_mib() {
    let blocks = vec![extension(&[], false); 2047];
    let most = [&blocks[..2046], &[extension(&[], true)]].concat();
    assert!(read_all(&old(8, &[], &most, b"")).is_ok());
    let more = [&blocks[..], &[extension(&[], true)]].concat();
    assert!(error(&old(8, &[], &more, b"")).starts_with("archive/tar: sparse map too long"));
}

#[test]
fn what_has_no_data_has_no_map() {
    let records: [(&str, &[u8]); 2] = [(MAP, b"0,0"), (COUNT, b"1")];
    let directory = header(USTAR, b'5', b"a", 0).to_vec();
    let archive = [extended(b'x', &records), directory].concat();
    refused(&archive, "a sparse map stands where there is no data");
}
