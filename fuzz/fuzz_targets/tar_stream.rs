//! Any archive is read to its end or refused, however its input comes, and the pieces of an
//! entry's data add up to its size.
#![no_main]

use std::io::{BufRead, BufReader};

use libfuzzer_sys::fuzz_target;
use tar_stream::{Chunk, Entry, TarStream};

const BLOCK: usize = 512;

fuzz_target!(|data: &[u8]| {
    check(data);
    // Mutation seldom hits a checksum.
    check(&with_checksums(data));
});

fn check(archive: &[u8]) {
    let whole = read(archive);
    assert_eq!(whole, read(BufReader::with_capacity(1, archive)));
}

/// What an archive has: its entries, a sum of each one's data, and the error at the end.
type Found = (Vec<(Entry, Sum)>, Option<String>);

fn read(input: impl BufRead) -> Found {
    let mut stream = TarStream::new(input);
    let mut entries = Vec::new();
    loop {
        let entry = match stream.next_entry() {
            Ok(Some(entry)) => entry,
            Ok(None) => return (entries, None),
            Err(error) => return (entries, Some(error.to_string())),
        };
        let mut sum = Sum::default();
        loop {
            match stream.next_chunk() {
                Ok(Some(chunk)) => sum.add(chunk),
                Ok(None) => break,
                Err(error) => return (entries, Some(error.to_string())),
            }
        }
        assert_eq!(sum.length, entry.size);
        entries.push((entry, sum));
    }
}

/// The length of data and a hash that doesn't depend on where chunks end.
#[derive(Debug, Default, Eq, PartialEq)]
struct Sum {
    length: u64,
    hash: u64,
}

impl Sum {
    fn add(&mut self, chunk: Chunk<'_>) {
        match chunk {
            Chunk::Data(bytes) => {
                assert!(!bytes.is_empty());
                self.length += bytes.len() as u64;
                for byte in bytes {
                    self.hash = self.hash.wrapping_mul(31).wrapping_add(u64::from(*byte));
                }
            }
            Chunk::Hole(length) => {
                assert_ne!(length, 0);
                self.length += length;
                self.hash = self.hash.wrapping_mul(37).wrapping_add(length);
            }
        }
    }
}

/// The archive with each block's bytes changed so that it has a header's right checksum.
fn with_checksums(data: &[u8]) -> Vec<u8> {
    let mut archive = data.to_vec();
    for block in archive.chunks_exact_mut(BLOCK).filter(|block| block.iter().any(|byte| *byte != 0))
    {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    archive
}
