//! What can be wrong with an archive, and where.

use std::fmt;
use std::io;

/// The most bytes of an entry's path that a message quotes.
pub(crate) const QUOTED_PATH: usize = 256;

/// Why an archive could not be read further.
///
/// Messages begin with the text that Go's reader has for the same error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TarError {
    /// A header, an extended header or a sparse map breaks the format.
    #[error("archive/tar: invalid tar header: {what}, {place}")]
    InvalidHeader {
        /// What is wrong.
        what: &'static str,
        /// Where.
        place: Place,
    },
    /// An extended header or a long name is longer than 1 MiB.
    #[error("archive/tar: header field too long: {what} has more than 1 MiB, {place}")]
    FieldTooLong {
        /// What is too long.
        what: &'static str,
        /// Where.
        place: Place,
    },
    /// A sparse file's map is longer than 1 MiB.
    #[error("archive/tar: sparse map too long: it has more than 1 MiB, {place}")]
    SparseMapTooLong {
        /// Where.
        place: Place,
    },
    /// A sparse file's map wants more data than the archive has for it.
    #[error("archive/tar: sparse file references non-existent data: {place}")]
    SparseDataMissing {
        /// Where.
        place: Place,
    },
    /// A sparse file has data that its map does not mention.
    #[error("archive/tar: sparse file contains unreferenced data: {place}")]
    SparseDataLeft {
        /// Where.
        place: Place,
    },
    /// The archive is cut off.
    #[error("unexpected EOF: the archive ends within {what}, {place}")]
    UnexpectedEof {
        /// What is not whole.
        what: &'static str,
        /// Where.
        place: Place,
    },
    /// The input could not be read.
    #[error("reading the archive, {place}")]
    Io {
        /// The input's error.
        source: io::Error,
        /// Where.
        place: Place,
    },
    /// Reading went on after another of these errors.
    #[error("the archive was left after an error, {place}")]
    Left {
        /// Where.
        place: Place,
    },
}

impl From<TarError> for io::Error {
    fn from(error: TarError) -> Self {
        let kind = match &error {
            TarError::Io { source, .. } => source.kind(),
            TarError::UnexpectedEof { .. } => io::ErrorKind::UnexpectedEof,
            _ => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}

/// Where in an archive an error is.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Place {
    /// In what comes before an entry's data.
    Header {
        /// Where the header begins, in bytes.
        position: u64,
        /// The path of the entry before, if there is one.
        after: Option<String>,
    },
    /// In an entry's data.
    Data {
        /// How far the archive was read, in bytes.
        position: u64,
        /// The entry's path.
        entry: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header { position, after: None } => write!(f, "in the header at byte {position}"),
            Self::Header { position, after: Some(after) } => {
                write!(f, "in the header at byte {position} after entry {after:?}")
            }
            Self::Data { position, entry } => write!(f, "at byte {position} in entry {entry:?}"),
        }
    }
}

/// What is wrong, before the place is known.
#[derive(Debug)]
pub(crate) enum Fault {
    Header(&'static str),
    FieldTooLong(&'static str),
    SparseMapTooLong,
    SparseDataMissing,
    SparseDataLeft,
    Eof(&'static str),
    Io(io::Error),
}

impl Fault {
    pub(crate) fn at(self, place: Place) -> TarError {
        match self {
            Self::Header(what) => TarError::InvalidHeader { what, place },
            Self::FieldTooLong(what) => TarError::FieldTooLong { what, place },
            Self::SparseMapTooLong => TarError::SparseMapTooLong { place },
            Self::SparseDataMissing => TarError::SparseDataMissing { place },
            Self::SparseDataLeft => TarError::SparseDataLeft { place },
            Self::Eof(what) => TarError::UnexpectedEof { what, place },
            Self::Io(source) => TarError::Io { source, place },
        }
    }
}

impl From<io::Error> for Fault {
    fn from(source: io::Error) -> Self {
        Self::Io(source)
    }
}
