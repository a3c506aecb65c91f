//! Reading that tells an early end from a failure.

use std::io::{self, Read};

/// Reads until `buffer` is full or the reader ends, and returns the bytes read.
pub(crate) fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Fills `buffer`; an early end has the reference's text.
pub(crate) fn read_full(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<()> {
    if read_up_to(reader, buffer)? < buffer.len() {
        return Err(unexpected_eof());
    }
    Ok(())
}

/// The reference's `io.ErrUnexpectedEOF`.
pub(crate) fn unexpected_eof() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "unexpected EOF")
}
