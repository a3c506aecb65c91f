//! Tars that nobody should trust.

use std::fs;
use std::path::{Path, PathBuf};

use e2e::mount::Mount;
use e2e::tools::Place;
use tar::{EntryType, Header};

use crate::same::{Meaning, TOOLS};
use crate::{convert, fsck, names, tar2ext4, tree};

/// A tar of raw headers: no library would write these names.
fn write_tar(path: PathBuf, entries: &[(EntryType, &str, &str, &[u8])]) -> PathBuf {
    let mut bytes = Vec::new();
    for (kind, name, link, data) in entries {
        bytes.extend(header(*kind, name, link, data.len() as u64).as_bytes());
        bytes.extend(*data);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    fs::write(&path, bytes).expect("a tar");
    path
}

fn header(kind: EntryType, name: &str, link: &str, size: u64) -> Header {
    let mut header = Header::new_ustar();
    let raw = header.as_ustar_mut().expect("ustar");
    raw.name[..name.len()].copy_from_slice(name.as_bytes());
    raw.linkname[..link.len()].copy_from_slice(link.as_bytes());
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(1);
    header.set_size(size);
    header.set_cksum();
    header
}

/// A refusal within a moment, with these words, that leaves nothing.
fn assert_refused(place: &Place, tar: &Path, options: &[&str], words: &[&str]) {
    let out = place.folder("out");
    let image = out.join("image");
    let mut arguments: Vec<&dyn AsRef<std::ffi::OsStr>> = vec![&"-i", &tar, &"-o", &image];
    arguments.extend(options.iter().map(|option| option as &dyn AsRef<std::ffi::OsStr>));
    let ran = tar2ext4(&arguments);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(words.iter().all(|word| ran.err.contains(word)), "{words:?}: {ran:?}");
    assert!(!ran.err.contains("panicked"), "{ran:?}");
    assert!(names(&out).is_empty(), "{:?}", names(&out));
}

#[test]
fn names_that_lead_out_end_inside() {
    use EntryType::{Link, Regular, Symlink};
    let test = "names_that_lead_out_end_inside";
    let Some(place) = Place::as_root(test, &["e2fsck", "mount", "umount"]) else { return };
    let marker = format!("e2e-hostile-{}", std::process::id());
    let up = format!("../../../../../../../../tmp/{marker}");
    let absolute = format!("/tmp/{marker}-absolute");
    let tar = write_tar(
        place.join("hostile.tar"),
        &[
            (Regular, &up, "", b"up"),
            (Regular, &absolute, "", b"absolute"),
            (Regular, "a/../../b/./c//d", "", b"cleaned"),
            (Regular, "..", "", b""),
            (Link, "link", "../../b/c/d", b""),
            (Symlink, "out", "/etc", b""),
            (Symlink, "up", "../../../..", b""),
        ],
    );
    let image = place.join("image");
    let ran = tar2ext4(&[&"--fsck-clean", &"-i", &tar, &"-o", &image]);
    println!("{ran:?}");
    for path in [PathBuf::from(format!("/tmp/{marker}")), PathBuf::from(&absolute)] {
        assert!(!path.exists(), "{path:?} is outside");
    }
    // A file in the place of the root is none; the others are files below it.
    assert_eq!(ran.code, 1, "{ran:?}");
    let bytes = fs::read(&tar).expect("the tar");
    let without_root = [&bytes[..3 * 1024], &bytes[3 * 1024 + 512..]].concat();
    fs::write(&tar, without_root).expect("a tar");
    convert(&tar, &image, &["--fsck-clean"]);
    fsck(&image).expect("clean");
    let mounted = Mount::image(&image, place.join("mounted"), "ro");
    let found = tree::read(mounted.point());
    let mut found: Vec<String> = found.keys().map(|path| path.display().to_string()).collect();
    found.retain(|path| !path.is_empty());
    let mut expected: Vec<String> =
        ["b", "b/c", "b/c/d", "link", "out", "tmp", "up"].map(str::to_owned).to_vec();
    expected.extend([format!("tmp/{marker}"), format!("tmp/{marker}-absolute")]);
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(fs::read(mounted.join("link")).expect("a link"), b"cleaned");
}

/// No file goes through a symlink of the tar, to where that leads.
#[test]
fn a_symlink_is_no_folder() {
    let Some(place) = Place::new("a_symlink_is_no_folder", &[]) else { return };
    let tar = write_tar(
        place.join("through.tar"),
        &[(EntryType::Symlink, "d", "/tmp", b""), (EntryType::Regular, "d/evil", "", b"evil")],
    );
    assert_refused(&place, &tar, &[], &["d/evil"]);
}

#[test]
fn a_file_of_8_eib_is_refused_at_once() {
    let Some(place) = Place::new("a_file_of_8_eib_is_refused_at_once", &[]) else { return };
    let tar = place.join("large.tar");
    for size in [(1 << 63) - 1, 1 << 62, 129 << 30] {
        fs::write(&tar, header(EntryType::Regular, "large", "", size).as_bytes()).expect("a tar");
        assert_refused(&place, &tar, &[], &["large: file too big"]);
    }
    // As it says, but nothing follows.
    fs::write(&tar, header(EntryType::Regular, "large", "", 4 << 30).as_bytes()).expect("a tar");
    assert_refused(&place, &tar, &[], &["unexpected EOF"]);
}

#[test]
fn an_image_larger_than_asked_for_is_refused() {
    let Some(place) = Place::new("an_image_larger_than_asked_for_is_refused", &[]) else { return };
    let data = vec![1; 2 << 20];
    let tar = write_tar(place.join("large.tar"), &[(EntryType::Regular, "f", "", &data)]);
    let words = ["disk exceeded maximum size of 1048576 bytes"];
    assert_refused(&place, &tar, &["--max-size", "1M"], &words);
    convert(&tar, &place.join("image"), &["--max-size", "3M"]);
}

#[test]
fn an_extended_header_of_8_eib_is_refused_at_once() {
    let Some(place) = Place::new("an_extended_header_of_8_eib_is_refused_at_once", &[]) else {
        return;
    };
    let tar = place.join("large.tar");
    for kind in [EntryType::XHeader, EntryType::XGlobalHeader, EntryType::GNULongName] {
        fs::write(&tar, header(kind, "large", "", (1 << 63) - 1).as_bytes()).expect("a tar");
        assert_refused(&place, &tar, &[], &[]);
    }
}

#[test]
fn more_files_than_allowed_are_refused() {
    let Some(place) = Place::new("more_files_than_allowed_are_refused", &[]) else { return };
    let names: Vec<String> = (0..100).map(|number| format!("f{number}")).collect();
    let entries: Vec<_> =
        names.iter().map(|name| (EntryType::Regular, name.as_str(), "", &b""[..])).collect();
    let tar = write_tar(place.join("many.tar"), &entries);
    assert_refused(&place, &tar, &["--max-files", "50"], &["50"]);
    convert(&tar, &place.join("image"), &["--max-files", "200"]);
    // So many folders come with one name.
    let deep = "d/".repeat(49) + "f";
    let tar = write_tar(place.join("deep.tar"), &[(EntryType::Regular, &deep, "", b"")]);
    assert_refused(&place, &tar, &["--max-files", "20"], &["20"]);
}

/// A name for itself is what it is already.
#[test]
fn a_link_to_itself_is_no_loop() {
    let test = "a_link_to_itself_is_no_loop";
    let Some(place) = Place::as_root(test, TOOLS) else { return };
    let tar = write_tar(
        place.join("self.tar"),
        &[
            (EntryType::Regular, "f", "", b"content"),
            (EntryType::Link, "f", "f", b""),
            (EntryType::Regular, "g", "", &[7; 5000]),
            (EntryType::Link, "h", "g", b""),
            (EntryType::Link, "g", "h", b""),
        ],
    );
    let image = place.join("image");
    convert(&tar, &image, &["--fsck-clean"]);
    let faults = Meaning::of(&place, &tar, 64 << 20).faults(&place, &image);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
