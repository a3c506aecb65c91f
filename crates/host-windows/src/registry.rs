//! What programs remember of containers in the registry until the next boot.
//!
//! The layout is the reference's, so that either program finds what the other
//! wrote: a volatile key `SOFTWARE\Microsoft\runhcs\<root>\<id>` for each id,
//! names escaped as segments of a URL, and in it a value for each fact: a truth
//! as `REG_DWORD`, a number as `REG_QWORD`, a text as `REG_SZ`, anything else as
//! JSON in `REG_BINARY`. `runhcs` keeps its containers there, and networks the
//! root `cni`.

mod escape;
mod key;
mod value;

use std::io;

use windows_sys::Win32::Foundation::{ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND};
use windows_sys::Win32::System::Registry::{
    HKEY, HKEY_CURRENT_USER, HKEY_LOCAL_MACHINE, KEY_QUERY_VALUE, KEY_READ, KEY_SET_VALUE,
};

use escape::{escape, unescape};
use key::Key;

pub use value::{Json, StateValue, ValueError};

/// The key that has one for each root.
const STATES: &str = r"SOFTWARE\Microsoft\runhcs";

/// Why a state could not be had. The first three texts are the reference's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// There is nothing of this id.
    #[error("ID '{id}' was not found")]
    NotFound {
        /// The id.
        id: String,
    },
    /// An id has no such value.
    #[error("state '{name}' is not present for ID '{id}'")]
    NoState {
        /// The id.
        id: String,
        /// The name of the value.
        name: String,
    },
    /// The id of a new state is taken.
    #[error("container {id} already exists")]
    AlreadyExists {
        /// The id.
        id: String,
    },
    /// A value is not what it should be.
    #[error("state '{name}' of ID '{id}' cannot be read or written")]
    Value {
        /// The id.
        id: String,
        /// The name of the value.
        name: String,
        /// Why.
        #[source]
        source: ValueError,
    },
    /// The registry refuses.
    #[error("failed to {operation} {key} in the registry{}", advice(source))]
    Registry {
        /// What was tried.
        operation: &'static str,
        /// The key.
        key: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied => ": run the program as administrator",
        _ => "",
    }
}

/// The part of the registry that states are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hive {
    /// `HKEY_LOCAL_MACHINE`: all users see it, administrators write it.
    #[default]
    LocalMachine,
    /// `HKEY_CURRENT_USER`.
    CurrentUser,
}

impl Hive {
    fn key(self) -> HKEY {
        match self {
            Self::LocalMachine => HKEY_LOCAL_MACHINE,
            Self::CurrentUser => HKEY_CURRENT_USER,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::LocalMachine => "HKEY_LOCAL_MACHINE",
            Self::CurrentUser => "HKEY_CURRENT_USER",
        }
    }
}

/// The states of one root.
///
/// It keeps nothing open. What only looks makes no key and needs no right to
/// write.
#[derive(Debug, Clone)]
pub struct StateRoot {
    hive: Hive,
    /// The name of its key.
    name: String,
}

impl StateRoot {
    /// The root of this name.
    pub fn new(hive: Hive, root: &str) -> Self {
        // The reference would mix the ids of a root without a name with the
        // names of the others. No escaped name is this one.
        let name = if root.is_empty() { "%".into() } else { escape(root) };
        Self { hive, name }
    }

    /// The ids of all states.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub fn ids(&self) -> Result<Vec<String>, StateError> {
        let path = self.path();
        let names = match Key::open(self.hive.key(), &path, KEY_READ) {
            Err(error) if is_not_found(&error) => return Ok(Vec::new()),
            opened => opened.and_then(|key| key.children()),
        };
        let names = names.map_err(self.failed("list", &path))?;
        Ok(names.iter().filter_map(|name| unescape(name)).collect())
    }

    /// Makes the state of a new id, with its first value.
    ///
    /// # Errors
    /// [`StateError::AlreadyExists`]; the registry cannot be written. Nothing is
    /// left of a state whose value could not be written.
    pub fn create(&self, id: &str, name: &str, value: &impl StateValue) -> Result<(), StateError> {
        let failed = || self.failed("make", &self.path_of(id));
        let (states, _) = Key::create_volatile(self.hive.key(), STATES).map_err(failed())?;
        let (root, _) = Key::create_volatile(states.raw(), &self.name).map_err(failed())?;
        let (key, is_new) = Key::create_volatile(root.raw(), &escape(id)).map_err(failed())?;
        if !is_new {
            return Err(StateError::AlreadyExists { id: id.into() });
        }
        self.write(&key, id, name, value).inspect_err(|_| {
            drop(key);
            // What is told is why it could not be written.
            let _ = root.delete_child(&escape(id));
        })
    }

    /// Writes a value of a state that exists.
    ///
    /// # Errors
    /// [`StateError::NotFound`]; the registry cannot be written.
    pub fn set(&self, id: &str, name: &str, value: &impl StateValue) -> Result<(), StateError> {
        let key = self.open(id, KEY_SET_VALUE)?;
        self.write(&key, id, name, value)
    }

    /// Reads a value of a state.
    ///
    /// # Errors
    /// [`StateError::NotFound`]; [`StateError::NoState`] where the state has no
    /// such value; [`StateError::Value`] where it is of another type.
    pub fn get<T: StateValue>(&self, id: &str, name: &str) -> Result<T, StateError> {
        let read = self.open(id, KEY_QUERY_VALUE)?.value(name);
        let (kind, bytes) = read.map_err(|error| self.of_value("read", id, name, error))?;
        T::decode(kind, &bytes).map_err(|source| StateError::Value {
            id: id.into(),
            name: name.into(),
            source,
        })
    }

    /// Removes a value of a state.
    ///
    /// # Errors
    /// [`StateError::NotFound`]; [`StateError::NoState`]; the registry cannot be
    /// written.
    pub fn clear(&self, id: &str, name: &str) -> Result<(), StateError> {
        let key = self.open(id, KEY_SET_VALUE)?;
        key.delete_value(name).map_err(|error| self.of_value("remove from", id, name, error))
    }

    /// Removes a state.
    ///
    /// # Errors
    /// [`StateError::NotFound`]; the registry cannot be written.
    pub fn remove(&self, id: &str) -> Result<(), StateError> {
        Key::open(self.hive.key(), &self.path(), KEY_READ)
            .and_then(|root| root.delete_child(&escape(id)))
            .map_err(|error| self.of_id("remove", id, error))
    }

    /// Removes all states and their root. Nothing happens where there is none.
    ///
    /// # Errors
    /// The registry cannot be read or written.
    pub fn remove_all(&self) -> Result<(), StateError> {
        let path = self.path();
        let removed = || {
            let root = Key::open(self.hive.key(), &path, KEY_READ)?;
            for name in root.children()? {
                root.delete_child(&name)?;
            }
            Key::open(self.hive.key(), STATES, KEY_READ)?.delete_child(&self.name)
        };
        match removed() {
            Err(error) if !is_not_found(&error) => Err(self.failed("remove", &path)(error)),
            _ => Ok(()),
        }
    }

    /// The key of an id as people write it, for messages.
    pub fn key_of(&self, id: &str) -> String {
        format!(r"{}\{}", self.hive.name(), self.path_of(id))
    }

    fn path(&self) -> String {
        format!(r"{STATES}\{}", self.name)
    }

    fn path_of(&self, id: &str) -> String {
        format!(r"{STATES}\{}\{}", self.name, escape(id))
    }

    fn open(&self, id: &str, access: u32) -> Result<Key, StateError> {
        Key::open(self.hive.key(), &self.path_of(id), access)
            .map_err(|error| self.of_id("open", id, error))
    }

    fn write(
        &self,
        key: &Key,
        id: &str,
        name: &str,
        value: &impl StateValue,
    ) -> Result<(), StateError> {
        let (kind, bytes) = value.encode().map_err(|source| StateError::Value {
            id: id.into(),
            name: name.into(),
            source,
        })?;
        key.set_value(name, kind, &bytes)
            .map_err(|error| self.of_value("write to", id, name, error))
    }

    fn of_value(&self, what: &'static str, id: &str, name: &str, error: io::Error) -> StateError {
        if is_not_found(&error) {
            return StateError::NoState { id: id.into(), name: name.into() };
        }
        self.failed(what, &self.path_of(id))(error)
    }

    fn of_id(&self, what: &'static str, id: &str, error: io::Error) -> StateError {
        if is_not_found(&error) {
            return StateError::NotFound { id: id.into() };
        }
        self.failed(what, &self.path_of(id))(error)
    }

    fn failed(
        &self,
        operation: &'static str,
        path: &str,
    ) -> impl FnOnce(io::Error) -> StateError + use<> {
        let key = format!(r"{}\{path}", self.hive.name());
        move |source| StateError::Registry { operation, key, source }
    }
}

fn is_not_found(error: &io::Error) -> bool {
    let code = error.raw_os_error().and_then(|code| u32::try_from(code).ok());
    matches!(code, Some(ERROR_FILE_NOT_FOUND | ERROR_PATH_NOT_FOUND))
}

#[cfg(test)]
mod tests;
