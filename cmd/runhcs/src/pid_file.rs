//! Files with a process id for whoever watches the process.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::anyhow;

/// A pid file that is removed again unless it is kept.
pub(crate) struct PidFile {
    path: Option<PathBuf>,
}

impl PidFile {
    /// Writes the file where one is asked for. Who reads it sees all of it.
    pub(crate) fn write(path: Option<&Path>, pid: u32) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self { path: None });
        };
        let failed = |error| anyhow!("writing the pid file {}: {error}", path.display());
        let name =
            path.file_name().ok_or_else(|| failed(std::io::ErrorKind::IsADirectory.into()))?;
        // A new file: who else can write to the folder could have put a link there.
        let unique = uuid::Uuid::new_v4().simple();
        let temporary = path.with_file_name(format!(".{}.{unique}", name.to_string_lossy()));
        fs::File::create_new(&temporary)
            .and_then(|mut file| file.write_all(pid.to_string().as_bytes()))
            .and_then(|()| fs::rename(&temporary, path))
            .map_err(|error| {
                let _ = fs::remove_file(&temporary);
                failed(error)
            })?;
        Ok(Self { path: Some(path.to_owned()) })
    }

    /// Leaves the file where it is.
    pub(crate) fn keep(mut self) {
        self.path = None;
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_goes_unless_it_is_kept() {
        let temp = tempfile::tempdir().expect("temp");
        let path = temp.path().join("pid");
        drop(PidFile::write(Some(&path), 42).expect("write"));
        assert!(!path.exists());
        PidFile::write(Some(&path), 42).expect("write").keep();
        assert_eq!(fs::read_to_string(&path).expect("read"), "42");
        assert_eq!(fs::read_dir(temp.path()).expect("list").count(), 1);
        assert!(PidFile::write(Some(Path::new("/does/not/exist")), 1).is_err());
    }
}
