//! Where archives end.

use std::io::Cursor;

use crate::testing::*;
use crate::{BLOCK, TarStream};

const ZEROS: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

#[test]
fn the_end_may_have_two_blocks_of_zeros_or_one_or_none() {
    for zeros in [0, BLOCK, 2 * BLOCK] {
        let archive = [&file(b"a", b"data")[..], &ZEROS[..zeros]].concat();
        assert_eq!(read_all(&archive).unwrap().len(), 1);
        assert_eq!(read_all(&ZEROS[..zeros]).unwrap().len(), 0);
    }
}

#[test]
fn what_follows_the_end_is_not_read() {
    let archive = [&file(b"a", b"")[..], &ZEROS, b"anything"].concat();
    let mut stream = TarStream::new(&archive[..]);
    assert!(stream.next_entry().unwrap().is_some());
    assert!(stream.next_entry().unwrap().is_none());
    assert!(stream.next_entry().unwrap().is_none());
    assert!(stream.next_chunk().unwrap().is_none());
    assert_eq!(stream.position(), 1536);
    assert_eq!(stream.into_inner(), b"anything");
}

#[test]
fn the_rest_can_be_drained() {
    let archive = [&file(b"a", b"data")[..], &ZEROS, b"anything"].concat();
    assert_eq!(TarStream::new(&archive[..]).drain().unwrap(), 2056);
    let mut stream = TarStream::new(&archive[..]);
    stream.next_entry().unwrap();
    stream.next_chunk().unwrap();
    assert_eq!(stream.position(), 516);
    assert_eq!(stream.drain().unwrap(), 2056 - 516);
}

#[test]
fn a_lent_chunk_counts_as_read() {
    let archive = file(b"a", b"data");
    let mut stream = TarStream::new(Cursor::new(archive));
    stream.next_entry().unwrap();
    stream.next_chunk().unwrap();
    assert_eq!(stream.get_ref().position(), 512);
    assert_eq!(stream.position(), 516);
    assert_eq!(stream.into_inner().position(), 516);
}

#[test]
fn one_block_of_zeros_and_then_another_is_no_end() {
    let archive = [&ZEROS[..BLOCK], &file(b"a", b"")].concat();
    assert!(error(&archive).starts_with("archive/tar: invalid tar header: one block of zeros"));
}

#[test]
fn a_header_is_a_whole_block() {
    for length in [1, 100, 511] {
        let archive = &header(USTAR, b'0', b"a", 0)[..length];
        assert!(error(archive).starts_with("unexpected EOF: the archive ends within a header"));
        assert!(error(&ZEROS[..length]).starts_with("unexpected EOF"));
        assert!(error(&ZEROS[..BLOCK + length]).starts_with("unexpected EOF"));
    }
}

#[test]
fn data_is_whole_but_its_padding_need_not_be() {
    let archive = file(b"a", b"data");
    for length in 516..=1024 {
        assert_eq!(read_all(&archive[..length]).unwrap().len(), 1);
    }
    for length in 512..516 {
        assert!(
            error(&archive[..length]).starts_with("unexpected EOF: the archive ends within an")
        );
        // Also where the data is skipped.
        let mut stream = TarStream::new(&archive[..length]);
        stream.next_entry().unwrap();
        assert!(stream.next_entry().unwrap_err().to_string().starts_with("unexpected EOF"));
    }
}

#[test]
fn an_extended_header_with_nothing_after_it_is_dropped() {
    assert_eq!(read_all(&extended(b'x', &[("path", b"a")])).unwrap().len(), 0);
}

#[test]
fn eight_exbibytes_cost_nothing() {
    let most =
        with(header(USTAR, b'0', b"a", 0), 124, b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff");
    let mut stream = TarStream::new(&most[..]);
    let size = stream.next_entry().unwrap().unwrap().size;
    assert_eq!(i64::try_from(size).unwrap(), i64::MAX);
    assert!(stream.next_entry().is_err());
    // The next size has no place in the field.
    let more = with(header(USTAR, b'0', b"a", 0), 124, b"\x80\0\0\0\x80\0\0\0\0\0\0\0");
    assert!(error(&more).starts_with("archive/tar: invalid tar header"));
}
