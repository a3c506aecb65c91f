//! Tars with what the corpus lacks.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use e2e::mount::Mount;
use e2e::tools::{self, Place};
use tar::{Builder, EntryType, Header};

use crate::same::{Meaning, TOOLS};
use crate::{convert, fsck};

const DISK: u64 = 512 << 20;

/// An entry of a tar: kind, name, and content or the target of a link.
type Entry<'a> = (EntryType, &'a str, &'a str);

fn write_tar(path: PathBuf, entries: &[Entry<'_>]) -> PathBuf {
    let mut builder = Builder::new(File::create(&path).expect("a tar"));
    for ((kind, name, content), time) in entries.iter().zip(1_600_000_000..) {
        let mut header = Header::new_ustar();
        header.set_entry_type(*kind);
        header.set_mode(if kind.is_dir() { 0o755 } else { 0o640 });
        header.set_mtime(time);
        let is_link = kind.is_hard_link() || kind.is_symlink();
        let data = if is_link { "" } else { content };
        header.set_size(data.len() as u64);
        let done = if is_link {
            builder.append_link(&mut header, name, content)
        } else {
            builder.append_data(&mut header, name, data.as_bytes())
        };
        done.expect("an entry");
    }
    builder.into_inner().expect("the end of a tar");
    path
}

/// Converts the tar, in all ways, and compares with what GNU tar makes of it.
fn check(place: &Place, tar: &Path) {
    let meaning = Meaning::of(place, tar, DISK);
    for options in [&["--fsck-clean"][..], &["--fsck-clean", "-inline"]] {
        let image = place.join("image.ext4");
        convert(tar, &image, options);
        let faults = meaning.faults(place, &image);
        assert!(faults.is_empty(), "{options:?}: {}", faults.join("\n"));
    }
}

#[test]
fn later_entries_replace_files() {
    use EntryType::{Directory, Fifo, Link, Regular, Symlink};
    let Some(place) = Place::as_root("later_entries_replace_files", TOOLS) else { return };
    let (long, longer) = ("old ".repeat(5_000), "new".repeat(9_000));
    let target = "t".repeat(200);
    let tar = write_tar(
        place.join("replaced.tar"),
        &[
            (Directory, "d", ""),
            (Regular, "d/file", &long),
            (Regular, "d/file", &longer),
            (Regular, "d/shrinks", &longer),
            (Regular, "d/shrinks", "x"),
            (Regular, "d/small", "one"),
            (Regular, "d/small", "two"),
            (Regular, "d/linked", &long),
            (Regular, "d/becomes-link", &longer),
            (Link, "d/becomes-link", "d/linked"),
            (Regular, "d/two-names", &long),
            (Link, "d/second-name", "d/two-names"),
            (Regular, "d/two-names", "only here"),
            (Regular, "d/three", "3"),
            (Link, "d/three-b", "d/three"),
            (Link, "d/three-c", "d/three"),
            (Symlink, "d/three-b", "three"),
            (Symlink, "d/symlink", &target),
            (Regular, "d/symlink", "no longer"),
            (Regular, "d/to-symlink", &long),
            (Symlink, "d/to-symlink", &target),
            (Symlink, "d/to-symlink", "short"),
            (Fifo, "d/fifo", ""),
            (Regular, "d/fifo", "a file"),
            (Regular, "d/to-fifo", &long),
            (Fifo, "d/to-fifo", ""),
        ],
    );
    check(&place, &tar);
}

#[test]
fn acls_are_kept() {
    let tools = [TOOLS, &["setfacl", "getfacl"]].concat();
    let Some(place) = Place::as_root("acls_are_kept", &tools) else { return };
    let source = Mount::fresh(place.join("source"), DISK);
    fs::create_dir(source.join("d")).expect("a folder");
    fs::write(source.join("d/file"), "content").expect("a file");
    let acl = |flags: &str, acl: &str, name: &str| {
        let ran = tools::run("setfacl", &[&flags, &acl, &source.join(name)]);
        assert_eq!(ran.code, 0, "{ran:?}");
    };
    acl("-m", "u:1234:rw,g:70000:r,m::rwx", "d/file");
    acl("-m", "u:1:rwx", "d");
    acl("-dm", "u:4000000000:rx,g::r,o::-", "d");
    let tar = place.join("acls.tar");
    // As attributes; the text that --acls writes is another thing.
    let flags = ["--format=pax", "--xattrs", "--xattrs-include=*", "--numeric-owner"];
    let [a, b, c, d] = &flags;
    let ran = tools::run("tar", &[a, b, c, d, &"-C", &source.point(), &"-cf", &tar, &"d"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let acls_of = |point: &Path| {
        let ran = tools::run("getfacl", &[&"-pnR", &"--omit-header", &point.join("d")]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
        ran.out
    };
    let acls = acls_of(source.point());
    assert!(acls.contains("user:1234:rw") && acls.contains("default:user:4000000000"), "{acls}");
    for options in [&["--fsck-clean"][..], &["--fsck-clean", "-inline"]] {
        let image = place.join("image.ext4");
        convert(&tar, &image, options);
        fsck(&image).expect("clean");
        let mounted = Mount::image(&image, place.join("mounted"), "ro");
        assert_eq!(acls_of(mounted.point()), acls, "{options:?}");
    }
}

/// More folders in one than links can be counted.
#[test]
fn a_folder_has_66_000_folders() {
    let test = "a_folder_has_66_000_folders";
    let Some(place) = Place::as_root(test, &["e2fsck", "mount", "umount"]) else { return };
    const COUNT: u64 = 66_000;
    let tar = place.join("folders.tar");
    let mut builder = Builder::new(std::io::BufWriter::new(File::create(&tar).expect("a tar")));
    for number in 0..COUNT {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Directory);
        header.set_mode(0o700);
        header.set_size(0);
        builder.append_data(&mut header, format!("d/{number}"), &[][..]).expect("an entry");
    }
    builder.into_inner().expect("the end of a tar").into_inner().expect("flush");
    let image = place.join("image.ext4");
    convert(&tar, &image, &["--fsck-clean"]);
    fsck(&image).expect("clean");
    let mounted = Mount::image(&image, place.join("mounted"), "ro");
    assert_eq!(fs::metadata(mounted.join("d")).expect("d").nlink(), 1, "not counted");
    assert_eq!(fs::read_dir(mounted.join("d")).expect("d").count() as u64, COUNT);
    assert_eq!(fs::metadata(mounted.join("d/65999")).expect("a folder").nlink(), 2);
}

/// Two blocks of zeros, or nothing at all.
#[test]
fn an_empty_layer_is_an_empty_file_system() {
    let test = "an_empty_layer_is_an_empty_file_system";
    let Some(place) = Place::as_root(test, TOOLS) else { return };
    for length in [0, 1024, 10240] {
        let tar = place.join("empty.tar");
        fs::write(&tar, vec![0; length]).expect("a tar");
        for options in [&["--fsck-clean"][..], &["--writable", "1M"]] {
            let image = place.join("image.ext4");
            convert(&tar, &image, options);
            fsck(&image).expect("clean");
            let mounted = Mount::image(&image, place.join("mounted"), "ro");
            assert_eq!(crate::names(mounted.point()), ["lost+found"], "{length} {options:?}");
        }
    }
}
