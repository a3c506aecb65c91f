//! A file beyond what one block of extents can hold, with holes, in GNU tar's own form.

use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};

use e2e::mount::Mount;
use e2e::tools::{self, Place};

use crate::{convert, fsck};

/// Above 42.5 GiB, 340 extents of 128 MiB.
const SIZE: u64 = 45 << 30;

/// Where there are bytes: at the front, across an extent's end, behind the first block
/// of extents, and at the end.
const PLACES: [u64; 6] = [0, (128 << 20) - 3, 5_000_000_000, (340 * 128) << 20, 44 << 30, SIZE - 9];

#[test]
fn a_file_of_45_gib_with_holes() {
    let test = "a_file_of_45_gib_with_holes";
    let Some(place) = Place::as_root(test, &["tar", "e2fsck", "mount", "umount"]) else { return };
    let source = place.folder("source");
    let file = File::create_new(source.join("sparse")).expect("a file");
    file.set_len(SIZE).expect("its length");
    for offset in PLACES {
        file.write_all_at(format!("{offset:<9}").get(..9).expect("text").as_bytes(), offset)
            .expect("a write");
    }
    fs::write(source.join("behind"), "another file").expect("a file");
    let tar = place.join("sparse.tar");
    let flags = ["--sparse", "--format=pax", "--sparse-version=1.0"];
    let [a, b, c] = &flags;
    let packed = tools::run("tar", &[a, b, c, &"-C", &source, &"-cf", &tar, &"sparse", &"behind"]);
    assert_eq!(packed.code, 0, "{packed:?}");
    assert!(fs::metadata(&tar).expect("the tar").len() < 1 << 20, "the tar has the holes");

    let image = place.join("image.ext4");
    convert(&tar, &image, &["--fsck-clean", "--max-size", "64G"]);
    let meta = fs::metadata(&image).expect("the image");
    assert!(meta.len() > SIZE);
    assert!(meta.blocks() * 512 < 64 << 20, "{} bytes on the disk", meta.blocks() * 512);
    fsck(&image).expect("clean");
    let mounted = Mount::image(&image, place.join("mounted"), "ro");
    let file = File::open(mounted.join("sparse")).expect("the file");
    assert_eq!(file.metadata().expect("its length").len(), SIZE);
    for offset in PLACES {
        let (mut bytes, mut expected) = ([0xff; 4096], [0; 4096]);
        let start = offset.saturating_sub(1000);
        let length = file.read_at(&mut bytes, start).expect("a read");
        let at = usize::try_from(offset - start).expect("small");
        expected[at..at + 9].copy_from_slice(&format!("{offset:<9}").as_bytes()[..9]);
        assert!(length >= at + 9, "{offset}: {length}");
        assert_eq!(bytes[..length], expected[..length], "at {offset}");
    }
    assert_eq!(fs::read(mounted.join("behind")).expect("a file"), b"another file");
}
