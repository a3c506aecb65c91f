//! Buffers that go round: each is as large as a piece of the image.

use std::sync::{Arc, Mutex, PoisonError};

/// Bytes of a piece: large enough for a call of the kernel, small enough for a cache.
pub(crate) const PIECE: usize = 256 * 1024;

/// Empty buffers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pool(Arc<Mutex<Vec<Vec<u8>>>>);

impl Pool {
    pub(crate) fn take(&self) -> Vec<u8> {
        let mut buffers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buffers.pop().unwrap_or_else(|| Vec::with_capacity(PIECE))
    }

    /// Takes back what nobody else holds.
    pub(crate) fn give(&self, buffer: Arc<Vec<u8>>) {
        if let Some(mut buffer) = Arc::into_inner(buffer) {
            buffer.clear();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
        }
    }
}
