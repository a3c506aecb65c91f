//! The tars of the corpus: each image is clean, and its files are those that GNU tar
//! makes of the tar.

use std::fs;

use e2e::tools::Place;

use crate::same::{Meaning, TOOLS};
use crate::{convert, corpus};

const DISK: u64 = 512 << 20;

/// Faults that are none: a tar, and what they begin with.
const LEFT_OUT: &[(&str, &str)] = &[
    // Eight bytes are no capability: the kernel takes none, and shows none that is there.
    ("xattrs", "cap: xattr security.capability: Some(\"Invalid argument"),
];

/// Under `-overlay` they are something else than what GNU tar makes; see `layers.rs`.
const WHITEOUTS: &[&str] = &["whiteouts", "opaque-before-dir"];

#[test]
fn images_of_the_corpus_are_clean_and_mean_what_tar_says() {
    let tools = [TOOLS, &["zstd"]].concat();
    let test = "images_of_the_corpus_are_clean_and_mean_what_tar_says";
    let Some(place) = Place::as_root(test, &tools) else { return };
    let mut faults = Vec::new();
    for name in corpus::convertible() {
        let tar = corpus::unpack(&place, &name);
        let meaning = Meaning::of(&place, &tar, DISK);
        assert!(!meaning.tree.is_empty());
        for options in [&[][..], &["-inline"], &["-overlay"]] {
            if options == ["-overlay"] && WHITEOUTS.contains(&name.as_str()) {
                continue;
            }
            let image = place.join("image.ext4");
            convert(&tar, &image, &[&["--fsck-clean"], options].concat());
            let mut found = meaning.faults(&place, &image);
            found.retain(|fault| {
                !LEFT_OUT.iter().any(|(tar, start)| *tar == name && fault.starts_with(start))
            });
            faults.extend(found.into_iter().map(|fault| format!("{name} {options:?}: {fault}")));
            fs::remove_file(&image).expect("the image");
        }
        fs::remove_file(&tar).expect("the tar");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
