//! What the `tar` crate writes is read back, and random bytes are read or refused.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::io::{BufReader, Read};

use proptest::collection::vec;
use proptest::prelude::*;
use tar::{Builder, EntryType, Header};
use tar_stream::{Entry, EntryKind, TarError, TarStream};

const BLOCK: usize = 512;

/// A file to be written, and what is expected back.
#[derive(Clone, Debug)]
struct Item {
    path: String,
    target: String,
    kind: EntryKind,
    gnu: bool,
    mode: u32,
    owner: u32,
    modified: u64,
    xattrs: Vec<(String, Vec<u8>)>,
    data: Vec<u8>,
}

fn item() -> impl Strategy<Value = Item> {
    let kind = prop_oneof![
        Just(EntryKind::Regular),
        Just(EntryKind::Link),
        Just(EntryKind::Symlink),
        Just(EntryKind::Char),
        Just(EntryKind::Directory),
        Just(EntryKind::Fifo),
    ];
    let path = "[a-z]{1,99}(/[a-zäö ]{1,40}){0,6}";
    let xattrs = vec(("user\\.[a-z]{1,8}", vec(any::<u8>(), 0..200)), 0..3);
    let numbers = (0..0o10000_u32, 0..0o7_777_777_u32, 0..1_u64 << 33);
    (kind, path, path, any::<bool>(), numbers, xattrs, vec(any::<u8>(), 0..3000)).prop_map(
        |(kind, path, target, gnu, (mode, owner, modified), mut xattrs, data)| {
            xattrs.sort();
            xattrs.dedup_by(|a, b| a.0 == b.0);
            let data = if kind == EntryKind::Regular { data } else { Vec::new() };
            Item { path, target, kind, gnu, mode, owner, modified, xattrs, data }
        },
    )
}

fn write(items: &[Item]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for item in items {
        let keys = item.xattrs.iter().map(|(key, _)| format!("SCHILY.xattr.{key}"));
        let keys = keys.collect::<Vec<_>>();
        let values = item.xattrs.iter().map(|(_, value)| value.as_slice());
        builder.append_pax_extensions(keys.iter().map(String::as_str).zip(values)).unwrap();
        // Only the GNU form of that crate has long names for all kinds.
        let gnu = item.gnu || item.path.len() > 99 || item.target.len() > 99;
        let mut header = if gnu { Header::new_gnu() } else { Header::new_ustar() };
        header.set_mode(item.mode);
        header.set_uid(item.owner.into());
        header.set_gid(item.owner.into());
        header.set_mtime(item.modified);
        header.set_size(item.data.len().try_into().unwrap());
        let kind = match item.kind {
            EntryKind::Link => EntryType::Link,
            EntryKind::Symlink => EntryType::Symlink,
            EntryKind::Char => EntryType::Char,
            EntryKind::Directory => EntryType::Directory,
            EntryKind::Fifo => EntryType::Fifo,
            _ => EntryType::Regular,
        };
        header.set_entry_type(kind);
        if item.kind == EntryKind::Char {
            header.set_device_major(8).unwrap();
            header.set_device_minor(1).unwrap();
        }
        if is_link(item.kind) {
            builder.append_link(&mut header, &item.path, &item.target).unwrap();
        } else {
            builder.append_data(&mut header, &item.path, &item.data[..]).unwrap();
        }
    }
    builder.into_inner().unwrap()
}

fn is_link(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::Link | EntryKind::Symlink)
}

fn read(archive: &[u8], capacity: usize) -> (Vec<(Entry, Vec<u8>)>, Option<TarError>) {
    let mut stream = TarStream::new(BufReader::with_capacity(capacity, archive));
    let mut all = Vec::new();
    loop {
        let entry = match stream.next_entry() {
            Ok(Some(entry)) => entry,
            Ok(None) => return (all, None),
            Err(error) => return (all, Some(error)),
        };
        let mut data = Vec::new();
        // Random sizes go up to 8 EiB of holes.
        let read = stream.by_ref().take(1 << 20).read_to_end(&mut data);
        all.push((entry, data));
        if let Err(error) = read {
            return (all, Some(error.downcast().unwrap()));
        }
    }
}

fn text(found: (Vec<(Entry, Vec<u8>)>, Option<TarError>)) -> String {
    format!("{:?} {:?}", found.0, found.1.map(|error| error.to_string()))
}

/// Makes each block one with a header's checksum.
fn with_checksums(mut archive: Vec<u8>) -> Vec<u8> {
    for block in archive.chunks_exact_mut(BLOCK) {
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().copied().map(u32::from).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    }
    archive
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn what_was_written_is_read(items in vec(item(), 0..5), capacity in 1..5000_usize) {
        let (found, error) = read(&write(&items), capacity);
        prop_assert!(error.is_none(), "{error:?}");
        prop_assert_eq!(found.len(), items.len());
        for ((entry, data), item) in found.iter().zip(&items) {
            prop_assert_eq!(&entry.path, item.path.as_bytes());
            let target = if is_link(item.kind) { item.target.as_bytes() } else { b"" };
            prop_assert_eq!(&entry.link_name, target);
            prop_assert_eq!(entry.kind, item.kind);
            prop_assert_eq!(entry.mode, i64::from(item.mode));
            prop_assert_eq!((entry.uid, entry.gid), (item.owner.into(), item.owner.into()));
            let modified = entry.modified.map(|time| (time.seconds, time.nanoseconds));
            prop_assert_eq!(modified, Some((item.modified.try_into().unwrap(), 0)));
            let device = if item.kind == EntryKind::Char { (8, 1) } else { (0, 0) };
            prop_assert_eq!((entry.dev_major, entry.dev_minor), device);
            let xattrs = item.xattrs.iter().map(|(key, value)| (key.as_bytes(), &value[..]));
            prop_assert!(entry.xattrs().eq(xattrs));
            prop_assert_eq!(data, &item.data);
        }
    }

    #[test]
    fn how_the_input_comes_does_not_matter(
        items in vec(item(), 1..4),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        length in any::<prop::sample::Index>(),
    ) {
        let mut archive = write(&items);
        for (at, byte) in changes {
            let at = at.index(archive.len());
            archive[at] = byte;
        }
        archive.truncate(length.index(2 * archive.len()));
        let expected = text(read(&archive, 1 << 16));
        for capacity in [1, 3, 512, 4096] {
            prop_assert_eq!(text(read(&archive, capacity)), expected.clone());
        }
    }

    #[test]
    fn random_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..4000)) {
        read(&bytes, 100);
        read(&with_checksums(bytes), 100);
    }

    #[test]
    fn random_headers_are_read_or_refused(
        blocks in vec(vec(prop_oneof![4 => Just(0_u8), 1 => b'0'..=b'9', 1 => any::<u8>()], BLOCK), 1..5),
        flags in vec(prop::sample::select(&b"0SxgLK5\0"[..]), 5),
        gnu in any::<bool>(),
    ) {
        let mut archive = blocks.concat();
        for (block, flag) in archive.chunks_exact_mut(BLOCK).zip(flags) {
            block[100..148].fill(b' ');
            block[156] = flag;
            block[257..265].copy_from_slice(if gnu { b"ustar  \0" } else { b"ustar\x0000" });
            block[329..386].fill(0);
        }
        read(&with_checksums(archive), 100);
    }
}
