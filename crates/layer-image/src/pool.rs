//! Buffers that go round: each holds a piece of the image.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of a piece: large enough for a call of the kernel, small enough for a cache.
pub(crate) const PIECE: usize = 256 * 1024;
/// The kernel copies to and from a buffer that begins elsewhere at a quarter of the speed.
const ALIGNMENT: usize = 4096;

/// A buffer of [`PIECE`] bytes that begins at a page, filled from its front.
#[derive(Debug)]
pub(crate) struct Piece {
    memory: Box<[u8]>,
    start: usize,
    length: usize,
}

impl Piece {
    pub(crate) fn new() -> Self {
        let memory = vec![0; PIECE + ALIGNMENT].into_boxed_slice();
        // What can't be aligned is slow, and right.
        let start = memory.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        Self { memory, start, length: 0 }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.length == PIECE
    }

    pub(crate) fn clear(&mut self) {
        self.length = 0;
    }

    /// Appends what there is room for, and says how much that was.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> usize {
        let room = self.room();
        let length = bytes.len().min(room.len());
        room[..length].copy_from_slice(&bytes[..length]);
        self.length += length;
        length
    }

    /// What is not filled yet.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        &mut self.memory[self.start + self.length..self.start + PIECE]
    }

    /// So much of the [`room`](Self::room) is filled now.
    pub(crate) fn filled(&mut self, length: usize) {
        self.length = (self.length + length).min(PIECE);
    }
}

impl Deref for Piece {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.length]
    }
}

/// Empty buffers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pool(Arc<Mutex<Vec<Piece>>>);

impl Pool {
    pub(crate) fn take(&self) -> Piece {
        let mut pieces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pieces.pop().unwrap_or_else(Piece::new)
    }

    /// Takes back what nobody else holds.
    pub(crate) fn give(&self, piece: Arc<Piece>) {
        if let Some(mut piece) = Arc::into_inner(piece) {
            piece.clear();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(piece);
        }
    }
}
