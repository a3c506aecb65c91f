//! Disks of all layers of an image.

use std::fs::{self, File};
use std::io::Cursor;
use std::path::Path;

use crate::images::{
    Files, Packing, docker_new, docker_old, layer, root_hash, root_hashes, sha256,
};
use crate::run::{create, names, roothash, run};

const UUID: &str = "6e6ae0c5-5fd0-4d4c-9f0c-6a1a3e4b0e51";

/// A disk is file system, hash device and footer, and has the root hash.
fn check_disk(path: &Path, root_hash: &str) {
    let bytes = fs::read(path).expect("disk");
    let mut disk = Cursor::new(&bytes);
    let data = ext4::file_system_size(&mut disk).expect("ext4").bytes;
    let info = verity::read_dm_verity_info(&mut disk, data).expect("verity");
    assert_eq!(info.root_digest, root_hash);
    assert_eq!(info.data_blocks * 4096, data);
    let footer = vhd::read(&mut disk).expect("footer").expect("footer");
    assert_eq!(footer.current_size, bytes.len() as u64 - 512);
    verity::verify(&bytes[..], Cursor::new(&bytes), data, None, |_| ()).expect("whole");
}

/// Both commands print the hashes of the layers, and the disks are theirs.
fn check_image(image: &Path, layers: &[Vec<u8>]) {
    let folder = tempfile::tempdir().expect("folder");
    let disks = folder.path().join("new/disks");
    let wanted = root_hashes(layers);
    assert_eq!(create(image, &disks, &[]).root_hashes(), wanted, "{}", image.display());
    assert_eq!(roothash(image, &[]).root_hashes(), wanted);
    let mut disk_names: Vec<_> =
        layers.iter().map(|layer| format!("{}.vhd", sha256(layer))).collect();
    for (name, root_hash) in disk_names.iter().zip(&wanted) {
        check_disk(&disks.join(name), root_hash);
    }
    disk_names.sort();
    disk_names.dedup();
    assert_eq!(names(&disks), disk_names);
}

#[test]
fn archives_of_docker() {
    let folder = tempfile::tempdir().expect("folder");
    let layers = [layer(1), layer(2), layer(3)];
    for (name, files) in [("old", docker_old(&layers)), ("new", docker_new(&layers))] {
        let path = folder.path().join(name);
        files.write_tar(&path);
        check_image(&path, &layers);
        // `docker save | gzip`, and without -i.
        let packed = folder.path().join(format!("{name}.tar.gz"));
        fs::write(&packed, Packing::Gzip.pack(&fs::read(&path).expect("tar"))).expect("write");
        check_image(&packed, &layers);
        let tarball = ["--tarball".as_ref(), path.as_os_str(), "roothash".as_ref()];
        assert_eq!(run(tarball).root_hashes(), root_hashes(&layers));
    }
}

#[test]
fn oci_layouts_with_all_packings() {
    let folder = tempfile::tempdir().expect("folder");
    let layers = [layer(1), layer(2), layer(3)];
    let packings = [Packing::Plain, Packing::Gzip, Packing::Zstd];
    let packed: Vec<_> = layers.iter().cloned().zip(packings).collect();
    let mut files = Files::default();
    let manifest = files.image(&packed, "linux/s390x");
    files.layout(&[manifest]);
    files.write_tar(&folder.path().join("tar"));
    files.write_folder(&folder.path().join("folder"));
    check_image(&folder.path().join("tar"), &layers);
    check_image(&folder.path().join("folder"), &layers);
}

#[test]
fn a_layer_that_occurs_twice_has_one_disk() {
    let folder = tempfile::tempdir().expect("folder");
    let layers = [layer(1), layer(2), layer(1)];
    let path = folder.path().join("image");
    docker_new(&layers).write_tar(&path);
    check_image(&path, &layers);
    // The same tar, stored in two ways.
    let mut files = Files::default();
    let stored = [(layer(1), Packing::Plain), (layer(1), Packing::Gzip)];
    let manifest = files.image(&stored, "linux/amd64");
    files.layout(&[manifest]);
    files.write_tar(&path);
    check_image(&path, &[layer(1), layer(1)]);
}

#[test]
fn a_link_to_a_layer_is_followed_in_the_archive() {
    let folder = tempfile::tempdir().expect("folder");
    let files = docker_old(&[layer(1), layer(1)]);
    let is_layer = |name: &&String| name.ends_with("layer.tar");
    let names: Vec<String> = files.0.keys().filter(is_layer).cloned().collect();
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in &files.0 {
        let mut header = tar::Header::new_gnu();
        if *name == names[1] {
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            tar.append_link(&mut header, name, format!("../{}", names[0])).expect("link");
        } else {
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, name, &bytes[..]).expect("append");
        }
    }
    let path = folder.path().join("image");
    fs::write(&path, tar.into_inner().expect("tar")).expect("write");
    check_image(&path, &[layer(1), layer(1)]);
}

#[test]
fn a_hash_device_has_its_own_disk() {
    let folder = tempfile::tempdir().expect("folder");
    let (image, disks) = (folder.path().join("image"), folder.path().join("disks"));
    docker_old(&[layer(1)]).write_tar(&image);
    let root = create(&image, &disks, &["--hash-dev-vhd"]).root_hashes().remove(0);
    let id = sha256(&layer(1));
    assert_eq!(names(&disks), [format!("{id}.hash-dev.vhd"), format!("{id}.vhd")]);

    let mut data = File::open(disks.join(format!("{id}.vhd"))).expect("data");
    let size = ext4::file_system_size(&mut data).expect("ext4").bytes;
    assert_eq!(data.metadata().expect("metadata").len(), size + 512);
    assert_eq!(vhd::read(&mut data).expect("footer").expect("footer").current_size, size);
    let mut device = File::open(disks.join(format!("{id}.hash-dev.vhd"))).expect("device");
    let info = verity::read_dm_verity_info(&mut device, 0).expect("verity");
    assert_eq!((info.root_digest.as_str(), info.data_blocks), (root.as_str(), size / 4096));
    assert!(vhd::read(&mut device).expect("footer").is_some());
}

#[test]
fn a_uuid_makes_the_same_bytes() {
    let folder = tempfile::tempdir().expect("folder");
    let image = folder.path().join("image");
    docker_old(&[layer(1)]).write_tar(&image);
    let disk = |name: &str, more: &[&str]| {
        let disks = folder.path().join(name);
        create(&image, &disks, more).root_hashes();
        fs::read(disks.join(&names(&disks)[0])).expect("disk")
    };
    let fixed = disk("a", &["--uuid", UUID]);
    assert!(fixed == disk("b", &["--uuid", UUID, "--jobs", "1"]));
    assert!(fixed != disk("c", &[]));
}

#[test]
fn json_has_the_layers() {
    let folder = tempfile::tempdir().expect("folder");
    let (image, disks) = (folder.path().join("image"), folder.path().join("disks"));
    docker_new(&[layer(1), layer(2)]).write_tar(&image);
    let made = create(&image, &disks, &["--json"]).json();
    assert_eq!(made["platform"], "linux/amd64");
    for (number, layer) in [layer(1), layer(2)].iter().enumerate() {
        let found = &made["layers"][number];
        assert_eq!(found["layer"], number);
        assert_eq!(found["diff_id"], format!("sha256:{}", sha256(layer)));
        assert_eq!(found["root_hash"], root_hash(layer));
        assert!(Path::new(found["vhd"].as_str().expect("vhd")).is_file());
        assert!(found.get("hash_device_vhd").is_none());
    }
    let hashed = roothash(&image, &["--json"]).json();
    assert_eq!(hashed["layers"][1]["root_hash"], made["layers"][1]["root_hash"]);
    assert!(hashed["layers"][1].get("vhd").is_none());
}

#[test]
fn verbose_says_what_is_made() {
    let folder = tempfile::tempdir().expect("folder");
    let (image, disks) = (folder.path().join("image"), folder.path().join("disks"));
    docker_new(&[layer(1)]).write_tar(&image);
    let ran = create(&image, &disks, &["-v"]);
    assert_eq!(ran.root_hashes().len(), 1);
    assert!(ran.stderr.contains(&format!("{}.vhd", sha256(&layer(1)))), "{ran:?}");
    assert_eq!(create(&image, &disks, &[]).stderr, "");
}
