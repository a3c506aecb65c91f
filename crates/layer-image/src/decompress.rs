//! gzip and zstd, recognised by their first bytes.

use std::io::{self, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;

use crate::pool::PIECE;

/// How an input is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstd,
}

impl Compression {
    /// What the first bytes say. No tar begins with those of the others: a name would.
    pub fn of(start: &[u8]) -> Self {
        match start {
            // Deflate is the only method there is.
            [0x1f, 0x8b, 8, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            // A frame to be skipped comes first at times.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            _ => Self::None,
        }
    }
}

/// The input as it was before it was packed.
///
/// # Errors
/// The input's, and the decoder's where it can't begin.
pub fn decompressed(
    mut input: impl Read + Send + 'static,
) -> io::Result<(Box<dyn Read + Send>, Compression)> {
    // A whole piece, so that what follows begins at a page of the file.
    let mut start = Vec::with_capacity(PIECE);
    input.by_ref().take(PIECE as u64).read_to_end(&mut start)?;
    let compression = Compression::of(&start);
    let whole = Cursor::new(start).chain(input);
    let input: Box<dyn Read + Send> = match compression {
        Compression::None => Box::new(whole),
        Compression::Gzip => {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(64 * 1024, whole)))
        }
        Compression::Zstd => Box::new(zstd::Decoder::new(whole)?),
    };
    Ok((input, compression))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(input: Vec<u8>) -> (Vec<u8>, Compression) {
        let (mut reader, compression) = decompressed(Cursor::new(input)).expect("begin");
        let mut read = Vec::new();
        reader.read_to_end(&mut read).expect("read");
        (read, compression)
    }

    #[test]
    fn each_kind_is_recognised() {
        let plain = b"name of the first file".repeat(1000);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&plain).expect("gzip");
        let gzip = gzip.finish().expect("gzip");
        let zstd = zstd::encode_all(&plain[..], 1).expect("zstd");
        // Several members or frames are one input.
        assert_eq!(read([&gzip[..], &gzip].concat()), (plain.repeat(2), Compression::Gzip));
        assert_eq!(read([&zstd[..], &zstd].concat()), (plain.repeat(2), Compression::Zstd));
        assert_eq!(read(plain.clone()), (plain, Compression::None));
        assert_eq!(read(b"ab".to_vec()), (b"ab".to_vec(), Compression::None));
    }

    #[test]
    fn a_truncated_input_is_an_error() {
        let zstd = zstd::encode_all(&[7; 100_000][..], 1).expect("zstd");
        let (mut reader, _) =
            decompressed(Cursor::new(zstd[..zstd.len() - 2].to_vec())).expect("begin");
        assert!(reader.read_to_end(&mut Vec::new()).is_err());
    }
}
