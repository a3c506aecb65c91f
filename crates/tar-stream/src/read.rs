//! From the headers before an entry's data to the entry.

use std::io::{self, BufRead, Read};

use crate::data::{Data, Piece};
use crate::entry::{Entry, EntryKind};
use crate::error::Fault;
use crate::header::{Format, Header};
use crate::input::as_u64;
use crate::number::text;
use crate::pax::Records;
use crate::sparse::{self, DataMap, PaxForm, RawMap};
use crate::stream::TarStream;
use crate::{BLOCK, Block, MAX_SPECIAL};

const EXTENDED_HEADER: &str = "an extended header";
const LONG_NAME: &str = "a long name";
const SPARSE_MAP: &str = "a sparse map";
const HEADER: &str = "a header";

/// What earlier headers say of the entry that follows them.
#[derive(Default)]
struct Before {
    records: Records,
    long_path: Vec<u8>,
    long_link: Vec<u8>,
}

impl<R: BufRead> TarStream<R> {
    /// Reads the next entry's headers, the current one's data being skipped.
    pub(crate) fn read_entry(&mut self) -> Result<Option<Entry>, Fault> {
        let mut before = Before::default();
        loop {
            let Some((block, header)) = self.read_header()? else { return Ok(None) };
            self.set_data(&header, EntryKind::of(header.flag))?;
            match header.flag {
                b'x' => before.records = self.read_records()?,
                b'g' => return Ok(Some(self.read_global(header)?)),
                b'L' => before.long_path = self.read_long_name()?,
                b'K' => before.long_link = self.read_long_name()?,
                _ => return self.finish(&block, header, before).map(Some),
            }
        }
    }

    /// The next header and the block it stands in, or None at the end of the archive: at the end
    /// of input, or at two blocks of zeros, the second of which may be missing.
    fn read_header(&mut self) -> Result<Option<(Block, Header)>, Fault> {
        // An archive may end within the padding of its last data.
        let padding = std::mem::take(&mut self.padding);
        if self.input.skip(padding)? < padding {
            return Ok(None);
        }
        let Some(block) = self.read_block()? else { return Ok(None) };
        if block != [0; BLOCK] {
            let header = Header::parse(&block).map_err(Fault::Header)?;
            return Ok(Some((block, header)));
        }
        match self.read_block()? {
            Some(block) if block != [0; BLOCK] => {
                Err(Fault::Header("one block of zeros stands before it, which is no end marker"))
            }
            _ => Ok(None),
        }
    }

    /// A block where a header belongs, or None at the end of input.
    fn read_block(&mut self) -> Result<Option<Block>, Fault> {
        self.header_at = self.input.position();
        let mut block = [0; BLOCK];
        match self.input.fill(&mut block)? {
            0 => Ok(None),
            BLOCK => Ok(Some(block)),
            _ => Err(Fault::Eof(HEADER)),
        }
    }

    /// Makes what follows a header the current data.
    fn set_data(&mut self, header: &Header, kind: EntryKind) -> Result<(), Fault> {
        let size = if kind.is_header_only() { 0 } else { header.size };
        let size = u64::try_from(size).map_err(|_| Fault::Header("the size is negative"))?;
        self.data = Data::plain(size);
        self.padding = size.wrapping_neg() % as_u64(BLOCK);
        Ok(())
    }

    fn read_records(&mut self) -> Result<Records, Fault> {
        let data = self.read_special(EXTENDED_HEADER)?;
        Records::parse(&data).map_err(Fault::Header)
    }

    fn read_long_name(&mut self) -> Result<Vec<u8>, Fault> {
        let data = self.read_special(LONG_NAME)?;
        Ok(text(&data).to_vec())
    }

    /// The whole of the current data, which belongs to the headers.
    fn read_special(&mut self, what: &'static str) -> Result<Vec<u8>, Fault> {
        // The buffer grows with what is there, not with what the header says.
        let mut read = Vec::new();
        let mut left = self.data.stored().min(MAX_SPECIAL + 1);
        while left > 0 {
            let piece = self.input.lend(left)?;
            if piece.is_empty() {
                return Err(Fault::Eof(what));
            }
            read.extend_from_slice(piece);
            left = left.saturating_sub(as_u64(piece.len()));
        }
        let length = as_u64(read.len());
        if length > MAX_SPECIAL {
            return Err(Fault::FieldTooLong(what));
        }
        self.data.advance_stored(length);
        Ok(read)
    }

    /// A global header as an entry. It has a name and records, and nothing else.
    fn read_global(&mut self, mut header: Header) -> Result<Entry, Fault> {
        let records = self.read_records()?;
        // With a number that is none Go's reader drops the records without a word; the name is
        // then left to chance, and here the record's.
        let valid = records.apply(&mut header).is_ok();
        if !valid && !records.get("path").is_empty() {
            header.path = records.get("path").to_vec();
        }
        let records = if valid { records.into_sorted() } else { Vec::new() };
        Ok(Entry {
            path: header.path,
            link_name: Vec::new(),
            kind: EntryKind::GlobalHeader,
            mode: 0,
            uid: 0,
            gid: 0,
            size: 0,
            modified: None,
            accessed: None,
            changed: None,
            dev_major: 0,
            dev_minor: 0,
            records,
            position: self.header_at,
        })
    }

    /// Joins a header with those before it.
    fn finish(
        &mut self,
        block: &Block,
        mut header: Header,
        before: Before,
    ) -> Result<Entry, Fault> {
        let Before { records, long_path, long_link } = before;
        records.apply(&mut header).map_err(Fault::Header)?;
        if !long_path.is_empty() {
            header.path = long_path;
        }
        if !long_link.is_empty() {
            header.link_name = long_link;
        }
        let kind = match header.flag {
            0 => EntryKind::legacy(&header.path),
            flag => EntryKind::of(flag),
        };
        // Once more: the records may have another size, and the path makes a directory.
        self.set_data(&header, kind)?;
        if let Some(map) = self.read_sparse_map(block, &mut header, &records)? {
            if kind.is_header_only() {
                return Err(Fault::Header("a sparse map stands where there is no data"));
            }
            let fragments = sparse::check(&map, header.size).map_err(Fault::Header)?;
            self.data.spread(fragments, u64::try_from(header.size).unwrap_or_default());
        }
        let size = if kind.is_header_only() { 0 } else { header.size };
        Ok(Entry {
            path: header.path,
            link_name: header.link_name,
            kind,
            mode: header.mode,
            uid: header.uid,
            gid: header.gid,
            size: u64::try_from(size).unwrap_or_default(),
            modified: header.modified,
            accessed: header.accessed,
            changed: header.changed,
            dev_major: header.dev_major,
            dev_minor: header.dev_minor,
            records: records.into_sorted(),
            position: self.header_at,
        })
    }

    /// The map of a sparse file, whose size and name it sets. None for other files.
    fn read_sparse_map(
        &mut self,
        block: &Block,
        header: &mut Header,
        records: &Records,
    ) -> Result<Option<RawMap>, Fault> {
        if header.flag == b'S' {
            return self.read_old_map(block, header).map(Some);
        }
        let Some(form) = PaxForm::of(records) else { return Ok(None) };
        let name = records.get("GNU.sparse.name");
        if !name.is_empty() {
            header.path = name.to_vec();
        }
        if let Some(size) = sparse::pax_real_size(records).map_err(Fault::Header)? {
            header.size = size;
        }
        match form {
            PaxForm::InRecords => sparse::read_records(records).map_err(Fault::Header).map(Some),
            PaxForm::InData => self.read_data_map().map(Some),
        }
    }

    /// The map of the old form, in the header and the extension blocks after it.
    fn read_old_map(&mut self, block: &Block, header: &mut Header) -> Result<RawMap, Fault> {
        // Star has sparse files too, of the same flag and another form.
        if header.format != Format::Gnu {
            return Err(Fault::Header("a sparse file's header is not of GNU tar"));
        }
        header.size = sparse::old_real_size(block).map_err(Fault::Header)?;
        let mut map = RawMap::new();
        let mut length = sparse::IN_HEADER.len();
        let mut extended =
            sparse::read_old(block, sparse::IN_HEADER, &mut map).map_err(Fault::Header)?;
        while extended {
            let mut extension = [0; BLOCK];
            if self.input.fill(&mut extension)? < BLOCK {
                return Err(Fault::Eof(SPARSE_MAP));
            }
            length += BLOCK;
            if as_u64(length) >= MAX_SPECIAL {
                return Err(Fault::SparseMapTooLong);
            }
            extended = sparse::read_old(&extension, sparse::IN_EXTENSION, &mut map)
                .map_err(Fault::Header)?;
        }
        Ok(map)
    }

    /// The map of form 1.0, which is the first part of the data.
    fn read_data_map(&mut self) -> Result<RawMap, Fault> {
        let mut map = DataMap::default();
        while !map.is_whole() {
            if as_u64(map.len() + BLOCK) > MAX_SPECIAL {
                return Err(Fault::SparseMapTooLong);
            }
            let mut block = [0; BLOCK];
            if self.data.stored() < as_u64(BLOCK) || self.input.fill(&mut block)? < BLOCK {
                return Err(Fault::Eof(SPARSE_MAP));
            }
            self.data.advance_stored(as_u64(BLOCK));
            map.push(&block).map_err(Fault::Header)?;
        }
        map.finish().map_err(Fault::Header)
    }
}

/// The current entry's data, holes as zeros.
impl<R: BufRead> Read for TarStream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let (piece, is_hole) = match self.next_piece()? {
            Piece::End => return Ok(0),
            Piece::Hole(length) => (length, true),
            Piece::Stored(length) => (length, false),
        };
        let length = usize::try_from(piece).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = buffer.get_mut(..length).unwrap_or_default();
        if is_hole {
            buffer.fill(0);
            self.data.advance_hole(as_u64(length));
            return Ok(length);
        }
        let piece = match self.input.lend(as_u64(length)) {
            Ok(piece) => piece,
            Err(source) => return Err(self.fail_in_data(source.into()).into()),
        };
        let read = piece.len();
        buffer.get_mut(..read).unwrap_or_default().copy_from_slice(piece);
        self.data.advance_stored(as_u64(read));
        Ok(read)
    }
}
