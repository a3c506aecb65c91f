//! Whiteouts, before overlayfs.

use std::fs;
use std::os::unix::fs::MetadataExt;

use e2e::mount::Mount;
use e2e::tools::{self, Place};
use rustix::fs::{FileType, lgetxattr};

use crate::{convert, corpus, fsck, names};

/// The lower layer has what the tar takes away.
#[test]
fn whiteouts_hide_files_of_the_layer_below() {
    let test = "whiteouts_hide_files_of_the_layer_below";
    let tools = ["e2fsck", "mke2fs", "mount", "umount", "zstd"];
    let Some(place) = Place::as_root(test, &tools) else { return };
    let image = place.join("image.ext4");
    convert(&corpus::unpack(&place, "whiteouts"), &image, &["-overlay", "--fsck-clean"]);
    fsck(&image).expect("clean");
    let upper = Mount::image(&image, place.join("upper"), "ro");
    for name in ["a/gone", "top", "c/implicit"] {
        let meta = fs::symlink_metadata(upper.join(name)).expect(name);
        assert_eq!(FileType::from_raw_mode(meta.mode()), FileType::CharacterDevice, "{name}");
        assert_eq!((meta.rdev(), meta.uid(), meta.mtime()), (0, 0, 0), "{name}");
    }
    let mut value = [0; 8];
    let length = lgetxattr(upper.join("b"), "trusted.overlay.opaque", &mut value[..]);
    assert_eq!(&value[..length.expect("an attribute")], b"y");

    let lower = place.folder("lower");
    for name in ["a/gone", "a/stays", "b/old", "top", "c/implicit", "c/stays"] {
        fs::create_dir_all(lower.join(name).parent().expect("a folder")).expect("a folder");
        fs::write(lower.join(name), name).expect("a file");
    }
    let options = format!("lowerdir={}:{}", upper.point().display(), lower.display());
    let merged = Mount::any("overlay", "overlay".as_ref(), place.join("merged"), &options);
    let merged = merged.expect("overlay");
    assert_eq!(names(&merged.join("a")), ["stays"]);
    assert_eq!(names(&merged.join("b")), ["new"]);
    assert_eq!(names(&merged.join("c")), ["stays"]);
    assert!(!merged.join("top").exists());
}

/// The entry that makes a folder opaque may come before the folder's own.
#[test]
fn an_opaque_folder_stays_so_when_its_own_entry_follows() {
    let test = "an_opaque_folder_stays_so_when_its_own_entry_follows";
    let tools = ["e2fsck", "getfattr", "mount", "umount", "zstd"];
    let Some(place) = Place::as_root(test, &tools) else { return };
    let image = place.join("image.ext4");
    convert(&corpus::unpack(&place, "opaque-before-dir"), &image, &["-overlay", "--fsck-clean"]);
    fsck(&image).expect("clean");
    let mounted = Mount::image(&image, place.join("mounted"), "ro");
    let ran = tools::run("getfattr", &[&"-n", &"trusted.overlay.opaque", &mounted.join("d")]);
    assert!(ran.out.contains("trusted.overlay.opaque=\"y\""), "{ran:?}");
    assert_eq!(names(&mounted.join("d")), ["f"]);
    let mode = fs::metadata(mounted.join("d")).expect("d").mode();
    assert_eq!(mode & 0o7777, 0o750);
}
