use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use windows_sys::Wdk::Storage::FileSystem::{FILE_DIRECTORY_FILE, FILE_NON_DIRECTORY_FILE};
use windows_sys::Win32::Foundation::{GENERIC_READ, GENERIC_WRITE};
use windows_sys::Win32::Storage::FileSystem::{FILE_READ_ATTRIBUTES, FILE_WRITE_ATTRIBUTES};

use super::*;

struct Folder {
    temp: tempfile::TempDir,
    root: Root,
}

impl Folder {
    fn new() -> Self {
        let temp = tempfile::tempdir().expect("temp");
        let root = Root::open(temp.path()).expect("root");
        Self { temp, root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let how = Open {
            access: GENERIC_WRITE,
            disposition: Disposition::Create,
            options: FILE_NON_DIRECTORY_FILE,
            ..Open::default()
        };
        let mut file = self.root.open_at(name, how).expect("create");
        file.write_all(text.as_bytes()).expect("write");
    }

    fn read(&self, name: &str) -> String {
        let how = Open { access: GENERIC_READ, ..Open::default() };
        let mut text = String::new();
        let mut file = self.root.open_at(name, how).expect("open");
        file.read_to_string(&mut text).expect("read");
        text
    }

    fn set_readonly(&self, name: &str) {
        let mut permissions = fs::metadata(self.path(name)).expect("metadata").permissions();
        permissions.set_readonly(true);
        fs::set_permissions(self.path(name), permissions).expect("read-only");
    }
}

#[test]
fn a_long_path_has_its_form() {
    let here = std::env::current_dir().expect("here");
    let here = here.to_str().expect("text");
    for (path, long_path) in [
        (r"\\?\C:\a\..\b", r"\\?\C:\a\..\b".to_owned()),
        (r"\\.\pipe\x", r"\\.\pipe\x".to_owned()),
        (r"C:\a\.\b\..\c", r"\\?\C:\a\c".to_owned()),
        ("C:/a/b", r"\\?\C:\a\b".to_owned()),
        (r"\\server\share\a", r"\\?\UNC\server\share\a".to_owned()),
        ("a", format!(r"\\?\{}\a", here.trim_end_matches('\\'))),
    ] {
        let found = long(Path::new(path)).expect(path);
        assert_eq!(found.to_str(), Some(long_path.as_str()), "{path}");
    }
    assert!(long(Path::new("")).is_err());
}

#[test]
fn a_path_may_be_longer_than_the_old_limit() {
    let folder = Folder::new();
    let name = ["long"; 40].join("-");
    let deep = format!(r"{name}\{name}\file");
    folder.root.make_folder(&name).expect("folder");
    folder.root.make_folder(format!(r"{name}\{name}")).expect("folder");
    folder.write(&deep, "deep");
    let path = long(&folder.path(&deep)).expect("long");
    assert!(path.as_os_str().len() > 400);
    assert_eq!(fs::read_to_string(&path).expect("read"), "deep");
    folder.root.remove_all(&name).expect("remove");
    assert_eq!(fs::read_dir(folder.temp.path()).expect("list").count(), 0);
}

#[test]
fn files_are_made_opened_looked_at_and_removed() {
    let folder = Folder::new();
    let root = &folder.root;
    root.make_folder("a").expect("folder");
    folder.write("a/file", "text");
    assert_eq!(folder.read(r"a\file"), "text");
    assert_eq!(folder.read("A/FILE"), "text");
    assert!(root.metadata("a").expect("metadata").is_dir());
    assert_eq!(root.metadata("a/file").expect("metadata").len(), 4);
    root.refuse_reparse_point("a/file").expect("no reparse point");

    let again = root.make_folder("a").unwrap_err();
    let PathError::Io { source, .. } = &again else { panic!("{again}") };
    assert_eq!(source.kind(), io::ErrorKind::AlreadyExists, "{again}");
    let how = Open { options: FILE_DIRECTORY_FILE, ..Open::default() };
    root.open_at("a/file", how).expect_err("a file is no folder");
    assert!(root.metadata("b").unwrap_err().is_not_found());
    assert!(root.metadata("b/c").unwrap_err().is_not_found());
    assert!(root.refuse_reparse_point("b").unwrap_err().is_not_found());

    root.remove("a").expect_err("it is not empty");
    root.remove("a/file").expect("remove");
    root.remove("a").expect("remove");
    let gone = root.remove("a").unwrap_err();
    assert!(gone.is_not_found(), "{gone}");
    assert!(gone.to_string().starts_with(r"failed to remove \\?\"), "{gone}");
}

#[test]
fn a_name_that_leads_out_is_refused_everywhere() {
    let folder = Folder::new();
    let root = &folder.root;
    folder.write("file", "x");
    for name in ["", ".", "..", r"..\x", "a/../../x", r"\x", r"C:\x", "file:stream", "a\0"] {
        let refused = [
            root.open_at(name, Open::default()).map(drop),
            root.make_folder(name),
            root.metadata(name).map(drop),
            root.refuse_reparse_point(name),
            root.remove(name),
            root.remove_all(name),
            root.link(name, root, "new"),
            root.link("file", root, name),
        ];
        for refused in refused {
            assert!(matches!(refused, Err(PathError::Name { .. })), "{name:?}: {refused:?}");
        }
    }
    assert_eq!(fs::read_dir(folder.temp.path()).expect("list").count(), 1);
}

#[test]
fn a_link_is_the_same_file() {
    let (from, to) = (Folder::new(), Folder::new());
    from.root.make_folder("a").expect("folder");
    to.root.make_folder("b").expect("folder");
    from.write("a/file", "one");
    from.root.link("a/file", &from.root, "top").expect("link");
    from.root.link("a/file", &to.root, r"b\name that is longer than the other").expect("link");
    let how =
        Open { access: GENERIC_WRITE, disposition: Disposition::Overwrite, ..Open::default() };
    let mut file = from.root.open_at("a/file", how).expect("open");
    file.write_all(b"two").expect("write");
    assert_eq!(from.read("top"), "two");
    assert_eq!(to.read("b/name that is longer than the other"), "two");

    let taken = from.root.link("a/file", &from.root, "top").unwrap_err();
    let PathError::Link { source, .. } = &taken else { panic!("{taken}") };
    assert_eq!(source.kind(), io::ErrorKind::AlreadyExists, "{taken}");
    assert!(from.root.link("none", &from.root, "x").unwrap_err().is_not_found());
    assert!(from.root.link("top", &to.root, "none/x").unwrap_err().is_not_found());
}

#[test]
fn a_tree_goes_whatever_it_has() {
    let folder = Folder::new();
    let root = &folder.root;
    root.make_folder("tree").expect("folder");
    for number in 0..1000 {
        folder.write(&format!("tree/{number} with a name that fills buffers"), "");
    }
    let mut name = String::from("tree");
    for level in 0..40 {
        name = format!(r"{name}\level {level}");
        root.make_folder(&name).expect("folder");
        folder.write(&format!(r"{name}\file"), "x");
    }
    folder.write("tree/read-only", "x");
    folder.set_readonly("tree/read-only");
    root.remove_all("tree").expect("remove");
    assert!(root.metadata("tree").unwrap_err().is_not_found());
    root.remove_all("tree").expect("nothing to remove");
    root.remove_all("tree/a").expect("nothing to remove");

    folder.write("file", "x");
    root.remove_all("file").expect("remove");
    assert_eq!(fs::read_dir(folder.temp.path()).expect("list").count(), 0);
}

#[test]
fn what_is_kept_open_is_named_and_the_rest_goes() {
    let folder = Folder::new();
    let root = &folder.root;
    root.make_folder("tree").expect("folder");
    root.make_folder("tree/inner").expect("folder");
    folder.write("tree/inner/kept", "x");
    folder.write("tree/inner/other", "x");
    let how = Open { access: GENERIC_READ, share: 0, ..Open::default() };
    let kept = root.open_at("tree/inner/kept", how).expect("open");
    let error = root.remove_all("tree").unwrap_err();
    assert!(error.to_string().ends_with(r"tree\inner\kept"), "{error}");
    let names = fs::read_dir(folder.path("tree/inner")).expect("list");
    let names: Vec<_> = names.map(|entry| entry.expect("entry").file_name()).collect();
    assert_eq!(names, ["kept"]);
    drop(kept);
    root.remove_all("tree").expect("remove");
}

#[test]
fn a_read_only_file_becomes_writable() {
    let folder = Folder::new();
    folder.write("file", "x");
    folder.set_readonly("file");
    let how = Open { access: FILE_READ_ATTRIBUTES | FILE_WRITE_ATTRIBUTES, ..Open::default() };
    let file = folder.root.open_at("file", how).expect("open");
    let modified = file.metadata().expect("metadata").modified().expect("time");
    for _ in 0..2 {
        clear_readonly(&file).expect("clear");
        let found = file.metadata().expect("metadata");
        assert!(!found.permissions().readonly());
        assert_eq!(found.modified().expect("time"), modified);
    }
    folder.write("other", "x");
    folder.set_readonly("other");
    folder.root.remove("other").expect("remove");
}

#[test]
fn a_root_is_a_folder() {
    let folder = Folder::new();
    folder.write("file", "x");
    for name in ["file", "none"] {
        let error = Root::open(&folder.path(name)).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
    assert!(folder.root.path().to_str().expect("text").starts_with(r"\\?\"));
}

#[test]
fn links_are_not_followed() {
    let (inside, outside) = (Folder::new(), Folder::new());
    outside.write("secret", "x");
    let to_folder = std::os::windows::fs::symlink_dir(outside.temp.path(), inside.path("folder"));
    let to_file = std::os::windows::fs::symlink_file(outside.path("secret"), inside.path("file"));
    let there = |name: &str| inside.root.metadata(name).is_ok();
    if to_folder.and(to_file).is_err() || !there("folder") || !there("file") {
        println!("left out: links_are_not_followed: no links can be made, as in Wine");
        return;
    }
    let root = &inside.root;
    inside.write("plain", "x");
    assert!(root.metadata("folder").expect("metadata").is_symlink());
    let refused = [
        root.open_at("folder/secret", Open::default()).map(drop),
        root.open_at("folder", Open::default()).map(drop),
        root.open_at("file", Open::default()).map(drop),
        root.metadata("folder/secret").map(drop),
        root.make_folder("folder/new"),
        root.refuse_reparse_point("folder"),
        root.refuse_reparse_point("file"),
        root.remove("folder/secret"),
        root.remove_all("folder/secret"),
        root.link("folder/secret", root, "stolen"),
        root.link("plain", root, "folder/planted"),
        root.link("plain", root, "folder"),
    ];
    for refused in refused {
        let error = refused.unwrap_err();
        assert!(!error.is_not_found(), "{error}");
    }
    root.make_folder("tree").expect("folder");
    std::os::windows::fs::symlink_dir(outside.temp.path(), inside.path("tree/folder"))
        .expect("link");
    root.remove_all("tree").expect("remove");
    root.remove_all("folder").expect("remove");
    root.remove("file").expect("remove");
    assert_eq!(outside.read("secret"), "x");
}

/// Wine shows the links of the system below it as folders, and opens what they
/// lead to. What is there must survive all the same.
#[test]
fn a_removal_under_wine_does_not_follow_links_of_the_system_below() {
    if !crate::wine::is_here() {
        return;
    }
    let (inside, outside) = (Folder::new(), Folder::new());
    outside.write("kept", "x");
    inside.root.make_folder("tree").expect("folder");
    let to = outside.temp.path().file_name().and_then(|name| name.to_str()).expect("a name");
    let tree = inside.path("tree");
    below_wine("ln", &["-s", &format!("../../{to}"), "link"], &tree);
    wait_for(|| tree.join("link/kept").exists());
    // That the link itself cannot be removed through Wine is told.
    inside.root.remove_all("tree").unwrap_err();
    assert_eq!(outside.read("kept"), "x");
    below_wine("rm", &["link"], &tree);
    wait_for(|| !tree.join("link").exists());
}

/// Starts a program of the system below Wine, which nothing tells the end of.
fn below_wine(program: &str, arguments: &[&str], folder: &Path) {
    let mut command = std::process::Command::new(format!(r"Z:\bin\{program}"));
    let _ = command.args(arguments).current_dir(folder).status();
}

fn wait_for(mut ready: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !ready() {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
