//! A file that appears under its name when it is whole, and not before.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use tempfile::{Builder, TempPath};

use crate::error::Error;

/// Files that are not published yet.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A file in the making, beside the one it will be. Dropped, it is gone.
#[derive(Debug)]
pub struct ImageFile {
    temporary: Option<TempPath>,
    target: PathBuf,
}

impl ImageFile {
    /// Begins a file that will be at `path`, and opens it. Where there is a device at
    /// `path`, it is that: there is nothing to be published then.
    ///
    /// # Errors
    /// Where no file can be in that folder.
    pub fn create(path: &Path) -> Result<(Self, File), Error> {
        let context = || format!("creating {}", path.display());
        // A link stays one: the file that it leads to is replaced.
        let target = resolved(path);
        let before = fs::metadata(&target).ok();
        if let Some(before) = &before
            && !before.is_file()
        {
            let opened = File::options().read(true).write(true).open(&target);
            let file = opened.map_err(Error::io(context()))?;
            return Ok((Self { temporary: None, target }, file));
        }
        let name = target.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput));
        let mut prefix = name.map_err(Error::io(context()))?.to_owned();
        prefix.push(".");
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = Builder::new();
        builder.prefix(&prefix).suffix(".partial");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // What File::create asks for; the umask has its say.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let (file, temporary) =
            builder.tempfile_in(folder).map_err(Error::io(context()))?.into_parts();
        if let Some(before) = before {
            file.set_permissions(before.permissions()).map_err(Error::io(context()))?;
        }
        unfinished(|paths| paths.insert(temporary.to_path_buf()));
        Ok((Self { temporary: Some(temporary), target }, file))
    }

    /// Whether nothing was written to it before it was opened.
    pub fn is_new(&self) -> bool {
        self.temporary.is_some()
    }

    /// Gives the file its name, in place of what has it. All of it must be written.
    ///
    /// # Errors
    /// Where it can't be renamed; it is gone then.
    pub fn publish(mut self) -> Result<(), Error> {
        let Some(temporary) = self.temporary.take() else { return Ok(()) };
        unfinished(|paths| paths.remove(&*temporary));
        let doing = format!("renaming {} to {}", temporary.display(), self.target.display());
        temporary.persist(&self.target).map_err(|error| Error::io(doing)(error.error))
    }
}

impl Drop for ImageFile {
    fn drop(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            unfinished(|paths| paths.remove(&*temporary));
        }
    }
}

/// Where links lead to, also to what is not there yet.
fn resolved(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    // As many as the kernel follows.
    for _ in 0..40 {
        let Ok(target) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    path
}

/// Removes all files that are not published. For a program that ends at once, as at
/// Ctrl-C: what still is written goes nowhere.
pub fn remove_unfinished() {
    unfinished(|paths| {
        for path in std::mem::take(paths) {
            // It may be gone already.
            let _ = fs::remove_file(path);
        }
    });
}

fn unfinished<T>(change: impl FnOnce(&mut BTreeSet<PathBuf>) -> T) -> T {
    change(&mut UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn names(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).expect("folder").flatten();
        names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_file_is_there_when_it_is_published() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("image");
        fs::write(&path, "old").expect("old");
        let (image, mut file) = ImageFile::create(&path).expect("create");
        file.write_all(b"new").expect("write");
        assert_eq!(fs::read(&path).expect("read"), b"old");
        image.publish().expect("publish");
        assert_eq!(fs::read(&path).expect("read"), b"new");
        assert_eq!(names(folder.path()), ["image"]);
    }

    #[test]
    fn a_dropped_file_is_gone() {
        let folder = tempfile::tempdir().expect("folder");
        let image = ImageFile::create(&folder.path().join("image")).expect("create");
        assert_eq!(names(folder.path()).len(), 1);
        drop(image);
        assert!(names(folder.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_one() {
        let folder = tempfile::tempdir().expect("folder");
        let (link, path) = (folder.path().join("link"), folder.path().join("image"));
        fs::write(&path, "old").expect("old");
        std::os::unix::fs::symlink("image", &link).expect("link");
        let (image, mut file) = ImageFile::create(&link).expect("create");
        file.write_all(b"new").expect("write");
        image.publish().expect("publish");
        assert_eq!(fs::read(&path).expect("read"), b"new");
        assert!(fs::symlink_metadata(&link).expect("link").is_symlink());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_nothing_is_not_replaced() {
        let folder = tempfile::tempdir().expect("folder");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("later", &link).expect("link");
        let (image, _) = ImageFile::create(&link).expect("create");
        image.publish().expect("publish");
        assert!(fs::symlink_metadata(&link).expect("link").is_symlink());
        assert!(folder.path().join("later").is_file());
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = ImageFile::create(Path::new("no/such/folder/image")).expect_err("no folder");
        assert_eq!(error.to_string(), "creating no/such/folder/image");
    }
}
