//! The records of extended headers.

use std::collections::BTreeMap;

use crate::header::Header;
use crate::number::{decimal, time};

const SPARSE_MAP: &[u8] = b"GNU.sparse.map";

/// The shortest record that there can be.
const SHORTEST: i64 = 5;

/// A key and its value.
pub(crate) type Record = (Vec<u8>, Vec<u8>);

/// The records of an extended header.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Records(BTreeMap<Vec<u8>, Vec<u8>>);

impl Records {
    /// Reads an extended header's data. The error says what is wrong.
    ///
    /// The sparse map of GNU tar's form 0.0 uses the same two keys over and over; it becomes the
    /// one record of form 0.1.
    pub(crate) fn parse(data: &[u8]) -> Result<Self, &'static str> {
        let mut records = BTreeMap::new();
        let mut sparse_map = SparseMap::default();
        let mut rest = data;
        while !rest.is_empty() {
            let (key, value, next) = record(rest)?;
            rest = next;
            if !sparse_map.take(key, value)? {
                records.insert(key.to_vec(), value.to_vec());
            }
        }
        if let Some(joined) = sparse_map.joined {
            records.insert(SPARSE_MAP.to_vec(), joined);
        }
        Ok(Self(records))
    }

    /// The value of a key; empty where there is none.
    pub(crate) fn get(&self, key: &str) -> &[u8] {
        self.0.get(key.as_bytes()).map(Vec::as_slice).unwrap_or_default()
    }

    /// Overrides the fields of a header. An empty value leaves the header's.
    pub(crate) fn apply(&self, header: &mut Header) -> Result<(), &'static str> {
        for (key, value) in self.0.iter().filter(|(_, value)| !value.is_empty()) {
            match key.as_slice() {
                b"path" => header.path.clone_from(value),
                b"linkpath" => header.link_name.clone_from(value),
                b"uid" => header.uid = decimal(value).ok_or("the record uid is no number")?,
                b"gid" => header.gid = decimal(value).ok_or("the record gid is no number")?,
                b"size" => header.size = decimal(value).ok_or("the record size is no number")?,
                b"atime" => {
                    header.accessed =
                        time(value).ok_or("the record atime is no time")?.unless_zero();
                }
                b"mtime" => {
                    header.modified =
                        time(value).ok_or("the record mtime is no time")?.unless_zero();
                }
                b"ctime" => {
                    header.changed =
                        time(value).ok_or("the record ctime is no time")?.unless_zero();
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The records sorted by key.
    pub(crate) fn into_sorted(self) -> Vec<Record> {
        self.0.into_iter().collect()
    }
}

/// The sparse map of form 0.0: offsets and lengths in turn, here joined with commas.
#[derive(Default)]
struct SparseMap {
    joined: Option<Vec<u8>>,
    wants_length: bool,
}

impl SparseMap {
    /// Takes a record that is part of the map. False where it is none.
    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<bool, &'static str> {
        let is_length = match key {
            b"GNU.sparse.offset" => false,
            b"GNU.sparse.numbytes" => true,
            _ => return Ok(false),
        };
        if is_length != self.wants_length || value.contains(&b',') {
            return Err("the records of the sparse map are no offsets and lengths in turn");
        }
        self.wants_length = !self.wants_length;
        match &mut self.joined {
            Some(joined) => {
                joined.push(b',');
                joined.extend_from_slice(value);
            }
            None => self.joined = Some(value.to_vec()),
        }
        Ok(true)
    }
}

type Split<'a> = (&'a [u8], &'a [u8], &'a [u8]);

/// Splits the first record off: its key, its value, and what follows.
///
/// A record is its own length in decimal, a space, the key, `=`, the value and a newline. Values
/// are any bytes, newlines too.
fn record(data: &[u8]) -> Result<Split<'_>, &'static str> {
    const LENGTH: &str = "an extended header's record has a wrong length";
    let space = data.iter().position(|byte| *byte == b' ').ok_or(LENGTH)?;
    let (digits, _) = data.split_at_checked(space).ok_or(LENGTH)?;
    let length = decimal(digits).filter(|length| *length >= SHORTEST).ok_or(LENGTH)?;
    let length = usize::try_from(length).map_err(|_| LENGTH)?;
    let (whole, rest) = data.split_at_checked(length).ok_or(LENGTH)?;
    let body = whole.get(space + 1..).ok_or(LENGTH)?;
    let body = body.strip_suffix(b"\n").ok_or("an extended header's record has no newline")?;
    let equals = body.iter().position(|byte| *byte == b'=');
    let (key, value) = equals
        .and_then(|equals| Some((body.get(..equals)?, body.get(equals + 1..)?)))
        .ok_or("an extended header's record has no equals sign")?;
    if !is_valid(key, value) {
        return Err("an extended header's record has an empty key or a NUL");
    }
    Ok((key, value, rest))
}

fn is_valid(key: &[u8], value: &[u8]) -> bool {
    match key {
        b"" => false,
        b"path" | b"linkpath" | b"uname" | b"gname" => !value.contains(&0),
        _ => !key.contains(&0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::record as make;

    fn parse(data: &[u8]) -> Result<Vec<Record>, &'static str> {
        Records::parse(data).map(Records::into_sorted)
    }

    #[test]
    fn records_are_sorted_and_the_last_of_a_key_counts() {
        let data = [make("b", b"1"), make("a", b"2"), make("b", b"3")].concat();
        let expected = [("a", "2"), ("b", "3")].map(|(key, value)| (key.into(), value.into()));
        assert_eq!(parse(&data).unwrap(), expected);
        assert_eq!(parse(b"").unwrap(), []);
    }

    #[test]
    fn values_are_any_bytes() {
        let value = b"\n=\0\xff 12 a=b\n";
        assert_eq!(parse(&make("k", value)).unwrap(), [(b"k".to_vec(), value.to_vec())]);
        assert_eq!(parse(&make("k", b"")).unwrap(), [(b"k".to_vec(), Vec::new())]);
    }

    #[test]
    fn lengths_are_checked() {
        assert!(parse(b"5 k=\n").is_ok());
        assert!(parse(b"+6 k=\n").is_ok());
        assert!(parse(b"0006 k=").is_err());
        assert!(parse(b"0008 k=\n").is_ok());
        for data in [
            &b"5k=\n"[..],
            b"4 =\n",
            b"6 k=\n",
            b"-5 k=\n",
            b"x k=\n",
            b" k=\n",
            b"5 k=x",
            b"5 kx\n",
            b"99999999999999999999 k=\n",
            b"9223372036854775807 k=\n",
            b"000000000000000005 k=\n",
            b"\0\0\0\0\0",
        ] {
            assert!(parse(data).is_err(), "{}", data.escape_ascii());
        }
    }

    #[test]
    fn nuls_and_empty_keys_are_refused() {
        for key in ["path", "linkpath", "uname", "gname"] {
            assert!(parse(&make(key, b"a\0")).is_err(), "{key}");
        }
        assert!(parse(&make("", b"a")).is_err());
        assert!(parse(&make("a\0", b"a")).is_err());
        assert!(parse(&make("SCHILY.xattr.a", b"a\0")).is_ok());
    }

    #[test]
    fn the_first_sparse_form_becomes_one_record() {
        let (offset, length) = ("GNU.sparse.offset", "GNU.sparse.numbytes");
        let data = [make(offset, b"1"), make(length, b"2"), make(offset, b"3")].concat();
        let records = Records::parse(&data).unwrap();
        assert_eq!(records.get("GNU.sparse.map"), b"1,2,3");
        assert_eq!(records.get(offset), b"");
        assert!(parse(&make(length, b"2")).is_err());
        assert!(parse(&[make(offset, b"1"), make(offset, b"1")].concat()).is_err());
        assert!(parse(&make(offset, b"1,2")).is_err());
    }
}
