//! Records in files: a folder for each root, a file for each container.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use compute::SystemId;

use super::{Store, StoreError};
use crate::record::Record;

/// What ends the name of a record's file.
const SUFFIX: &str = ".json";

/// What begins the name of a record that is being written. An id that begins
/// like it has [`SUFFIX`] behind it, which such a name has not.
const TEMPORARY: &str = ".new-";
/// How long a record takes to be written, at the most.
const WRITE_LIMIT: Duration = Duration::from_secs(60);

/// The records of one root.
#[derive(Debug)]
pub(super) struct Folder {
    folder: PathBuf,
}

impl Folder {
    /// The store of a root: a name below the state folder, or a folder of its own.
    pub(super) fn new(state: &Path, root: &str) -> Self {
        let folder = match Path::new(root) {
            path if path.is_absolute() => path.to_owned(),
            _ => state.join(escape(root)),
        };
        Self { folder }
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}{SUFFIX}"))
    }

    /// Writes a record under a name that no reader takes for one.
    fn write(&self, record: &Record) -> Result<PathBuf, StoreError> {
        let unique = uuid::Uuid::new_v4().simple();
        let path = self.folder.join(format!("{TEMPORARY}{unique}"));
        let write = || {
            let text = serde_json::to_vec(record)?;
            fs::OpenOptions::new().write(true).create_new(true).open(&path)?.write_all(&text)
        };
        write().map_err(|error| {
            let _ = fs::remove_file(&path);
            failed("writing", &path)(error)
        })?;
        Ok(path)
    }

    /// Makes the folder, closed to others.
    fn prepare(&self) -> Result<(), StoreError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder).map_err(failed("making", &self.folder))?;
        self.check()
    }

    /// Refuses a folder that other users can write to: what they write there
    /// would be believed.
    #[cfg(unix)]
    fn check(&self) -> Result<(), StoreError> {
        use std::os::unix::fs::MetadataExt;
        let me = rustix::process::geteuid().as_raw();
        match fs::metadata(&self.folder) {
            Ok(folder) if folder.uid() == me && folder.mode() & 0o022 == 0 => Ok(()),
            Ok(_) => Err(failed("using", &self.folder)(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!("it must be a folder that only user {me} can write to"),
            ))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed("reading", &self.folder)(error)),
        }
    }

    #[cfg(not(unix))]
    fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Store for Folder {
    fn claim(&self, record: &Record) -> Result<(), StoreError> {
        self.prepare()?;
        let temporary = self.write(record)?;
        let path = self.path(&record.id);
        let linked = fs::hard_link(&temporary, &path);
        let _ = fs::remove_file(&temporary);
        match linked {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(StoreError::InUse(record.id.clone()))
            }
            other => other.map_err(failed("writing", &path)),
        }
    }

    fn save(&self, record: &Record) -> Result<(), StoreError> {
        let temporary = self.write(record)?;
        let path = self.path(&record.id);
        fs::rename(&temporary, &path).map_err(|error| {
            let _ = fs::remove_file(&temporary);
            failed("writing", &path)(error)
        })
    }

    fn read(&self, id: &SystemId) -> Result<Record, StoreError> {
        self.check()?;
        let path = self.path(id.as_str());
        let text = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => StoreError::NotFound(id.to_string()),
            _ => failed("reading", &path)(error),
        })?;
        serde_json::from_slice(&text)
            .map_err(|error| StoreError::Corrupt { place: path, error: error.into() })
    }

    fn remove(&self, id: &SystemId) -> Result<(), StoreError> {
        let path = self.path(id.as_str());
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed("removing", &path)(error))
            }
            _ => Ok(()),
        }
    }

    fn ids(&self) -> Result<Vec<SystemId>, StoreError> {
        self.check()?;
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed("listing", &self.folder))?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed("listing", &self.folder))?;
            let name = entry.file_name();
            if is_left_over(&entry) {
                let _ = fs::remove_file(entry.path());
            }
            let id = name.to_str().and_then(|name| name.strip_suffix(SUFFIX)?.parse().ok());
            ids.extend(id);
        }
        ids.sort();
        Ok(ids)
    }
}

/// Whether a file is a record that was not finished: its writer was killed.
fn is_left_over(entry: &fs::DirEntry) -> bool {
    let age = || entry.metadata().ok()?.modified().ok()?.elapsed().ok();
    let name = entry.file_name();
    let name = name.as_encoded_bytes();
    name.starts_with(TEMPORARY.as_bytes())
        && !name.ends_with(SUFFIX.as_bytes())
        && age().is_some_and(|age| age > WRITE_LIMIT)
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let place = path.to_owned();
    move |error| StoreError::Io { what, place, error }
}

/// A root's name as the name of one folder.
fn escape(root: &str) -> String {
    let mut escaped = String::with_capacity(root.len());
    for (at, c) in root.char_indices() {
        if matches!(c, '/' | '\\' | '%' | ':') || c.is_control() || (at == 0 && c == '.') {
            escaped.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    // An empty name is a root too.
    if escaped.is_empty() { "%".into() } else { escaped }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str) -> Record {
        serde_json::from_value(serde_json::json!({"ID": id, "Spec": {"ociVersion": "1.0.2"}}))
            .expect("record")
    }

    fn id(text: &str) -> SystemId {
        text.parse().expect("id")
    }

    #[test]
    fn a_record_is_written_read_and_removed() {
        let temp = tempfile::tempdir().expect("temp");
        let store = Folder::new(temp.path(), "r");
        assert!(store.ids().expect("ids").is_empty());
        store.claim(&record("b")).expect("claim");
        store.claim(&record("a.json")).expect("claim");
        assert!(matches!(store.claim(&record("b")), Err(StoreError::InUse(_))));
        store.save(&Record { init_pid: Some(7), ..record("b") }).expect("save");
        assert_eq!(store.read(&id("b")).expect("read").init_pid, Some(7));
        assert_eq!(store.ids().expect("ids"), [id("a.json"), id("b")]);
        store.remove(&id("b")).expect("remove");
        store.remove(&id("b")).expect("remove again");
        let error = store.read(&id("b")).expect_err("gone");
        assert_eq!(error.to_string(), "ID 'b' was not found");
    }

    #[test]
    fn what_a_killed_writer_left_is_removed() {
        let temp = tempfile::tempdir().expect("temp");
        let store = Folder::new(temp.path(), "r");
        store.claim(&record(".new-c")).expect("claim");
        let old = std::time::SystemTime::now() - 2 * WRITE_LIMIT;
        let make = |name: &str, time| {
            let file = fs::File::options().append(true).create(true).open(store.folder.join(name));
            file.and_then(|file| file.set_modified(time)).expect("file");
        };
        make(".new-1", old);
        make(".new-2", std::time::SystemTime::now());
        make(".new-c.json", old);
        assert_eq!(store.ids().expect("ids"), [id(".new-c")]);
        assert!(!store.folder.join(".new-1").exists());
        assert!(store.folder.join(".new-2").exists());
    }

    #[cfg(unix)]
    #[test]
    fn the_folder_is_private() {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().expect("temp");
        let store = Folder::new(temp.path(), "a/..");
        store.claim(&record("c")).expect("claim");
        let folder = temp.path().join("a%2F..");
        let mode = |path: &Path| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("chmod");
        assert!(store.read(&id("c")).is_err());
        assert!(store.ids().is_err());
    }

    #[test]
    fn a_root_is_one_folder() {
        for (root, folder) in [("default", "default"), ("..", "%2E."), ("a/b", "a%2Fb"), ("", "%")]
        {
            assert_eq!(escape(root), folder);
        }
        #[cfg(unix)]
        assert_eq!(Folder::new(Path::new("/s"), "/x/y").folder, Path::new("/x/y"));
    }
}
