//! Data in pieces, as the input has them.

use std::io::{BufReader, Read};

use crate::testing::*;
use crate::{Chunk, TarStream};

#[test]
fn chunks_are_what_the_inputs_buffer_has() {
    let archive = file(b"a", b"0123456789");
    let mut stream = TarStream::new(BufReader::with_capacity(515, &archive[..]));
    stream.next_entry().unwrap();
    assert_eq!(stream.next_chunk().unwrap(), Some(Chunk::Data(b"012")));
    assert_eq!(stream.next_chunk().unwrap(), Some(Chunk::Data(b"3456789")));
    assert_eq!(stream.next_chunk().unwrap(), None);
    assert_eq!(stream.next_chunk().unwrap(), None);
}

#[test]
fn chunks_and_reading_mix() {
    let archive = [file(b"a", b"0123456789"), file(b"b", b"")].concat();
    let mut stream = TarStream::new(BufReader::with_capacity(515, &archive[..]));
    stream.next_entry().unwrap();
    assert_eq!(stream.next_chunk().unwrap(), Some(Chunk::Data(b"012")));
    let mut buffer = [0; 2];
    stream.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"34");
    assert_eq!(stream.read(&mut []).unwrap(), 0);
    assert_eq!(stream.next_chunk().unwrap(), Some(Chunk::Data(b"56789")));
    assert_eq!(stream.read(&mut buffer).unwrap(), 0);
    assert_eq!(stream.next_entry().unwrap().unwrap().path, b"b");
}

#[test]
fn unread_data_is_skipped() {
    let archive = [file(b"a", &[1; 5000]), file(b"b", b"")].concat();
    for capacity in [1, 3, 512, 4096] {
        let mut stream = TarStream::new(BufReader::with_capacity(capacity, &archive[..]));
        stream.next_entry().unwrap();
        stream.next_chunk().unwrap();
        assert_eq!(stream.next_entry().unwrap().unwrap().path, b"b");
        assert!(stream.next_entry().unwrap().is_none());
    }
}

#[test]
fn there_is_no_data_before_the_first_entry() {
    let archive = file(b"a", b"data");
    let mut stream = TarStream::new(&archive[..]);
    assert_eq!(stream.next_chunk().unwrap(), None);
    assert_eq!(stream.position(), 0);
}

#[test]
fn how_the_input_comes_does_not_matter() {
    let archive = [
        extended(b'x', &[("path", b"long")]),
        file(b"a", &[1; 600]),
        extended(b'g', &[("path", b"g")]),
        file(b"b", &[2; 512]),
        file(b"c", b""),
    ]
    .concat();
    let expected = read_all(&archive).unwrap();
    for capacity in [1, 3, 512, 4096] {
        assert_eq!(read_slowly(&archive, capacity).unwrap(), expected);
    }
}
