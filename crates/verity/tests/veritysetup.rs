//! cryptsetup's veritysetup makes the same hash devices, and both check each
//! other's. It needs no device mapper for that.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Command, Output};

use verity::{
    BLOCK_SIZE, TreeBuilder, block_digest, merkle_tree, read_dm_verity_info, root_hash, to_hex,
    verify, write_hash_device,
};

const UUID: &str = "01010101-0101-0101-0101-010101010101";

/// Runs veritysetup in `folder`, or nothing where there is none.
fn veritysetup(test: &str, folder: &Path, arguments: &[&str]) -> Option<Output> {
    match Command::new("veritysetup").args(arguments).current_dir(folder).output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            eprintln!("left out: {test}: there is no veritysetup");
            None
        }
        output => Some(output.unwrap()),
    }
}

/// The root hash that veritysetup printed.
fn printed_root(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix("Root hash:")).unwrap();
    line.trim().to_owned()
}

/// Blocks that differ, with some of zeros between them.
fn data(blocks: u32) -> Vec<u8> {
    let mut data = vec![0; blocks as usize * BLOCK_SIZE];
    for (index, block) in (1_u32..).zip(data.chunks_exact_mut(BLOCK_SIZE)) {
        if index % 5 == 1 {
            block[..4].copy_from_slice(&index.to_le_bytes());
        }
    }
    data
}

#[test]
fn hash_devices_are_those_of_veritysetup() {
    let test = "hash_devices_are_those_of_veritysetup";
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let salt = format!("--salt={}", "0".repeat(64));
    for blocks in [2, 127, 128, 129, 16384, 16385] {
        let data = data(blocks);
        fs::write(path("data"), &data).unwrap();
        let _ = fs::remove_file(path("tree"));
        let format = ["format", "data", "tree", "--no-superblock", "--hash=sha256", &salt];
        let Some(output) = veritysetup(test, folder.path(), &format) else { return };
        let theirs = printed_root(&output);

        let mut builder = TreeBuilder::new();
        builder.push_blocks(&data).unwrap();
        let mut tree = builder.finish().unwrap();
        let mut ours = Vec::new();
        tree.write_to(&mut ours).unwrap();
        assert_eq!(to_hex(&tree.root_digest()), theirs, "{blocks}");
        assert!(ours == fs::read(path("tree")).unwrap(), "{blocks}");

        fs::write(path("ours"), &ours).unwrap();
        let check = ["verify", "data", "ours", &theirs, "--no-superblock", "--hash=sha256", &salt];
        let output = veritysetup(test, folder.path(), &check).unwrap();
        assert!(output.status.success(), "{blocks}: {}", String::from_utf8_lossy(&output.stderr));

        let _ = fs::remove_file(path("device"));
        let uuid = format!("--uuid={UUID}");
        let format = ["format", "data", "device", &salt, &uuid];
        assert_eq!(printed_root(&veritysetup(test, folder.path(), &format).unwrap()), theirs);
        let mut device = Vec::new();
        write_hash_device(&mut tree, [1; 16], &mut device).unwrap();
        assert!(device == fs::read(path("device")).unwrap(), "{blocks}");
    }
}

#[test]
fn a_hash_device_behind_its_data_is_accepted_by_veritysetup() {
    let test = "a_hash_device_behind_its_data_is_accepted_by_veritysetup";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk");
    fs::write(&path, data(300)).unwrap();
    let mut disk = File::options().read(true).write(true).open(&path).unwrap();
    io::Seek::seek(&mut disk, io::SeekFrom::End(0)).unwrap();
    let root = verity::compute_and_write_hash_device(&mut disk, [1; 16]).unwrap();

    let offset = 300 * BLOCK_SIZE;
    let (root, offset) = (to_hex(&root), format!("--hash-offset={offset}"));
    let check = ["verify", "disk", "disk", &root, &offset];
    let Some(output) = veritysetup(test, folder.path(), &check) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn other_salts_of_veritysetup_are_checked() {
    let test = "other_salts_of_veritysetup_are_checked";
    let folder = tempfile::tempdir().unwrap();
    let data = data(300);
    fs::write(folder.path().join("data"), &data).unwrap();
    let long = "5a".repeat(256);
    for salt in ["-", "0badcafe", &long] {
        let device = folder.path().join("device");
        let _ = fs::remove_file(&device);
        let salt = format!("--salt={salt}");
        let format = ["format", "data", "device", &salt];
        let Some(output) = veritysetup(test, folder.path(), &format) else { return };
        let root = printed_root(&output);

        let info = read_dm_verity_info(File::open(&device).unwrap(), 0).unwrap();
        assert_eq!((info.root_digest.as_str(), info.data_blocks), (root.as_str(), 300));
        let verified = verify(&data[..], File::open(&device).unwrap(), 0, None, |_| ()).unwrap();
        assert_eq!(to_hex(&verified.root_digest), root);
    }
}

/// For one block cryptsetup and the kernel take the digest of the data as root
/// hash and have no tree; the reference has a tree of one block.
#[test]
fn one_block_has_a_tree_other_than_for_veritysetup() {
    let test = "one_block_has_a_tree_other_than_for_veritysetup";
    let folder = tempfile::tempdir().unwrap();
    let data = data(1);
    fs::write(folder.path().join("data"), &data).unwrap();
    let salt = format!("--salt={}", "0".repeat(64));
    let format = ["format", "data", "tree", "--no-superblock", "--hash=sha256", &salt];
    let digest = block_digest(data.first_chunk().unwrap());
    let tree = merkle_tree(&data[..]).unwrap();
    assert_eq!(tree.len(), BLOCK_SIZE);
    assert_eq!(tree[..32], digest);
    assert_eq!(root_hash(&tree).unwrap(), block_digest(tree.first_chunk().unwrap()));
    let Some(output) = veritysetup(test, folder.path(), &format) else { return };
    assert_eq!(printed_root(&output), to_hex(&digest));
}
