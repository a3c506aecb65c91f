//! Whether disks are whole.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::images::{docker_old, layer};
use crate::run::{Ran, create, names, run};

struct Disk {
    _folder: TempDir,
    /// The disk, and that of its hash device where it has one.
    path: PathBuf,
    device: PathBuf,
    root: String,
    /// Bytes of the file system.
    data: usize,
}

fn disk(more: &[&str]) -> Disk {
    let folder = tempfile::tempdir().expect("folder");
    let (image, disks) = (folder.path().join("image"), folder.path().join("disks"));
    docker_old(&[layer(1)]).write_tar(&image);
    let root = create(&image, &disks, more).root_hashes().remove(0);
    let names = names(&disks);
    let path = disks.join(names.last().expect("disk"));
    let bytes = fs::read(&path).expect("disk");
    let data = ext4::file_system_size(&mut Cursor::new(bytes)).expect("ext4").bytes;
    let data = usize::try_from(data).expect("small");
    Disk { device: disks.join(&names[0]), path, root, data, _folder: folder }
}

fn verify(path: &Path, more: &[&str]) -> Ran {
    run(["verify".as_ref(), path.as_os_str()].into_iter().chain(more.iter().map(|m| m.as_ref())))
}

#[test]
fn a_whole_disk_is_accepted() {
    let disk = disk(&[]);
    let ran = verify(&disk.path, &[]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains(&disk.root), "{ran:?}");
    let report = verify(&disk.path, &["--json", "--root-hash", &disk.root]).json();
    assert_eq!(report["root_hash"], disk.root);
    assert_eq!(report["data_blocks"], disk.data / 4096);
    let other = "0".repeat(64);
    let ran = verify(&disk.path, &["--root-hash", &other]);
    assert!(ran.failure().contains(&disk.root) && ran.failure().contains(&other), "{ran:?}");
}

#[test]
fn a_flipped_bit_is_found_and_named() {
    let disk = disk(&[]);
    let whole = fs::read(&disk.path).expect("disk");
    let check = |at: usize, part: &str| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        fs::write(&disk.path, bytes).expect("write");
        let ran = verify(&disk.path, &[]);
        assert!(ran.failure().contains(part), "byte {at}, {part}: {ran:?}");
    };
    let last = disk.data / 4096 - 1;
    check(1024 + 0x78, "data block 0 is corrupt");
    check(17 * 4096 + 5, "data block 17 is corrupt");
    check(disk.data - 1, &format!("data block {last} is corrupt"));
    // The tree: the root block has digests of the level below, where there is one.
    let tree = disk.data + 4096;
    assert!(last >= 128, "two levels");
    check(tree + 1, "tree block 0 of level 0 is corrupt");
    check(tree + 4096, "tree block 0 of level 0 is corrupt");
    check(tree + 2 * 4096, "tree block 1 of level 0 is corrupt");
    // The superblocks: of ext4 the magic and the size, of the hash device all but the UUID.
    check(1024 + 56, "ext4 superblock");
    check(1024 + 4, "no sound hash device at byte");
    check(disk.data, "no sound hash device at byte");
    check(disk.data + 8, "version");
    check(disk.data + 34, "algorithm");
    check(disk.data + 73, "tree ends at byte");
    check(disk.data + 90, "corrupt");
}

#[test]
fn a_hash_device_of_its_own_is_used() {
    let disk = disk(&["--hash-dev-vhd"]);
    let device = disk.device.to_str().expect("utf-8");
    let ran = verify(&disk.path, &["--hash-device", device, "--root-hash", &disk.root]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let ran = verify(&disk.path, &[]);
    assert!(ran.failure().contains("--hash-device"), "{ran:?}");
    let mut bytes = fs::read(&disk.path).expect("disk");
    bytes[5 * 4096] ^= 1;
    fs::write(&disk.path, bytes).expect("write");
    let ran = verify(&disk.path, &["--hash-device", device]);
    assert!(ran.failure().contains("data block 5 is corrupt"), "{ran:?}");
}

#[test]
fn a_tree_over_less_than_the_file_system_is_refused() {
    let disk = disk(&["--hash-dev-vhd"]);
    let mut part = fs::read(&disk.path).expect("disk");
    part.truncate(2 * 4096);
    // The device begins where the disk stands: at its end.
    let mut part = Cursor::new(part);
    part.set_position(2 * 4096);
    verity::compute_and_write_hash_device(&mut part, [1; 16]).expect("device");
    fs::write(&disk.device, &part.into_inner()[2 * 4096..]).expect("write");
    let ran = verify(&disk.path, &["--hash-device", disk.device.to_str().expect("utf-8")]);
    assert!(ran.failure().contains("the hash tree is over 8192 bytes"), "{ran:?}");
}
