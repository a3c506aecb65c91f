//! `--writable`: a file system that the kernel writes to.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use e2e::mount::Mount;
use e2e::tools::{self, Place};
use rustix::fs::{XattrFlags, lsetxattr};

use crate::{convert, corpus, fsck, tree};

const FREE: u64 = 64 << 20;
/// A write takes it away.
const CAPABILITY: &str = "xattr security.capability";
const UUID: &str = "6e6ae0c5-5fd0-4d4c-9f0c-6a1a3e4b0e51";

/// A field of what `dumpe2fs -h` prints.
fn superblock(image: &Path, field: &str) -> String {
    let ran = tools::run("dumpe2fs", &[&"-h", &image]);
    let line = ran.out.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {field}: {ran:?}")).trim().to_owned()
}

fn blkid(image: &Path, tag: &str) -> String {
    let ran = tools::run("blkid", &[&"-p", &"-o", &"value", &"-s", &tag, &image]);
    ran.out.trim_end().to_owned()
}

/// Writes files until the disk is full. Gives the bytes that went in.
fn fill(folder: &Path, prefix: &str, size: usize) -> u64 {
    let content = vec![0x5a; size];
    let mut sum = 0;
    for number in 0.. {
        let file = File::create(folder.join(format!("{prefix}{number}")));
        match file.and_then(|mut file| file.write_all(&content)) {
            Ok(()) => sum += size as u64,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
                break;
            }
        }
    }
    sum
}

#[test]
fn a_writable_image_is_filled_and_stays_clean() {
    let test = "a_writable_image_is_filled_and_stays_clean";
    let tools = ["e2fsck", "dumpe2fs", "blkid", "mount", "umount", "zstd"];
    let Some(place) = Place::as_root(test, &tools) else { return };
    for name in ["plain", "empty", "manyfiles"] {
        let image = place.join("image.ext4");
        let tar = corpus::unpack(&place, name);
        let options = ["--writable", "64M", "--label", "scratch", "--uuid", UUID];
        convert(&tar, &image, &options);
        fsck(&image).unwrap_or_else(|fault| panic!("{name}, as made: {fault}"));
        assert_eq!(blkid(&image, "LABEL"), "scratch");
        assert_eq!(blkid(&image, "UUID"), UUID);
        assert_eq!(superblock(&image, "Filesystem volume name"), "scratch");
        assert_eq!(superblock(&image, "Filesystem UUID"), UUID);
        let free = superblock(&image, "Free blocks").parse::<u64>().expect("a number") * 4096;
        assert!(free.abs_diff(FREE) <= FREE / 50, "{name}: {free} bytes are free");

        let read_only = Mount::image(&image, place.join("before"), "ro");
        let before = tree::read(read_only.point());
        drop(read_only);
        let mounted = Mount::image(&image, place.join("mounted"), "rw");
        let big = fill(mounted.point(), "big", 1 << 20);
        // Folders of more than a block, and indexes of them, come on top.
        assert!(big > FREE * 9 / 10, "{name}: only {big} bytes went in");
        for number in (0..big >> 20).step_by(2) {
            fs::remove_file(mounted.join(format!("big{number}"))).expect("remove");
        }
        for number in 0..200 {
            fs::create_dir_all(mounted.join(format!("new/{number}/inner"))).expect("a folder");
        }
        fill(&mounted.join("new/7"), "a-name-that-takes-more-room-", 5_000);
        for number in (0..200).step_by(3) {
            fs::remove_dir_all(mounted.join(format!("new/{number}"))).expect("remove");
        }
        drop(mounted);
        fsck(&image).unwrap_or_else(|fault| panic!("{name}, written to: {fault}"));
        let read_only = Mount::image(&image, place.join("after"), "ro");
        let mut after = tree::read(read_only.point());
        after.retain(|path, _| before.contains_key(path));
        // What was made in the root is seen in its time and its links.
        let faults = tree::differences(&after, &before, |path, field| {
            path.as_os_str().is_empty() && ["mtime", "links"].contains(&field)
        });
        assert!(faults.is_empty(), "{name}: {}", faults.join("\n"));
        drop(read_only);
        fs::remove_file(&image).expect("the image");
    }
}

/// The kernel makes inodes larger at the first write, and moves attributes for it.
#[test]
fn files_of_a_writable_image_can_be_changed() {
    let test = "files_of_a_writable_image_can_be_changed";
    let Some(place) = Place::as_root(test, &["e2fsck", "mount", "umount", "zstd"]) else { return };
    for name in corpus::convertible() {
        let (image, tar) = (place.join("image.ext4"), corpus::unpack(&place, &name));
        convert(&tar, &image, &["--writable", "16M"]);
        let mounted = Mount::image(&image, place.join("mounted"), "rw");
        let before = tree::read(mounted.point());
        for (path, fields) in before.iter().filter(|(_, fields)| fields["kind"] != "Symlink") {
            let path = mounted.join(path);
            if fields["kind"] == "RegularFile" {
                let file = File::options().append(true).open(&path);
                file.and_then(|mut file| file.write_all(b"more")).expect("a write");
            }
            let mode = fs::metadata(&path).expect("a mode").permissions().mode();
            fs::set_permissions(&path, PermissionsExt::from_mode(mode | 0o020)).expect("a mode");
            lsetxattr(&path, "trusted.new", b"value", XattrFlags::empty()).expect("an attribute");
        }
        let changed = tree::read(mounted.point());
        drop(mounted);
        fsck(&image).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let mounted = Mount::image(&image, place.join("mounted"), "ro");
        let after = tree::read(mounted.point());
        let faults = tree::differences(&after, &changed, |_, _| false);
        assert!(faults.is_empty(), "{name}, mounted anew: {}", faults.join("\n"));
        let faults = tree::differences(&after, &before, |_, field| {
            ["content", "mode", "mtime", "xattr trusted.new", CAPABILITY].contains(&field)
        });
        assert!(faults.is_empty(), "{name}: {}", faults.join("\n"));
        fs::remove_file(&tar).expect("the tar");
    }
}
