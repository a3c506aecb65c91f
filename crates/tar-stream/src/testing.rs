//! Archives for the tests.

use std::io::{BufReader, Read};

use crate::header::checksums;
use crate::{BLOCK, Block, Chunk, Entry, TarError, TarStream};

/// The magic and version of ustar.
pub(crate) const USTAR: &[u8] = b"ustar\x0000";
/// The magic and version of old GNU tar.
pub(crate) const GNU: &[u8] = b"ustar  \0";

/// A block of a header, a field at a time. The checksum comes last, with [`sum`].
pub(crate) fn header(magic: &[u8], flag: u8, path: &[u8], size: usize) -> Block {
    let mut block = [0; BLOCK];
    put(&mut block, 0, path);
    put(&mut block, 100, b"0000644\0");
    put(&mut block, 108, b"0000010\0");
    put(&mut block, 116, b"0000020\0");
    put(&mut block, 124, format!("{size:011o}\0").as_bytes());
    put(&mut block, 136, b"00000001750\0");
    put(&mut block, 156, &[flag]);
    put(&mut block, 257, magic);
    sum(&mut block);
    block
}

pub(crate) fn put(block: &mut Block, at: usize, bytes: &[u8]) {
    block[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Makes the checksum right.
pub(crate) fn sum(block: &mut Block) {
    let (unsigned, _) = checksums(block);
    put(block, 148, format!("{unsigned:06o}\0 ").as_bytes());
}

/// A header with changed bytes at a place and the right checksum.
pub(crate) fn with(mut block: Block, at: usize, bytes: &[u8]) -> Block {
    put(&mut block, at, bytes);
    sum(&mut block);
    block
}

/// A header and its data, padded.
pub(crate) fn entry(header: Block, data: &[u8]) -> Vec<u8> {
    let mut entry = [&header, data].concat();
    entry.resize(entry.len().next_multiple_of(BLOCK), 0);
    entry
}

/// A ustar file.
pub(crate) fn file(path: &[u8], data: &[u8]) -> Vec<u8> {
    entry(header(USTAR, b'0', path, data.len()), data)
}

/// An extended header of the given flag.
pub(crate) fn extended(flag: u8, records: &[(&str, &[u8])]) -> Vec<u8> {
    let data = records.iter().flat_map(|(key, value)| record(key, value)).collect::<Vec<_>>();
    entry(header(USTAR, flag, b"extended", data.len()), &data)
}

/// One record with its length.
pub(crate) fn record(key: &str, value: &[u8]) -> Vec<u8> {
    let body = [b" ", key.as_bytes(), b"=", value, b"\n"].concat();
    let mut length = body.len();
    while length != body.len() + length.to_string().len() {
        length = body.len() + length.to_string().len();
    }
    [length.to_string().into_bytes(), body].concat()
}

/// An entry and its data.
pub(crate) type Found = (Entry, Vec<u8>);

/// All entries with their data, to the end of the archive.
pub(crate) fn read_all(archive: &[u8]) -> Result<Vec<Found>, TarError> {
    let mut stream = TarStream::new(archive);
    let mut all = Vec::new();
    while let Some(entry) = stream.next_entry()? {
        let mut data = Vec::new();
        while let Some(chunk) = stream.next_chunk()? {
            match chunk {
                Chunk::Data(bytes) => data.extend_from_slice(bytes),
                Chunk::Hole(length) => {
                    data.resize(data.len() + usize::try_from(length).unwrap(), 0)
                }
            }
        }
        assert_eq!(entry.size, u64::try_from(data.len()).unwrap());
        all.push((entry, data));
    }
    Ok(all)
}

/// The same through [`Read`] and an input that has few bytes at a time.
pub(crate) fn read_slowly(archive: &[u8], capacity: usize) -> Result<Vec<Found>, TarError> {
    let mut stream = TarStream::new(BufReader::with_capacity(capacity, archive));
    let mut all = Vec::new();
    while let Some(entry) = stream.next_entry()? {
        let mut data = Vec::new();
        if let Err(error) = stream.read_to_end(&mut data) {
            return Err(error.downcast().unwrap());
        }
        all.push((entry, data));
    }
    Ok(all)
}

/// The only entry of an archive.
pub(crate) fn only(archive: &[u8]) -> Entry {
    let mut all = read_all(archive).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0).0
}

/// The message of the error that an archive ends with.
pub(crate) fn error(archive: &[u8]) -> String {
    read_all(archive).unwrap_err().to_string()
}
