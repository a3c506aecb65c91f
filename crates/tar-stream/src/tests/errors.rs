//! What errors say, and what comes after them.

use std::io::{self, BufReader, ErrorKind, Read};

use crate::testing::*;
use crate::{BLOCK, Place, TarError, TarStream};

/// Gives some bytes, then an error each time.
struct Broken<'a>(&'a [u8], ErrorKind);

impl Read for Broken<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::new(self.1, "broken")),
            read => Ok(read),
        }
    }
}

#[test]
fn messages_say_what_and_where() {
    let archive = [file(b"dir/a", b"data"), vec![b'x'; BLOCK]].concat();
    assert_eq!(
        error(&archive),
        "archive/tar: invalid tar header: the checksum does not match, in the header at byte 1024 \
         after entry \"dir/a\""
    );
    assert_eq!(
        error(&archive[1024..]),
        "archive/tar: invalid tar header: the checksum does not match, in the header at byte 0"
    );
    assert_eq!(
        error(&archive[..514]),
        "unexpected EOF: the archive ends within an entry's data, at byte 514 in entry \"dir/a\""
    );
}

#[test]
fn paths_in_messages_are_short_and_printable() {
    let path = [b"\xff\n\"", &[b'a'; 1000][..]].concat();
    let archive = [extended(b'x', &[("path", &path)]), file(b"a", b""), vec![1; BLOCK]].concat();
    let message = error(&archive);
    assert!(message.contains("after entry \"\u{fffd}\\n\\\"aaa"), "{message}");
    assert!(message.len() < 500);
}

#[test]
fn nothing_is_read_after_an_error() {
    let archive = [vec![1; BLOCK], file(b"a", b"")].concat();
    let mut stream = TarStream::new(&archive[..]);
    assert!(stream.next_entry().is_err());
    assert!(matches!(stream.next_entry(), Err(TarError::Left { .. })));
    assert!(matches!(stream.next_chunk(), Err(TarError::Left { .. })));
    assert!(stream.read(&mut [0]).is_err());
    assert_eq!(stream.position(), 512);
}

#[test]
fn an_error_of_the_input_is_kept() {
    let archive = file(b"a", b"data");
    for length in [0, 100, 512, 514] {
        let input = BufReader::new(Broken(&archive[..length], ErrorKind::ConnectionReset));
        let mut stream = TarStream::new(input);
        let error = loop {
            match stream.next_entry() {
                Ok(Some(_)) => {}
                Ok(None) => panic!("the error was lost"),
                Err(error) => break error,
            }
        };
        let TarError::Io { source, .. } = &error else { panic!("{error}") };
        assert_eq!(source.kind(), ErrorKind::ConnectionReset);
        assert_eq!(source.to_string(), "broken");
        assert!(error.to_string().starts_with("reading the archive, "), "{error}");
        assert_eq!(io::Error::from(error).kind(), ErrorKind::ConnectionReset);
    }
}

#[test]
fn chunks_report_the_inputs_error_and_the_place() {
    let archive = file(b"a", b"data");
    let input = BufReader::new(Broken(&archive[..514], ErrorKind::TimedOut));
    let mut stream = TarStream::new(input);
    stream.next_entry().unwrap();
    assert!(stream.next_chunk().unwrap().is_some());
    let Err(TarError::Io { place, .. }) = stream.next_chunk() else { panic!("no error") };
    assert_eq!(place, Place::Data { position: 514, entry: "a".to_owned() });
}

#[test]
fn reading_has_the_kinds_of_std() {
    let archive = file(b"a", b"data");
    let mut stream = TarStream::new(&archive[..514]);
    stream.next_entry().unwrap();
    let error = stream.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert!(error.to_string().starts_with("unexpected EOF"));
}

/// Is interrupted before each byte.
struct Interrupted<'a>(&'a [u8], bool);

impl Read for Interrupted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 { Err(ErrorKind::Interrupted.into()) } else { self.0.read(buffer) }
    }
}

#[test]
fn interruptions_are_none() {
    let archive = file(b"a", b"data");
    let mut stream = TarStream::new(BufReader::with_capacity(3, Interrupted(&archive, false)));
    stream.next_entry().unwrap();
    let mut data = Vec::new();
    stream.read_to_end(&mut data).unwrap();
    assert_eq!(data, b"data");
    assert!(stream.next_entry().unwrap().is_none());
}
