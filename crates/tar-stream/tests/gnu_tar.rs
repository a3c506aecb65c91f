//! Archives that GNU tar wrote, sparse files in particular.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::Command;

use tar_stream::{Chunk, Entry, TarStream};

/// Fragments with a page of data each; enough for extension blocks of the old form.
const FRAGMENTS: u64 = 60;
const DISTANCE: u64 = 64 * 1024;

/// Writes a file with holes. The last has nothing after it.
fn write_sparse(path: &Path) {
    let mut file = File::create(path).unwrap();
    for fragment in 0..FRAGMENTS {
        file.seek(SeekFrom::Start((fragment + 1) * DISTANCE)).unwrap();
        file.write_all(&[u8::try_from(fragment).unwrap() + 1; 4096]).unwrap();
    }
    file.set_len((FRAGMENTS + 2) * DISTANCE).unwrap();
}

/// Runs `tar` in a folder. None, with a word why, where there is no GNU tar.
fn tar(test: &str, folder: &Path, args: &[&str]) -> Option<Vec<u8>> {
    let version = Command::new("tar").arg("--version").output();
    if !version.is_ok_and(|output| output.stdout.starts_with(b"tar (GNU tar)")) {
        println!("left out: {test}: there is no GNU tar");
        return None;
    }
    let output = Command::new("tar").current_dir(folder).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

/// The entries with their data, and whether that had holes.
fn read_all(archive: &[u8], capacity: usize) -> Vec<(Entry, Vec<u8>, bool)> {
    let mut stream = TarStream::new(BufReader::with_capacity(capacity, archive));
    let mut all = Vec::new();
    while let Some(entry) = stream.next_entry().unwrap() {
        let (mut data, mut has_holes) = (Vec::new(), false);
        while let Some(chunk) = stream.next_chunk().unwrap() {
            match chunk {
                Chunk::Data(bytes) => data.extend_from_slice(bytes),
                Chunk::Hole(length) => {
                    has_holes = true;
                    data.resize(data.len() + usize::try_from(length).unwrap(), 0);
                }
            }
        }
        all.push((entry, data, has_holes));
    }
    all
}

#[test]
fn sparse_files_of_each_form() {
    let folder = tempfile::tempdir().unwrap();
    write_sparse(&folder.path().join("holes"));
    std::fs::write(folder.path().join("next"), b"data").unwrap();
    let mut expected = Vec::new();
    File::open(folder.path().join("holes")).unwrap().read_to_end(&mut expected).unwrap();
    for form in [
        &["--format=gnu"][..],
        &["--format=pax", "--sparse-version=0.0"],
        &["--format=pax", "--sparse-version=0.1"],
        &["--format=pax", "--sparse-version=1.0"],
    ] {
        // Holes by their zeros: what else the map has depends on the file system.
        let args =
            [form, &["--sparse", "--hole-detection=raw", "-cf", "-", "holes", "next"]].concat();
        let Some(archive) = tar("sparse_files_of_each_form", folder.path(), &args) else { return };
        assert!(archive.len() < expected.len(), "{form:?}");
        for capacity in [1, 3, 512, 4096, 1 << 20] {
            let all = read_all(&archive, capacity);
            let (holes, data, has_holes) = &all[0];
            assert_eq!(holes.path, b"holes", "{form:?}");
            assert_eq!(holes.size, u64::try_from(expected.len()).unwrap(), "{form:?}");
            assert!(*has_holes && *data == expected, "{form:?}");
            assert_eq!((&all[1].0.path[..], &all[1].1[..]), (&b"next"[..], &b"data"[..]));
        }
    }
}

#[test]
fn long_names_of_each_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}/{}", "d".repeat(120), "f".repeat(120));
    std::fs::create_dir(folder.path().join("d".repeat(120))).unwrap();
    std::fs::write(folder.path().join(&path), b"data").unwrap();
    for format in ["gnu", "oldgnu", "pax"] {
        let format = format!("--format={format}");
        let args = [&format, "--mtime=@1000.25", "-cf", "-", &path];
        let Some(archive) = tar("long_names_of_each_format", folder.path(), &args) else { return };
        let all = read_all(&archive, 4096);
        assert_eq!((all.len(), &all[0].1[..]), (1, &b"data"[..]));
        assert_eq!(all[0].0.path, path.as_bytes());
        let modified = all[0].0.modified.unwrap();
        let fraction = if format.contains("gnu") { 0 } else { 250_000_000 };
        assert_eq!((modified.seconds, modified.nanoseconds), (1000, fraction));
    }
}
