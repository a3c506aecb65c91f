//! The maps of sparse files, in the four forms that GNU tar has written.

use std::ops::Range;

use crate::Block;
use crate::header::field;
use crate::number::{decimal, numeric};
use crate::pax::Records;

const REAL_SIZE: Range<usize> = 483..495;

/// The bytes of an offset or a length in the old form.
const NUMBER: usize = 12;

const BAD_NUMBER: &str = "the sparse map has no number where one belongs";

/// A piece of a sparse file that the archive has data for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Fragment {
    pub(crate) offset: u64,
    pub(crate) length: u64,
}

impl Fragment {
    pub(crate) fn end(self) -> u64 {
        self.offset.saturating_add(self.length)
    }
}

/// A map as an archive has it: offsets and lengths, not yet checked.
pub(crate) type RawMap = Vec<(i64, i64)>;

/// Checks a map: in order, without overlap, within the file. Empty fragments are left out.
pub(crate) fn check(map: &RawMap, size: i64) -> Result<Vec<Fragment>, &'static str> {
    if size < 0 {
        return Err("the size of a sparse file is negative");
    }
    let mut fragments = Vec::with_capacity(map.len());
    let mut end_before = 0;
    for (offset, length) in map {
        let negative = |_| "the sparse map has a negative number";
        let fragment = Fragment {
            offset: u64::try_from(*offset).map_err(negative)?,
            length: u64::try_from(*length).map_err(negative)?,
        };
        if i64::try_from(fragment.end()).map_or(true, |end| end > size) {
            return Err("the sparse map goes beyond the file's size");
        }
        if end_before > fragment.offset {
            return Err("the sparse map is not in order");
        }
        end_before = fragment.end();
        if fragment.length > 0 {
            fragments.push(fragment);
        }
    }
    Ok(fragments)
}

/// The size of a sparse file in the old form.
pub(crate) fn old_real_size(block: &Block) -> Result<i64, &'static str> {
    numeric(field(block, REAL_SIZE)).ok_or("the size of a sparse file is no number")
}

/// The part of an old map that stands in the header itself.
pub(crate) const IN_HEADER: Range<usize> = 386..482;
/// The part of an old map that an extension block has.
pub(crate) const IN_EXTENSION: Range<usize> = 0..504;

/// Reads a part of an old map. Gives whether an extension block follows.
pub(crate) fn read_old(
    block: &Block,
    part: Range<usize>,
    map: &mut RawMap,
) -> Result<bool, &'static str> {
    let is_extended = block.get(part.end).is_some_and(|more| *more != 0);
    for pair in field(block, part).chunks_exact(2 * NUMBER) {
        let (offset, length) = pair.split_at(NUMBER);
        // The end of GNU tar's own reader: the rest of the part is not looked at.
        if offset.first() == Some(&0) {
            break;
        }
        map.push((numeric(offset).ok_or(BAD_NUMBER)?, numeric(length).ok_or(BAD_NUMBER)?));
    }
    Ok(is_extended)
}

/// The forms of the map in PAX archives.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PaxForm {
    /// 0.0 and 0.1: in the extended header.
    InRecords,
    /// 1.0: before the data.
    InData,
}

impl PaxForm {
    /// The form that the records say. None for a file that is not sparse, or of unknown form.
    pub(crate) fn of(records: &Records) -> Option<Self> {
        match (records.get("GNU.sparse.major"), records.get("GNU.sparse.minor")) {
            (b"0", b"0" | b"1") => Some(Self::InRecords),
            (b"1", b"0") => Some(Self::InData),
            // The first two forms had no numbers at first.
            (b"", b"") if !records.get("GNU.sparse.map").is_empty() => Some(Self::InRecords),
            _ => None,
        }
    }
}

/// The size of a sparse file in the PAX forms, where the records say one.
pub(crate) fn pax_real_size(records: &Records) -> Result<Option<i64>, &'static str> {
    let sizes = [records.get("GNU.sparse.size"), records.get("GNU.sparse.realsize")];
    let Some(size) = sizes.into_iter().find(|size| !size.is_empty()) else { return Ok(None) };
    decimal(size).map(Some).ok_or("the size of a sparse file is no number")
}

/// The map of the forms 0.0 and 0.1.
pub(crate) fn read_records(records: &Records) -> Result<RawMap, &'static str> {
    let count = decimal(records.get("GNU.sparse.numblocks"))
        .and_then(|count| usize::try_from(count).ok())
        .ok_or("the sparse map has no count")?;
    let text = records.get("GNU.sparse.map");
    let commas = text.iter().filter(|byte| **byte == b',').count();
    let numbers = if text.is_empty() { 0 } else { commas + 1 };
    if count.checked_mul(2) != Some(numbers) {
        return Err("the sparse map has another count than it says");
    }
    pairs(text.split(|byte| *byte == b',').take(numbers))
}

fn pairs<'a>(mut numbers: impl Iterator<Item = &'a [u8]>) -> Result<RawMap, &'static str> {
    let mut map = RawMap::new();
    while let Some(offset) = numbers.next() {
        let length = numbers.next().ok_or(BAD_NUMBER)?;
        map.push((decimal(offset).ok_or(BAD_NUMBER)?, decimal(length).ok_or(BAD_NUMBER)?));
    }
    Ok(map)
}

/// The map of form 1.0: lines of decimal numbers before the data, padded to whole blocks. The
/// first is the count of pairs.
#[derive(Default)]
pub(crate) struct DataMap {
    text: Vec<u8>,
    lines: usize,
    /// Lines of the whole map, known once the first is there.
    wanted: Option<usize>,
}

impl DataMap {
    /// Takes a block.
    pub(crate) fn push(&mut self, block: &Block) -> Result<(), &'static str> {
        self.text.extend_from_slice(block);
        self.lines += block.iter().filter(|byte| **byte == b'\n').count();
        if self.wanted.is_none() && self.lines > 0 {
            let count = self.numbers().next().and_then(decimal);
            let wanted = count.and_then(|count| count.checked_mul(2)?.checked_add(1));
            let wanted = wanted.and_then(|wanted| usize::try_from(wanted).ok());
            self.wanted = Some(wanted.ok_or("the sparse map has no count")?);
        }
        Ok(())
    }

    /// Whether the map is whole.
    pub(crate) fn is_whole(&self) -> bool {
        self.wanted.is_some_and(|wanted| self.lines >= wanted)
    }

    /// The bytes taken.
    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// The map, once it is whole.
    pub(crate) fn finish(&self) -> Result<RawMap, &'static str> {
        let pairs_lines = self.wanted.unwrap_or_default().saturating_sub(1);
        pairs(self.numbers().skip(1).take(pairs_lines))
    }

    fn numbers(&self) -> impl Iterator<Item = &[u8]> {
        self.text.split(|byte| *byte == b'\n')
    }
}
