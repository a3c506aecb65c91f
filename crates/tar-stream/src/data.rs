//! How far the current entry's data was read.

use std::vec;

use crate::error::Fault;
use crate::sparse::Fragment;

/// The data of an entry that is yet to be read.
#[derive(Debug, Default)]
pub(crate) struct Data {
    /// Bytes left in the archive.
    stored: u64,
    sparse: Option<Sparse>,
}

/// The logical side of a sparse file.
#[derive(Debug)]
struct Sparse {
    position: u64,
    size: u64,
    current: Option<Fragment>,
    later: vec::IntoIter<Fragment>,
}

/// What comes next in an entry's data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Piece {
    /// At most so many bytes of the archive.
    Stored(u64),
    /// So many zeros.
    Hole(u64),
    End,
}

impl Data {
    /// Data as it is stored.
    pub(crate) fn plain(stored: u64) -> Self {
        Self { stored, sparse: None }
    }

    /// Makes it the data of a sparse file of the given size.
    pub(crate) fn spread(&mut self, fragments: Vec<Fragment>, size: u64) {
        let mut later = fragments.into_iter();
        self.sparse = Some(Sparse { position: 0, size, current: later.next(), later });
    }

    /// Bytes left in the archive.
    pub(crate) fn stored(&self) -> u64 {
        self.stored
    }

    /// What comes next.
    pub(crate) fn next(&self) -> Result<Piece, Fault> {
        let Some(sparse) = &self.sparse else {
            return Ok(if self.stored == 0 { Piece::End } else { Piece::Stored(self.stored) });
        };
        let start = sparse.current.map_or(sparse.size, |fragment| fragment.offset);
        if sparse.position < start {
            return Ok(Piece::Hole(start - sparse.position));
        }
        match sparse.current {
            Some(_) if self.stored == 0 => Err(Fault::SparseDataMissing),
            Some(fragment) => {
                Ok(Piece::Stored(fragment.end().saturating_sub(sparse.position).min(self.stored)))
            }
            None if self.stored > 0 => Err(Fault::SparseDataLeft),
            None => Ok(Piece::End),
        }
    }

    /// Counts bytes of a [`Piece::Stored`] as read.
    pub(crate) fn advance_stored(&mut self, count: u64) {
        self.stored = self.stored.saturating_sub(count);
        self.advance_hole(count);
    }

    /// Counts bytes of a [`Piece::Hole`] as read.
    pub(crate) fn advance_hole(&mut self, count: u64) {
        let Some(sparse) = &mut self.sparse else { return };
        sparse.position = sparse.position.saturating_add(count);
        if sparse.current.is_some_and(|fragment| sparse.position >= fragment.end()) {
            sparse.current = sparse.later.next();
        }
    }
}
