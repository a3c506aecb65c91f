//! What files are.

use std::fs;

use crate::images::{docker_old, layer};
use crate::run::{create, names, run};

const UUID: &str = "6e6ae0c5-5fd0-4d4c-9f0c-6a1a3e4b0e51";

#[test]
fn a_disk_has_all_three() {
    let folder = tempfile::tempdir().expect("folder");
    let (image, disks) = (folder.path().join("image"), folder.path().join("disks"));
    docker_old(&[layer(1)]).write_tar(&image);
    let root = create(&image, &disks, &["--uuid", UUID]).root_hashes().remove(0);
    let disk = disks.join(&names(&disks)[0]);
    let disk = disk.to_str().expect("utf-8");
    let facts = run(["inspect", disk, "--json"]).json();
    let size = fs::metadata(disk).expect("disk").len();
    assert_eq!(facts["size"], size);
    assert_eq!(facts["ext4"]["block_size"], 4096);
    assert_eq!(facts["ext4"]["read_only"], true);
    assert_eq!(facts["ext4"]["label"], "");
    let features = facts["ext4"]["features"].as_array().expect("features");
    for feature in ["extent", "read-only", "sparse_super2"] {
        assert!(features.iter().any(|found| found == feature), "{features:?}");
    }
    assert_eq!(facts["verity"]["root_hash"], root);
    assert_eq!(facts["verity"]["offset"], facts["ext4"]["size"]);
    assert_eq!(facts["verity"]["data_blocks"], facts["ext4"]["blocks"]);
    assert_eq!(facts["verity"]["algorithm"], "sha256");
    assert_eq!(facts["verity"]["uuid"], UUID);
    assert_eq!(facts["vhd"]["type"], "fixed");
    assert_eq!(facts["vhd"]["size"], size - 512);
    assert_eq!(facts["vhd"]["unique_id"], UUID);
    assert_eq!(facts["vhd"]["fits"], true);
    let ran = run(["inspect", disk]);
    for part in ["ext4", "dm-verity", "VHD", &root, UUID, "read-only", "fixed"] {
        assert!(ran.stdout.contains(part), "{part}: {ran:?}");
    }
}

#[test]
fn a_hash_device_is_no_file_system() {
    let folder = tempfile::tempdir().expect("folder");
    let (image, disks) = (folder.path().join("image"), folder.path().join("disks"));
    docker_old(&[layer(1)]).write_tar(&image);
    let root = create(&image, &disks, &["--hash-dev-vhd"]).root_hashes().remove(0);
    let [device, data] = [0, 1].map(|index| {
        let path = disks.join(&names(&disks)[index]);
        run(["inspect".as_ref(), path.as_os_str(), "--json".as_ref()]).json()
    });
    assert!(device.get("ext4").is_none() && data.get("verity").is_none());
    assert_eq!(device["verity"]["root_hash"], root);
    assert_eq!(device["verity"]["offset"], 0);
    assert_eq!(data["vhd"]["size"], data["ext4"]["size"]);
}

#[test]
fn garbage_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("garbage");
    let text = path.to_str().expect("utf-8");
    for bytes in [vec![], vec![1; 10], vec![0x5a; 100_000]] {
        fs::write(&path, bytes).expect("write");
        let ran = run(["inspect", text]);
        assert!(ran.failure().contains("is no image file"), "{ran:?}");
        run(["verify", text]).failure();
    }
    let ran = run(["inspect", folder.path().to_str().expect("utf-8")]);
    assert!(ran.failure().contains("folder"), "{ran:?}");
    let ran = run(["inspect", "no/such/file"]);
    assert!(ran.failure().contains("no/such/file"), "{ran:?}");
    // A footer with a bit that is another.
    let mut footer = vhd::Footer::fixed(0, [7; 16]).to_bytes();
    footer[70] ^= 1;
    fs::write(&path, footer).expect("write");
    assert!(run(["inspect", text]).failure().contains("checksum"));
}
