//! Fixed VHDs, before qemu-img.

use std::fs;
use std::path::Path;

use e2e::tools::{self, Place};

use crate::{convert, corpus, tar2ext4};

const FOOTER: usize = 512;
const TOOLS: &[&str] = &["qemu-img", "zstd"];

/// What is wrong with a VHD of this content.
fn check(vhd: &Path, content: &[u8]) {
    let bytes = fs::read(vhd).expect("the VHD");
    let (data, footer) = bytes.split_at(bytes.len() - FOOTER);
    assert!(data == content, "the data is not what it was made of");
    assert_eq!(&footer[..8], b"conectix");
    // The complement of the sum of all bytes but its own, MS-VHD 2.
    let sum: u32 =
        [&footer[..64], &footer[68..]].concat().iter().map(|byte| u32::from(*byte)).sum();
    assert_eq!(footer[64..68], (!sum).to_be_bytes(), "the checksum");
    assert_eq!(footer[40..48], (content.len() as u64).to_be_bytes(), "the original size");
    assert_eq!(footer[48..56], (content.len() as u64).to_be_bytes(), "the current size");
    assert_eq!(footer[60..64], 2u32.to_be_bytes(), "a fixed disk");

    let ran = tools::run("qemu-img", &[&"info", &"-f", &"vpc", &"--output=json", &vhd]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let info: serde_json::Value = serde_json::from_str(&ran.out).expect("json");
    assert_eq!(info["virtual-size"], content.len(), "{info}");
    assert_eq!(info["format"], "vpc");
    // Not rounded to cylinders: qemu goes by the current size where no creator that it
    // knows has written a geometry.
    let raw = vhd.with_extension("raw");
    let ran = tools::run("qemu-img", &[&"convert", &"-f", &"vpc", &"-O", &"raw", &vhd, &raw]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(fs::read(&raw).expect("raw") == content, "qemu-img reads something else");
    fs::remove_file(raw).expect("raw");
}

#[test]
fn a_vhd_is_the_image_and_a_footer() {
    let Some(place) = Place::new("a_vhd_is_the_image_and_a_footer", TOOLS) else { return };
    for name in ["empty", "plain", "sizes"] {
        let tar = corpus::unpack(&place, name);
        let (image, vhd) = (place.join("image"), place.join("image.vhd"));
        convert(&tar, &image, &[]);
        convert(&tar, &vhd, &["-vhd"]);
        let content = fs::read(&image).expect("the image");
        check(&vhd, &content);
        // Of any file, as it is; the tar is one.
        convert(&image, &vhd, &["-only-vhd"]);
        check(&vhd, &content);
    }
}

/// Its digest and tree are part of the disk.
#[test]
fn a_vhd_has_the_hash_device_too() {
    let Some(place) = Place::new("a_vhd_has_the_hash_device_too", TOOLS) else { return };
    let tar = corpus::unpack(&place, "plain");
    let (image, vhd) = (place.join("image"), place.join("image.vhd"));
    let uuid = ["--uuid", "6e6ae0c5-5fd0-4d4c-9f0c-6a1a3e4b0e51"];
    let root = convert(&tar, &image, &[&["--verity"][..], &uuid].concat());
    assert_eq!(convert(&tar, &vhd, &[&["--verity", "-vhd"][..], &uuid].concat()), root);
    check(&vhd, &fs::read(&image).expect("the image"));
}

#[test]
fn footers_differ_but_for_a_given_uuid() {
    let Some(place) = Place::new("footers_differ_but_for_a_given_uuid", &["zstd"]) else { return };
    let tar = corpus::unpack(&place, "plain");
    let vhd = |options: &[&str]| {
        let path = place.join("image.vhd");
        convert(&tar, &path, &[&["-vhd"][..], options].concat());
        fs::read(path).expect("the VHD")
    };
    assert!(vhd(&[]) != vhd(&[]), "two disks of one id");
    let uuid = ["--uuid", "6e6ae0c5-5fd0-4d4c-9f0c-6a1a3e4b0e51"];
    assert!(vhd(&uuid) == vhd(&uuid), "the same disk differs");
}

#[test]
fn a_missing_input_of_a_vhd_leaves_nothing() {
    let Some(place) = Place::new("a_missing_input_of_a_vhd_leaves_nothing", &[]) else { return };
    let out = place.folder("out");
    let ran = tar2ext4(&[&"-only-vhd", &"-i", &place.join("none"), &"-o", &out.join("vhd")]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(ran.err.contains("none") && ran.err.contains("No such file"), "{ran:?}");
    assert!(crate::names(&out).is_empty());
}
