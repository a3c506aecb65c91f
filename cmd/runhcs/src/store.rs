//! The records of containers.

mod folder;
#[cfg(windows)]
mod registry;

use std::error::Error;
use std::io;
use std::path::PathBuf;

use compute::SystemId;

use crate::record::Record;

/// Where records are kept.
#[derive(Debug, Clone)]
pub enum Records {
    /// In a folder, with a folder for each root.
    Folder(PathBuf),
    /// In the registry of this machine, with a key for each root, until it boots
    /// again: no container lives longer.
    #[cfg(windows)]
    Registry,
}

impl Records {
    /// The records of a root.
    pub(crate) fn of(&self, root: &str) -> Box<dyn Store> {
        match self {
            Self::Folder(folder) => Box::new(folder::Folder::new(folder, root)),
            #[cfg(windows)]
            Self::Registry => Box::new(registry::Registry::new(root)),
        }
    }
}

/// Why a record could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The text is the reference's.
    #[error("ID '{0}' was not found")]
    NotFound(String),
    #[error("ID '{0}' is in use: delete its container first, or choose another id")]
    InUse(String),
    #[error("reading {}: {error}: `runhcs delete --force` removes it", place.display())]
    Corrupt { place: PathBuf, error: Box<dyn Error + Send + Sync> },
    #[error("{what} {}: {error}", place.display())]
    Io { what: &'static str, place: PathBuf, error: io::Error },
}

/// The records of one root.
pub(crate) trait Store {
    /// Makes the record of a new container, whose id nobody else has.
    fn claim(&self, record: &Record) -> Result<(), StoreError>;

    /// Writes a record that exists anew; a reader sees the old or the new one.
    fn save(&self, record: &Record) -> Result<(), StoreError>;

    fn read(&self, id: &SystemId) -> Result<Record, StoreError>;

    /// Removes a record; nothing happens where there is none.
    fn remove(&self, id: &SystemId) -> Result<(), StoreError>;

    /// The ids of all containers, sorted.
    fn ids(&self) -> Result<Vec<SystemId>, StoreError>;
}
