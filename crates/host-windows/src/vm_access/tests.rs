use std::fs::{self, File};

use windows_sys::Win32::Foundation::ERROR_FILE_NOT_FOUND;

use super::acl::FileAcl;
use super::acl::tests::entries;
use super::*;

#[test]
fn rights_are_generic_ones() {
    for mask in [0, 1, 0x0200_0001, 0x8000_0001] {
        let error = Rights::from_mask(mask).unwrap_err();
        assert_eq!(error.to_string(), format!("invalid access mask: 0x{mask:08x}"));
    }
    assert_eq!(Rights::from_mask(0xc000_0000), Ok(Rights::READ | Rights::WRITE));
    assert_eq!(Rights::from_mask(Rights::ALL.mask()), Ok(Rights::ALL));
}

#[test]
fn a_file_that_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("none");
    let error = grant_vm_group_access(&file, Rights::READ).unwrap_err();
    assert_eq!((error.step, error.code), (Step::Stat, SystemCode(ERROR_FILE_NOT_FOUND)));
    assert!(error.to_string().contains("none: cannot find it"), "{error}");
}

/// Who has which rights to a file, of the virtual machines' group.
fn group(path: &Path) -> Vec<(u32, u8)> {
    let mut options = OpenOptions::new();
    options.access_mode(READ_CONTROL).custom_flags(FILE_FLAG_BACKUP_SEMANTICS);
    let acl = FileAcl::of(&options.open(path).unwrap()).unwrap();
    let of_group =
        |(who, mask, flags): (String, u32, u8)| (who == "S-1-5-83-0").then_some((mask, flags));
    entries(acl.acl()).into_iter().filter_map(of_group).collect()
}

#[test]
fn a_file_and_a_folder_can_be_given() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "x").unwrap();
    grant_vm_group_access(&file, Rights::READ).unwrap();
    grant_vm_group_access(&file, Rights::READ).unwrap();
    grant_vm_group_access(folder.path(), Rights::READ | Rights::WRITE).unwrap();
    // It is still ours.
    assert_eq!(fs::read(&file).unwrap(), b"x");
    File::create(folder.path().join("new")).unwrap();
    println!("{:?} {:?}", group(&file), group(folder.path()));
}
