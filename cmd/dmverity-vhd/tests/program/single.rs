//! A layer without an image, and the command line.

use std::fs::{self, File};

use crate::images::{Packing, docker_new, layer, root_hash, root_hashes, sha256, tar_of};
use crate::run::{command, create, finish, names, roothash, run};

#[test]
fn a_layer_in_all_packings() {
    let folder = tempfile::tempdir().expect("folder");
    for packing in [Packing::Plain, Packing::Gzip, Packing::Zstd] {
        let image = folder.path().join(format!("{packing:?}"));
        let disks = folder.path().join(format!("{packing:?}.disks"));
        fs::write(&image, packing.pack(&layer(1))).expect("write");
        assert_eq!(create(&image, &disks, &[]).root_hashes(), [root_hash(&layer(1))]);
        assert_eq!(names(&disks), [format!("{}.vhd", sha256(&layer(1)))]);
        assert_eq!(roothash(&image, &[]).root_hashes(), [root_hash(&layer(1))]);
        let split = folder.path().join(format!("{packing:?}.split"));
        create(&image, &split, &["-hdv"]).root_hashes();
        assert_eq!(names(&split).len(), 2);
    }
}

#[test]
fn stdin_is_read_when_it_is_named() {
    let folder = tempfile::tempdir().expect("folder");
    let image = folder.path().join("image");
    let layers = [layer(1), layer(2)];
    docker_new(&layers).write_tar(&image);
    let stdin = || File::open(&image).expect("image");
    let ran = finish(command().args(["roothash", "-i", "-"]).stdin(stdin()));
    assert_eq!(ran.root_hashes(), root_hashes(&layers));
    let ran = finish(command().arg("roothash").stdin(stdin()));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("--image"), "{ran:?}");
}

#[test]
fn the_tar_of_a_folder_is_one_layer_whatever_is_in_it() {
    let folder = tempfile::tempdir().expect("folder");
    let (data, disks) = (folder.path().join("data.tar"), folder.path().join("disks"));
    docker_new(&[layer(1)]).write_tar(&data);
    let wanted = [root_hash(&fs::read(&data).expect("tar"))];
    assert_eq!(create(&data, &disks, &["--data-vhd"]).root_hashes(), wanted);
    assert_eq!(names(&disks), ["data.vhd"]);
    assert_eq!(create(&data, &disks, &["-dir", "--hash-dev-vhd"]).root_hashes(), wanted);
    assert_eq!(names(&disks), ["data.hash-dev.vhd", "data.vhd"]);
    assert_eq!(roothash(&data, &["--data-vhd"]).root_hashes(), wanted);
}

#[test]
fn a_layer_with_a_manifest_of_its_own_is_a_layer() {
    let folder = tempfile::tempdir().expect("folder");
    let image = folder.path().join("image");
    let layer = tar_of([("usr/share/app/x", &b"x"[..]), ("manifest.json", b"{}")]);
    for packing in [Packing::Plain, Packing::Gzip] {
        fs::write(&image, packing.pack(&layer)).expect("write");
        assert_eq!(roothash(&image, &[]).root_hashes(), [root_hash(&layer)], "{packing:?}");
    }
    // Without deep names there is a doubt, which the user can end.
    let layer = tar_of([("x", &b"x"[..]), ("manifest.json", b"{}")]);
    fs::write(&image, &layer).expect("write");
    assert!(roothash(&image, &[]).failure().contains("--data-vhd"));
    assert_eq!(roothash(&image, &["--data-vhd"]).root_hashes(), [root_hash(&layer)]);
}

#[test]
fn an_image_name_is_no_file() {
    let folder = tempfile::tempdir().expect("folder");
    let disks = folder.path().join("disks");
    let disks = disks.to_str().expect("utf-8");
    for more in [&[][..], &["--docker"], &["-u", "me", "-p", "secret"]] {
        let arguments = ["create", "-i", "alpine:3.12", "-o", disks];
        let ran = run(arguments.iter().chain(more));
        assert!(ran.failure().contains("docker save"), "{ran:?}");
        assert!(!ran.stderr.contains("secret"));
    }
    assert!(!folder.path().join("disks").exists());
}

#[test]
fn wrong_command_lines_are_exit_code_2() {
    for arguments in [
        &[][..],
        &["create"],
        &["create", "-i", "x"],
        &["roothash"],
        &["roothash", "-i", "x", "--platform", "linux"],
        &["roothash", "-i", "x", "--jobs", "0"],
        &["roothash", "-d", "-t", "x"],
        &["roothash", "-i", "x", "--data-vhd", "--ref", "y"],
        &["create", "-i", "x", "-o", "y", "--uuid", "z"],
        &["verify", "x", "--root-hash", "abc"],
        &["nothing"],
    ] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}: {ran:?}");
        assert!(!ran.stderr.is_empty());
    }
}

#[test]
fn help_has_examples() {
    for arguments in [&["--help"][..], &["create", "--help"], &["roothash", "-help"]] {
        let ran = run(arguments);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.contains("Examples:"), "{arguments:?}");
        assert!(!ran.stdout.contains("--password"));
    }
    assert!(run(["--version"]).stdout.starts_with("dmverity-vhd "));
    assert!(run(["completions", "bash"]).stdout.contains("--hash-dev-vhd"));
}
