//! The machine's own files as one layer: 200 MB of them, all with `E2E_FULL=1`.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use e2e::machine;
use e2e::tools::{self, Place};

use crate::convert;
use crate::same::{Meaning, TOOLS};

/// Names below `/` up to so many bytes of content; a folder before what is in it.
fn choose(folders: &[&str], limit: u64) -> Vec<u8> {
    let mut chosen = Vec::new();
    let mut room = limit;
    let mut todo: Vec<PathBuf> = folders.iter().rev().map(PathBuf::from).collect();
    while let Some(path) = todo.pop() {
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        if meta.is_file() {
            let Some(left) = room.checked_sub(meta.len()) else { continue };
            room = left;
        }
        let name = path.strip_prefix("/").expect("an absolute path");
        chosen.extend([name.as_os_str().as_bytes(), b"\0"].concat());
        if meta.is_dir() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            todo.extend(entries.map(|entry| entry.path()));
        }
    }
    chosen
}

#[test]
fn the_machines_own_files() {
    let Some(place) = Place::as_root("the_machines_own_files", TOOLS) else { return };
    let (folders, limit, disk) = if machine::full() {
        (&["/usr/lib", "/usr/share"][..], 8 << 30, 16 << 30)
    } else {
        (
            &["/usr/share/doc", "/usr/share/locale", "/usr/lib/x86_64-linux-gnu"][..],
            200 << 20,
            1 << 30,
        )
    };
    let list = place.join("list");
    fs::write(&list, choose(folders, limit)).expect("the list");
    let tar = place.join("machine.tar");
    let flags: [&dyn AsRef<OsStr>; 7] = [
        &"--format=pax",
        &"--xattrs",
        &"--xattrs-include=*",
        &"--numeric-owner",
        &"--no-recursion",
        &"--null",
        &"--verbatim-files-from",
    ];
    let files: [&dyn AsRef<OsStr>; 6] = [&"-C", &Path::new("/"), &"-T", &list, &"-cf", &tar];
    let ran = tools::run("tar", &[flags.as_slice(), files.as_slice()].concat());
    assert_eq!(ran.code, 0, "{ran:?}");
    let meaning = Meaning::of(&place, &tar, disk);
    println!(
        "{} files, a tar of {} bytes",
        meaning.tree.len(),
        fs::metadata(&tar).expect("tar").len()
    );
    for options in [&["--fsck-clean"][..], &["--fsck-clean", "-inline", "-overlay"]] {
        let image = place.join("image.ext4");
        convert(&tar, &image, options);
        let faults = meaning.faults(&place, &image);
        assert!(faults.is_empty(), "{options:?}: {}", faults.join("\n"));
        fs::remove_file(&image).expect("the image");
    }
}
