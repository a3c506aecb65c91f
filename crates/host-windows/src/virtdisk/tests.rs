use std::error::Error as _;

use super::*;

#[test]
fn flags_are_those_of_the_system() {
    assert_eq!(Attach::default().flags(), 0);
    let how = Attach { read_only: true, ..Attach::default() };
    assert_eq!(how.flags(), 1);
    let how = Attach { permanent: true, ..Attach::default() };
    assert_eq!(how.flags(), 4);
    let how = Attach { bypass_encryption_policy: true, ..Attach::default() };
    assert_eq!(how.flags(), 0x20);
    let all = Attach { read_only: true, permanent: true, bypass_encryption_policy: true };
    assert_eq!(all.flags(), 0x25);
}

#[test]
fn a_path_that_is_none_reaches_no_dll() {
    let path = Path::new("a\0b");
    let error = VirtualDisk::open(path, Access::Full).unwrap_err();
    assert!(error.to_string().starts_with("failed to open virtual disk a"), "{error}");
    assert!(error.source().unwrap().to_string().contains("NUL"), "{error:?}");
    let parent = Contents::Differencing(path);
    let error = VirtualDisk::create(Path::new("c.vhdx"), parent, 0).unwrap_err();
    assert!(matches!(&error, DiskError::Path { operation: "create", .. }), "{error:?}");
}

/// Wine finds no disk either: it has no virtual disks and says so.
#[test]
fn a_disk_that_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.vhdx");
    let error = VirtualDisk::open(&path, Access::Information).unwrap_err();
    let named = format!("failed to open virtual disk {}", path.display());
    assert_eq!(error.to_string(), named);
    println!("CODE {error:?}");
}
