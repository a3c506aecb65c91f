//! Where input comes from and output goes to.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};

use e2e::mount::{LoopDevice, Mount};
use e2e::tools::{self, Place};
use e2e::{machine, programs};

use crate::{convert, corpus, fsck, names, tar2ext4};

#[test]
fn pipes_and_packed_tars_give_the_same_image() {
    let test = "pipes_and_packed_tars_give_the_same_image";
    let Some(place) = Place::new(test, &["zstd", "gzip"]) else { return };
    let tar = corpus::unpack(&place, "sizes");
    let image = place.join("image");
    convert(&tar, &image, &[]);
    let expected = fs::read(&image).expect("the image");
    let program = programs::tar2ext4();
    // Through a shell's pipe; zstd and gzip of no file but their input.
    for pack in ["cat", "gzip -c", "zstd -qc", "cat | (sleep 0.1; cat)"] {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("cat \"$1\" | {pack} | \"$2\" -o \"$3\""), "sh"]);
        shell.arg(&tar).arg(&program).arg(place.join("piped")).stdin(Stdio::null());
        let ran = tools::finish(shell);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{pack}");
        assert!(fs::read(place.join("piped")).expect("the image") == expected, "{pack}");
    }
    for (pack, ending) in [("gzip", "gz"), ("zstd", "zst")] {
        let packed = place.join(format!("packed.{ending}"));
        let output = File::create(&packed).expect("a file");
        let mut command = Command::new(pack);
        let status = command.args(["-c"]).arg(&tar).stdout(output).status().expect(pack);
        assert!(status.success(), "{pack}");
        convert(&packed, &image, &[]);
        assert!(fs::read(&image).expect("the image") == expected, "{pack}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let Some(place) = Place::new("what_is_missing_is_named", &["zstd"]) else { return };
    let tar = corpus::unpack(&place, "plain");
    let out = place.folder("out");
    let ran = tar2ext4(&[&"-i", &place.join("no.tar"), &"-o", &out.join("image")]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("no.tar: No such file"), "{ran:?}");
    let ran = tar2ext4(&[&"-i", &tar, &"-o", &out.join("nowhere/image")]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("nowhere/image") && ran.err.contains("No such file"), "{ran:?}");
    let ran = tar2ext4(&[&"-i", &out, &"-o", &out.join("image")]);
    assert_eq!(ran.code, 1, "a folder as input: {ran:?}");
    let ran = tar2ext4(&[&"-i", &tar, &"-o", &out]);
    assert_eq!(ran.code, 1, "a folder as output: {ran:?}");
    assert!(names(&out).is_empty(), "{:?}", names(&out));
}

/// The tar is read to its end before the image takes its place.
#[test]
fn an_image_may_take_the_place_of_its_tar() {
    let Some(place) = Place::new("an_image_may_take_the_place_of_its_tar", &["zstd"]) else {
        return;
    };
    let tar = corpus::unpack(&place, "plain");
    let image = place.join("image");
    convert(&tar, &image, &[]);
    convert(&tar, &tar, &[]);
    assert!(fs::read(&tar).expect("the image") == fs::read(&image).expect("the image"));
    // What goes wrong leaves it as it was.
    let tar = corpus::unpack(&place, "err-truncated");
    let before = fs::read(&tar).expect("the tar");
    assert_eq!(tar2ext4(&[&"-i", &tar, &"-o", &tar]).code, 1);
    assert!(fs::read(&tar).expect("the tar") == before, "the tar is another");
    assert_eq!(names(place.path()), ["err-truncated.tar", "image", "plain.tar"]);
}

#[test]
fn links_stay_and_files_keep_their_mode() {
    let Some(place) = Place::new("links_stay_and_files_keep_their_mode", &["zstd"]) else { return };
    let tar = corpus::unpack(&place, "plain");
    let (image, link) = (place.join("image"), place.join("link"));
    fs::write(&image, "old").expect("a file");
    fs::set_permissions(&image, PermissionsExt::from_mode(0o604)).expect("a mode");
    symlink("image", &link).expect("a link");
    convert(&tar, &link, &[]);
    assert_eq!(fs::read_link(&link).expect("still a link").to_str(), Some("image"));
    let meta = fs::metadata(&image).expect("the image");
    assert!(meta.len() > 4096);
    assert_eq!(meta.permissions().mode() & 0o7777, 0o604);
}

/// What was on it before shows nowhere.
#[test]
fn a_block_device_becomes_the_image() {
    let test = "a_block_device_becomes_the_image";
    let Some(place) = Place::as_root(test, &["e2fsck", "losetup", "zstd"]) else { return };
    let tar = corpus::unpack(&place, "sizes");
    let image = place.join("image");
    let disk = place.join("disk");
    fs::write(&disk, vec![0xa5; 64 << 20]).expect("a disk");
    let device = LoopDevice::of(&disk);
    for options in [&["--fsck-clean"][..], &["--writable", "8M"], &["--fsck-clean", "--verity"]] {
        let options = [options, &["--uuid", "6e6ae0c5-5fd0-4d4c-9f0c-6a1a3e4b0e51"]].concat();
        convert(&tar, &image, &options);
        convert(&tar, device.path(), &options);
        fsck(device.path()).expect("clean");
        let expected = fs::read(&image).expect("the image");
        let found = fs::read(device.path()).expect("the device");
        assert!(found[..expected.len()] == expected, "{options:?}");
    }
    let small = place.join("small");
    File::create_new(&small).and_then(|file| file.set_len(1 << 16)).expect("a small disk");
    let small = LoopDevice::of(&small);
    let ran = tar2ext4(&[&"-i", &tar, &"-o", &small.path()]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("No space left on device"), "{ran:?}");
}

#[test]
fn a_full_disk_is_said_and_left_empty() {
    let test = "a_full_disk_is_said_and_left_empty";
    let Some(place) = Place::as_root(test, &["mke2fs", "mount", "umount", "zstd"]) else { return };
    let tar = corpus::unpack(&place, "bigger");
    let disk = Mount::fresh(place.join("disk"), 6 << 20);
    for options in ["--fsck-clean", "--verity", "-vhd", "-only-vhd"] {
        let ran = tar2ext4(&[&options, &"-i", &tar, &"-o", &disk.join("image")]);
        assert_eq!(ran.code, 1, "{options}: {ran:?}");
        assert!(ran.err.contains("No space left on device"), "{options}: {ran:?}");
        assert_eq!(ran.err.lines().count(), 1, "{options}: {ran:?}");
        assert_eq!(names(disk.point()), ["lost+found"], "{options}");
    }
}

#[test]
fn a_folder_that_cannot_be_written_to() {
    const NOBODY: &str = "65534";
    let test = "a_folder_that_cannot_be_written_to";
    let Some(place) = Place::as_root(test, &["setpriv", "zstd"]) else { return };
    let tar = corpus::unpack(&place, "plain");
    let out = place.folder("out");
    // Where the program lies may be closed to others.
    let program = place.join("tar2ext4");
    fs::copy(programs::tar2ext4(), &program).expect("the program");
    let user = [format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")];
    let [uid, gid] = &user;
    let image = out.join("image");
    let as_nobody = || {
        tools::run("setpriv", &[uid, gid, &"--clear-groups", &program, &"-i", &tar, &"-o", &image])
    };
    let ran = as_nobody();
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("image") && ran.err.contains("Permission denied"), "{ran:?}");
    assert!(names(&out).is_empty());
    fs::set_permissions(&out, PermissionsExt::from_mode(0o777)).expect("a mode");
    assert_eq!(as_nobody().code, 0);
    assert!(machine::is_root() && names(&out) == ["image"]);
}
