//! All that a folder shows of its files, as text that can be compared.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, lgetxattr, llistxattr};

use crate::{hex, sha256};

/// What is known of a file: `owner` is `0:0`, and so on.
pub(crate) type Fields = BTreeMap<String, String>;

/// The files of a folder, by their paths in it; the folder itself has none.
pub(crate) type Tree = BTreeMap<PathBuf, Fields>;

/// Reads a folder. `lost+found` is no one's file.
pub(crate) fn read(root: &Path) -> Tree {
    let mut reader = Reader { root, first_names: HashMap::new(), tree: Tree::new() };
    reader.read(Path::new(""));
    reader.tree
}

struct Reader<'a> {
    root: &'a Path,
    first_names: HashMap<u64, PathBuf>,
    tree: Tree,
}

impl Reader<'_> {
    fn read(&mut self, path: &Path) {
        let place = self.root.join(path);
        let fields = self.fields(path, &place);
        let is_folder = fields["kind"] == "Directory";
        self.tree.insert(path.to_owned(), fields);
        if !is_folder {
            return;
        }
        let entries = fs::read_dir(&place).unwrap_or_else(|error| panic!("{place:?}: {error}"));
        // In order, that the first name of a file is the same each time.
        let mut names: Vec<_> = entries.map(|entry| entry.expect("entry").file_name()).collect();
        names.sort();
        for name in names {
            if !(path.as_os_str().is_empty() && name == "lost+found") {
                self.read(&path.join(name));
            }
        }
    }

    fn fields(&mut self, path: &Path, place: &Path) -> Fields {
        let meta = fs::symlink_metadata(place).unwrap_or_else(|error| panic!("{place:?}: {error}"));
        let kind = FileType::from_raw_mode(meta.mode());
        let mut fields = xattrs(place);
        let mut set = |name: &str, value: String| fields.insert(name.to_owned(), value);
        set("kind", format!("{kind:?}"));
        set("mode", format!("{:04o}", Mode::from_raw_mode(meta.mode())));
        set("owner", format!("{}:{}", meta.uid(), meta.gid()));
        set("mtime", format!("{}.{:09}", meta.mtime(), meta.mtime_nsec()));
        set("links", meta.nlink().to_string());
        match kind {
            FileType::RegularFile => {
                let file = File::open(place).unwrap_or_else(|error| panic!("{place:?}: {error}"));
                set("content", format!("{} bytes, {}", meta.len(), sha256(file)));
            }
            FileType::Symlink => {
                let target = fs::read_link(place).expect("a link's target");
                set("target", target.display().to_string());
            }
            FileType::CharacterDevice | FileType::BlockDevice => {
                let (major, minor) =
                    (rustix::fs::major(meta.rdev()), rustix::fs::minor(meta.rdev()));
                set("device", format!("{major},{minor}"));
            }
            _ => {}
        }
        if kind != FileType::Directory && meta.nlink() > 1 {
            let first = self.first_names.entry(meta.ino()).or_insert_with(|| path.to_owned());
            set("same file as", first.display().to_string());
        }
        fields
    }
}

fn xattrs(place: &Path) -> Fields {
    let mut list = vec![0; 1 << 16];
    let length = llistxattr(place, &mut list[..]).expect("attributes' names");
    let names = list[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty());
    let value = |name: &[u8]| {
        let name = std::ffi::OsStr::from_bytes(name);
        let mut value = vec![0; 1 << 16];
        // The kernel shows no capability that it can't make sense of.
        let value = match lgetxattr(place, name, &mut value[..]) {
            Ok(length) => hex(&value[..length]),
            Err(error) => error.to_string(),
        };
        (format!("xattr {}", name.display()), value)
    };
    names.map(value).collect()
}

/// How two trees differ: ours, then what it should be. `is_left_out` says what no one
/// can compare.
pub(crate) fn differences(
    ours: &Tree,
    theirs: &Tree,
    is_left_out: impl Fn(&Path, &str) -> bool,
) -> Vec<String> {
    let none = Fields::new();
    let mut all = Vec::new();
    for path in ours.keys().chain(theirs.keys().filter(|path| !ours.contains_key(*path))) {
        let (a, b) = (ours.get(path).unwrap_or(&none), theirs.get(path).unwrap_or(&none));
        if a.is_empty() || b.is_empty() {
            let only = if b.is_empty() { "the image" } else { "the other" };
            all.push(format!("{}: only in {only}", path.display()));
            continue;
        }
        for field in a.keys().chain(b.keys().filter(|field| !a.contains_key(*field))) {
            if a.get(field) != b.get(field) && !is_left_out(path, field) {
                let (a, b) = (a.get(field), b.get(field));
                all.push(format!("{}: {field}: {a:?}, not {b:?}", path.display()));
            }
        }
    }
    all
}
