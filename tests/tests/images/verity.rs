//! dm-verity hash devices, before veritysetup.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use e2e::drive::Ran;
use e2e::programs;
use e2e::tools::{self, Place};

use crate::{convert, corpus, tar2ext4};

/// An image with its hash device.
struct Verity {
    image: std::path::PathBuf,
    root: String,
    /// Bytes of the file system; the hash device follows.
    data_size: u64,
}

impl Verity {
    fn of(place: &Place, name: &str) -> Self {
        let tar = corpus::unpack(place, name);
        let image = place.join("image");
        let ran = tar2ext4(&[&"--verity", &"--json", &"-i", &tar, &"-o", &image]);
        assert_eq!(ran.code, 0, "{ran:?}");
        let made: serde_json::Value = serde_json::from_str(&ran.out).expect("json");
        Self {
            image,
            root: made["rootHash"].as_str().expect("a root hash").to_owned(),
            data_size: made["dataSize"].as_u64().expect("a size"),
        }
    }

    fn verify(&self) -> Ran {
        let offset = format!("--hash-offset={}", self.data_size);
        let Self { image, root, .. } = self;
        tools::run("veritysetup", &[&"verify", image, image, root, &offset])
    }

    fn verify_ours(&self) -> Ran {
        tools::run(programs::dmverity_vhd(), &[&"verify", &self.image, &"--root-hash", &self.root])
    }
}

/// Turns one bit of a file.
fn flip(path: &Path, offset: u64) {
    let file = File::options().read(true).write(true).open(path).expect("the image");
    let mut byte = [0];
    file.read_exact_at(&mut byte, offset).expect("a read");
    file.write_all_at(&[byte[0] ^ 0x10], offset).expect("a write");
}

#[test]
fn veritysetup_accepts_images_and_finds_flipped_bits() {
    let test = "veritysetup_accepts_images_and_finds_flipped_bits";
    let Some(place) = Place::new(test, &["veritysetup", "zstd"]) else { return };
    // One level of the tree, two, and three.
    for name in ["empty", "manyfiles", "bigger"] {
        let made = Verity::of(&place, name);
        let ran = made.verify();
        assert_eq!(ran.code, 0, "{name}: {ran:?}");
        let ran = made.verify_ours();
        assert_eq!(ran.code, 0, "{name}: {ran:?}");
        for offset in [1024 + 56, made.data_size / 2, made.data_size - 1] {
            flip(&made.image, offset);
            assert_ne!(made.verify().code, 0, "{name}: a bit at {offset}");
            let ran = made.verify_ours();
            assert_eq!(ran.code, 1, "{name}: a bit at {offset}: {ran:?}");
            flip(&made.image, offset);
        }
        // The tree itself: its first block, behind its superblock.
        flip(&made.image, made.data_size + 4096 + 5);
        assert_ne!(made.verify().code, 0, "{name}: a bit of the tree");
        assert_eq!(made.verify_ours().code, 1, "{name}: a bit of the tree");
        flip(&made.image, made.data_size + 4096 + 5);
        assert_eq!(made.verify().code, 0, "{name}: as it was");
    }
}

#[test]
fn veritysetup_says_what_was_made() {
    let test = "veritysetup_says_what_was_made";
    let Some(place) = Place::new(test, &["veritysetup", "zstd"]) else { return };
    let made = Verity::of(&place, "manyfiles");
    let offset = format!("--hash-offset={}", made.data_size);
    let ran = tools::run("veritysetup", &[&"dump", &made.image, &offset]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let blocks = format!("{}", made.data_size / 4096);
    let salt = "0".repeat(64);
    for (field, value) in [
        ("Hash type:", "1"),
        ("Data blocks:", blocks.as_str()),
        ("Data block size:", "4096"),
        ("Hash block size:", "4096"),
        ("Hash algorithm:", "sha256"),
        ("Salt:", salt.as_str()),
    ] {
        let line = ran.out.lines().find_map(|line| line.strip_prefix(field));
        // Some versions say the unit, too.
        let first = line.and_then(|line| line.split_whitespace().next());
        assert_eq!(first, Some(value), "{field} in {}", ran.out);
    }
}

/// The tree that veritysetup makes of the same data has the same root.
#[test]
fn veritysetup_makes_the_same_tree() {
    let test = "veritysetup_makes_the_same_tree";
    let Some(place) = Place::new(test, &["veritysetup", "zstd"]) else { return };
    let made = Verity::of(&place, "bigger");
    let plain = place.join("plain");
    let tar = place.join("bigger.tar");
    convert(&tar, &plain, &[]);
    let hashes = place.join("hashes");
    let salt = format!("--salt={}", "0".repeat(64));
    let ran = tools::run("veritysetup", &[&"format", &plain, &hashes, &salt]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let root = ran.out.lines().find_map(|line| line.strip_prefix("Root hash:"));
    assert_eq!(root.map(str::trim), Some(made.root.as_str()), "{}", ran.out);
}

#[test]
fn a_root_hash_is_that_of_the_image_with_it() {
    let test = "a_root_hash_is_that_of_the_image_with_it";
    let Some(place) = Place::new(test, &["zstd"]) else { return };
    let tar = corpus::unpack(&place, "whiteouts");
    let hash = tar2ext4(&[&"--roothash", &"-i", &tar]);
    let options = ["-overlay", "--max-size", "128G", "--verity", "-vhd"];
    assert_eq!(convert(&tar, &place.join("image"), &options), hash.out.trim_end(), "{hash:?}");
}
