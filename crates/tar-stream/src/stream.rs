//! An archive as a stream of entries.

use std::io::{self, BufRead};

use crate::data::{Data, Piece};
use crate::entry::Entry;
use crate::error::{Fault, Place, QUOTED_PATH, TarError};
use crate::input::{Input, as_u64};

/// An archive that is read from front to back.
///
/// After an error nothing more can be read; after the end, each call says so again.
pub struct TarStream<R> {
    pub(crate) input: Input<R>,
    /// The current entry's data.
    pub(crate) data: Data,
    /// Bytes between the current entry's data and the next header.
    pub(crate) padding: u64,
    /// Where the header begins that is being read.
    pub(crate) header_at: u64,
    /// The beginning of the last entry's path, for messages.
    last: Option<Vec<u8>>,
    state: State,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Open,
    Ended,
    Failed,
}

/// A piece of an entry's data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Chunk<'a> {
    /// Bytes, never none.
    Data(&'a [u8]),
    /// So many zero bytes of a sparse file, never none.
    Hole(u64),
}

impl<R: BufRead> TarStream<R> {
    /// Reads an archive from its beginning. Nothing is read yet.
    pub fn new(input: R) -> Self {
        Self {
            input: Input::new(input),
            data: Data::default(),
            padding: 0,
            header_at: 0,
            last: None,
            state: State::Open,
        }
    }

    /// The next entry, or None at the end. What is unread of the former entry's data is skipped.
    ///
    /// # Errors
    ///
    /// Where the archive is not valid, too short, or can't be read.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, TarError> {
        match self.state {
            State::Open => {}
            State::Ended => return Ok(None),
            State::Failed => return Err(TarError::Left { place: self.place_in_header() }),
        }
        if let Err(fault) = self.skip_data() {
            return Err(self.fail_in_data(fault));
        }
        match self.read_entry() {
            Ok(Some(entry)) => {
                let quoted = entry.path.get(..QUOTED_PATH).unwrap_or(&entry.path);
                self.last = Some(quoted.to_vec());
                Ok(Some(entry))
            }
            Ok(None) => {
                self.state = State::Ended;
                Ok(None)
            }
            Err(fault) => {
                self.state = State::Failed;
                Err(fault.at(self.place_in_header()))
            }
        }
    }

    /// The next piece of the current entry's data, borrowed from the input's own buffer. None when
    /// all was read.
    ///
    /// # Errors
    ///
    /// Where the archive ends before the data does or can't be read, and where a sparse file's map
    /// asks for more or less data than there is.
    pub fn next_chunk(&mut self) -> Result<Option<Chunk<'_>>, TarError> {
        let limit = match self.next_piece()? {
            Piece::End => return Ok(None),
            Piece::Hole(length) => {
                self.data.advance_hole(length);
                return Ok(Some(Chunk::Hole(length)));
            }
            Piece::Stored(limit) => limit,
        };
        let position = self.input.position();
        match self.input.lend(limit) {
            Ok(piece) => {
                self.data.advance_stored(as_u64(piece.len()));
                Ok(Some(Chunk::Data(piece)))
            }
            Err(source) => {
                self.state = State::Failed;
                let entry = quote(self.last.as_deref());
                Err(TarError::Io { source, place: Place::Data { position, entry } })
            }
        }
    }

    /// Bytes of the archive consumed so far (for progress and messages).
    pub fn position(&self) -> u64 {
        self.input.position()
    }

    /// Reads to the end of input (what follows the end marker), so that a writer into a pipe is
    /// not broken. Gives the bytes read.
    ///
    /// # Errors
    ///
    /// Where the input can't be read.
    pub fn drain(mut self) -> io::Result<u64> {
        self.input.skip(u64::MAX)
    }

    /// The input. What [`TarStream::next_chunk`] gave last may still be in its buffer.
    pub fn get_ref(&self) -> &R {
        self.input.get_ref()
    }

    /// Gives the input back, at [`TarStream::position`].
    pub fn into_inner(self) -> R {
        self.input.into_inner()
    }

    /// What comes next of the current entry's data. Stored data is there: at least one byte.
    pub(crate) fn next_piece(&mut self) -> Result<Piece, TarError> {
        match self.state {
            State::Open => {}
            State::Ended => return Ok(Piece::End),
            State::Failed => return Err(TarError::Left { place: self.place_in_data() }),
        }
        let piece = self.data.next().map_err(|fault| self.fail_in_data(fault))?;
        if matches!(piece, Piece::Stored(_)) {
            let ended = self.input.is_at_end().map_err(|error| self.fail_in_data(error.into()))?;
            if ended {
                return Err(self.fail_in_data(Fault::Eof(IN_DATA)));
            }
        }
        Ok(piece)
    }

    /// Skips what is left of the current entry's data.
    pub(crate) fn skip_data(&mut self) -> Result<(), Fault> {
        let left = std::mem::take(&mut self.data).stored();
        if self.input.skip(left)? < left {
            return Err(Fault::Eof(IN_DATA));
        }
        Ok(())
    }

    pub(crate) fn fail_in_data(&mut self, fault: Fault) -> TarError {
        self.state = State::Failed;
        fault.at(self.place_in_data())
    }

    fn place_in_data(&self) -> Place {
        Place::Data { position: self.input.position(), entry: quote(self.last.as_deref()) }
    }

    fn place_in_header(&self) -> Place {
        let after = self.last.as_deref().map(|last| quote(Some(last)));
        Place::Header { position: self.header_at, after }
    }
}

const IN_DATA: &str = "an entry's data";

fn quote(path: Option<&[u8]>) -> String {
    String::from_utf8_lossy(path.unwrap_or_default()).into_owned()
}
