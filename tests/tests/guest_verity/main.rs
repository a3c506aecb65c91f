//! Images with dm-verity before the kernel that checks them, in a user-mode Linux guest:
//! not every machine has a device mapper, and no test needs this one's.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use e2e::drive::Ran;
use e2e::tools::{self, Place};
use e2e::{machine, programs};
use sha2::{Digest, Sha256};

/// What `guest-v2.sh` answers where there is no guest.
const NO_GUEST: i32 = 125;

const GUEST_SECONDS: &str = "120";

/// Where the guest's script keeps its kernel's modules.
fn modules() -> PathBuf {
    const MODULES: &str = "usr/lib/uml/modules";
    let installed = Path::new("/").join(MODULES);
    if installed.exists() {
        return installed;
    }
    let cache = |variable: &str, below: &str| {
        std::env::var_os(variable).map(|folder| Path::new(&folder).join(below))
    };
    let cache = cache("HCSSHIM_GUEST_CACHE", "")
        .or_else(|| cache("XDG_CACHE_HOME", "hcsshim/guest"))
        .or_else(|| cache("HOME", ".cache/hcsshim/guest"));
    cache.unwrap_or_default().join(MODULES)
}

/// Opens images in a guest, each with a root hash.
fn in_guest(offset: u64, images: &[(&Path, &str)]) -> Ran {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (modules, offset) = (modules(), offset.to_string());
    let inside = tests.join("tests/guest_verity/inside.sh");
    let mut arguments: Vec<&dyn AsRef<std::ffi::OsStr>> =
        vec![&"-t", &GUEST_SECONDS, &inside, &modules, &offset];
    for (image, root) in images {
        arguments.extend([image as &dyn AsRef<std::ffi::OsStr>, root]);
    }
    let mut ran = tools::run(tests.join("../crates/cgroup/tests/guest-v2.sh"), &arguments);
    ran.out = ran.out.replace('\r', "");
    ran
}

/// Some files of different sizes, one of which can be found in an image.
fn files() -> BTreeMap<String, Vec<u8>> {
    let file = |number: u8| {
        let content = vec![b'a' + number % 26; usize::from(number) * 997];
        (format!("d/{number}"), content)
    };
    let mut files: BTreeMap<String, Vec<u8>> = (1..30).map(file).collect();
    let marked = [&[b'x'; 9_000][..], MARK, &[b'y'; 9_000]].concat();
    files.insert("marked".into(), marked);
    files
}

const MARK: &[u8] = b"here a bit is turned";

/// A copy of the image, with another bit where the mark is.
fn flipped(image: &Path, copy: PathBuf) -> PathBuf {
    let bytes = fs::read(image).expect("the image");
    let at = bytes.windows(MARK.len()).position(|window| window == MARK).expect("the mark");
    fs::copy(image, &copy).expect("a copy");
    let file = File::options().write(true).open(&copy).expect("the copy");
    file.write_all_at(&[MARK[0] ^ 1], at as u64).expect("a write");
    copy
}

#[test]
fn the_kernel_reads_images_and_refuses_flipped_bits() {
    const NAME: &str = "the_kernel_reads_images_and_refuses_flipped_bits";
    let Some(place) = Place::new(NAME, &["veritysetup", "busybox", "tar"]) else { return };
    let source = place.folder("source/d");
    let files = files();
    for (name, content) in &files {
        fs::write(place.join("source").join(name), content).expect("a file");
    }
    let tar = place.join("layer.tar");
    let ran = tools::run("tar", &[&"-C", &place.join("source"), &"-cf", &tar, &"."]);
    assert_eq!(ran.code, 0, "{source:?}: {ran:?}");
    let image = place.join("whole");
    let program = programs::tar2ext4();
    let ran = tools::run(program, &[&"--verity", &"--json", &"-vhd", &"-i", &tar, &"-o", &image]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let made: serde_json::Value = serde_json::from_str(&ran.out).expect("json");
    let offset = made["dataSize"].as_u64().expect("a size");
    let root = made["rootHash"].as_str().expect("a root hash");
    let flipped = flipped(&image, place.join("flipped"));

    // Whole, but not what was asked for.
    let other = place.join("other");
    fs::copy(&image, &other).expect("a copy");
    let wrong = root.replace(&root[..1], if root.starts_with('0') { "1" } else { "0" });

    let ran = in_guest(offset, &[(&image, root), (&flipped, root), (&other, &wrong)]);
    if ran.code == NO_GUEST {
        return machine::no_guest(NAME, &ran.err);
    }
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!((ran.code, lines.last()), (0, Some(&"done")), "{ran:?}");
    let says = |image: &Path, name: &str| {
        let start = format!("{}: {name}: ", image.display());
        let said = lines.iter().find_map(|line| line.strip_prefix(&start));
        said.unwrap_or_else(|| panic!("nothing about {start} in {ran:?}"))
    };
    for (name, content) in &files {
        let hash = Sha256::digest(content);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(says(&image, name), hash, "{name}");
        if name == "marked" {
            assert!(says(&flipped, name).contains("Input/output error"), "{ran:?}");
        } else {
            assert_eq!(says(&flipped, name), hash, "{name} beside the flipped bit");
        }
    }
    assert!(lines.contains(&format!("{}: refused", other.display()).as_str()), "{ran:?}");
}
