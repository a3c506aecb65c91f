//! Disks of qemu-img are read, and qemu-img reads the disks made here.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::Command;

use vhd::Footer;

/// What qemu-img prints, or nothing where there is no qemu-img.
fn qemu_img(test: &str, arguments: &[&str], disk: &Path) -> Option<String> {
    let output = match Command::new("qemu-img").args(arguments).arg(disk).output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            eprintln!("left out: {test}: there is no qemu-img");
            return None;
        }
        output => output.unwrap(),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn disks_of_qemu_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for (options, exact) in [("subformat=fixed,force_size=on", true), ("subformat=fixed", false)] {
        let disk = folder.path().join("disk.vhd");
        let size = 5 << 20;
        let make = ["create", "-q", "-f", "vpc", "-o", options];
        fs::write(&disk, "").unwrap();
        let output = Command::new("qemu-img").args(make).arg(&disk).arg(size.to_string()).output();
        match output {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                eprintln!("left out: disks_of_qemu_are_read: there is no qemu-img");
                return;
            }
            output => assert!(output.unwrap().status.success()),
        }
        let bytes = fs::read(&disk).unwrap();
        let footer = vhd::read(File::open(&disk).unwrap()).unwrap().unwrap();
        assert!(footer.is_fixed());
        assert_eq!(footer.current_size, bytes.len() as u64 - 512);
        assert!(!exact || footer.current_size == size);
        assert_eq!(&footer.creator_application[..3], b"qem");
        assert_eq!(footer.to_bytes(), bytes[bytes.len() - 512..]);
    }
}

#[test]
fn a_dynamic_disk_of_qemu_is_not_fixed() {
    let folder = tempfile::tempdir().unwrap();
    let raw = folder.path().join("disk.raw");
    let disk = folder.path().join("disk.vhd");
    fs::write(&raw, [1; 4096]).unwrap();
    let convert = ["convert", "-O", "vpc", raw.to_str().unwrap()];
    if qemu_img("a_dynamic_disk_of_qemu_is_not_fixed", &convert, &disk).is_none() {
        return;
    }
    let footer = vhd::read(File::open(&disk).unwrap()).unwrap().unwrap();
    assert_eq!(footer.disk_type, vhd::DiskType::Dynamic);
    assert!(!footer.is_fixed());
}

#[test]
fn qemu_reads_disks_made_here() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk.vhd");
    fs::write(&disk, vec![1; 1 << 20]).unwrap();
    vhd::append(File::options().write(true).open(&disk).unwrap(), [3; 16]).unwrap();
    assert_eq!(fs::metadata(&disk).unwrap().len(), (1 << 20) + Footer::LEN as u64);
    let info = ["info", "-f", "vpc", "--output", "json"];
    if let Some(text) = qemu_img("qemu_reads_disks_made_here", &info, &disk) {
        assert!(text.contains("\"virtual-size\": 1048576"), "{text}");
    }
}
