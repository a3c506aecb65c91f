//! An image layout that is a folder.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, bail};

use super::section::{Member, Place};

/// The folder. Nothing outside of it is read, wherever links lead.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let root = fs::canonicalize(path);
        Ok(Self { root: root.with_context(|| format!("opening {}", path.display()))? })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// A file in it; none where there is nothing of that name.
    pub(super) fn find(&self, name: &str) -> anyhow::Result<Option<Member>> {
        let name = Path::new(name);
        if !name.components().all(|part| matches!(part, Component::Normal(_))) {
            bail!("the name leads out of the folder");
        }
        let path = match fs::canonicalize(self.root.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            path => path?,
        };
        let Ok(inside) = path.strip_prefix(&self.root) else {
            bail!("it is a link out of the folder, to {}", path.display());
        };
        let metadata = fs::metadata(&path)?;
        if !metadata.is_file() {
            bail!("it is no regular file");
        }
        let name = inside.display().to_string();
        Ok(Some(Member { name, size: metadata.len(), place: Place::Path(path) }))
    }
}
