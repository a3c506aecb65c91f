//! The folder of one compute system: its lock, its record, its socket.
//!
//! A worker holds the folder's lock for as long as it lives. Whoever else gets
//! the lock knows that the worker is gone, and may clean up or remove the
//! folder. A folder appears under its system's id in one step, with the lock
//! already held, so nobody ever sees half of one.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use compute::SystemId;
use rustix::fs::{FlockOperation, RenameFlags};
use serde::{Deserialize, Serialize};

use crate::Roots;
use crate::wire::Exit;

const LOCK: &str = "lock";
const RECORD: &str = "record.json";
const SOCKET: &str = "socket";

/// What is known of a system without asking its worker.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Record {
    pub id: String,
    pub owner: String,
    pub name: String,
    /// `Created`, `Running`, `Paused` or `Stopped`.
    pub state: String,
    pub oci: bool,
    pub runtime_id: String,
    pub worker: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<InitRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<cgroup::Record>,
    /// A control group that is about to be made at a path that the spec names. Until
    /// it is, processes in it would be another container's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced_cgroup: Option<cgroup::Record>,
    /// A writable layer that belongs to the system and goes with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scratch: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poststop: Option<PostStop>,
}

/// The OCI hooks that run once a container has gone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PostStop {
    pub hooks: Vec<oci_spec::runtime::Hook>,
    pub id: String,
    pub bundle: PathBuf,
    pub annotations: std::collections::BTreeMap<String, String>,
}

/// The first process of a system; the start time tells it from a later process
/// with the same pid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InitRecord {
    pub pid: u32,
    pub start_time: u64,
    pub exit_code: Option<i32>,
}

/// A system's folder that this process has locked.
#[derive(Debug)]
pub(crate) struct Locked {
    path: PathBuf,
    _lock: File,
}

/// What a look at a system's folder shows.
#[derive(Debug)]
pub(crate) enum Look {
    /// There is no such system.
    Missing,
    /// A worker runs it.
    Alive(PathBuf),
    /// Its worker has ended; the caller holds its lock now.
    Dead(Locked, Box<Record>),
}

/// Makes the folder of a new system, locked. `None`: the id is taken.
pub(crate) fn create(roots: &Roots, record: &Record) -> io::Result<Option<Locked>> {
    let draft = roots.state.join(format!("new-{}", std::process::id()));
    if let Err(error) = fs::remove_dir_all(&draft)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    crate::roots::private_folder(&draft)?;
    let made = (|| {
        let lock = lock_file(&draft, true)?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
        let mut locked = Locked { path: draft.clone(), _lock: lock };
        locked.write(record)?;
        let path = roots.systems().join(&record.id);
        match rustix::fs::renameat_with(
            rustix::fs::CWD,
            &draft,
            rustix::fs::CWD,
            &path,
            RenameFlags::NOREPLACE,
        ) {
            Ok(()) => {
                locked.path = path;
                Ok(Some(locked))
            }
            Err(rustix::io::Errno::EXIST) => Ok(None),
            Err(error) => Err(error.into()),
        }
    })();
    if !matches!(made, Ok(Some(_))) {
        // The draft is ours alone, and holds three small files.
        let _ = fs::remove_dir_all(&draft);
    }
    made
}

/// Looks at the folder of a system.
pub(crate) fn look(roots: &Roots, id: &SystemId) -> io::Result<Look> {
    let path = roots.systems().join(id.as_str());
    let lock = match lock_file(&path, false) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Look::Missing),
        other => other?,
    };
    match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
        Err(rustix::io::Errno::AGAIN) => Ok(Look::Alive(path)),
        Err(error) => Err(error.into()),
        Ok(()) => match read(&path) {
            Ok(record) => Ok(Look::Dead(Locked { path, _lock: lock }, Box::new(record))),
            // Whoever had the lock before has removed the folder meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Look::Missing),
            Err(error) => Err(error),
        },
    }
}

/// Removes what makers and removers of folders left when they were killed.
pub(crate) fn sweep(roots: &Roots) -> io::Result<usize> {
    let mut removed = 0;
    for entry in fs::read_dir(&roots.state)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with("new-") && !name.starts_with("old-") {
            continue;
        }
        let lock = lock_file(&entry.path(), false);
        let busy = lock.is_ok_and(|lock| {
            rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err()
        });
        if !busy && fs::remove_dir_all(entry.path()).is_ok() {
            removed += 1;
        }
    }
    Ok(removed)
}

/// The ids of all systems, in no order.
pub(crate) fn ids(roots: &Roots) -> io::Result<Vec<SystemId>> {
    let entries = match fs::read_dir(roots.systems()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut ids = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        if let Some(Ok(id)) = name.to_str().map(str::parse) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// The record of a system whose worker lives.
pub(crate) fn read(path: &Path) -> io::Result<Record> {
    let text = fs::read(path.join(RECORD))?;
    serde_json::from_slice(&text).map_err(|error| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("the record in {} is damaged: {error}", path.display()),
        )
    })
}

/// The network namespace of a system that runs.
pub(crate) fn network_of(roots: &Roots, id: &SystemId) -> Option<PathBuf> {
    let record = read(&roots.systems().join(id.as_str())).ok()?;
    let init = record.init.filter(|_| record.exit.is_none())?;
    Some(PathBuf::from(format!("/proc/{}/ns/net", init.pid)))
}

/// Connects to the worker of the system in this folder.
pub(crate) fn connect(path: &Path) -> io::Result<UnixStream> {
    // The address of a socket has 107 bytes; a path through the folder's
    // descriptor always fits.
    let folder = open_folder(path)?;
    UnixStream::connect(through(&folder).join(SOCKET))
}

fn open_folder(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_PATH | libc::O_DIRECTORY).open(path)
}

fn through(folder: &File) -> PathBuf {
    use std::os::fd::AsRawFd;
    PathBuf::from(format!("/proc/self/fd/{}", folder.as_fd().as_raw_fd()))
}

fn lock_file(path: &Path, create: bool) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(create)
        .truncate(false)
        .mode(0o600)
        .open(path.join(LOCK))
}

impl Locked {
    /// Where the folder is.
    #[cfg(test)]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the record, in one step.
    pub(crate) fn write(&self, record: &Record) -> io::Result<()> {
        let draft = self.path.join(".record");
        fs::write(&draft, serde_json::to_vec(record)?)?;
        fs::rename(draft, self.path.join(RECORD))
    }

    /// Listens for clients.
    pub(crate) fn listen(&self) -> io::Result<UnixListener> {
        UnixListener::bind(through(&open_folder(&self.path)?).join(SOCKET))
    }

    /// Lets nobody connect any more.
    pub(crate) fn close_socket(&self) {
        let _ = fs::remove_file(self.path.join(SOCKET));
    }

    /// Removes the folder; the id is free as soon as it begins.
    pub(crate) fn remove(self) -> io::Result<()> {
        let state = self.path.ancestors().nth(2).unwrap_or(&self.path);
        let old = state.join(format!("old-{}", uuid::Uuid::new_v4()));
        fs::rename(&self.path, &old)?;
        fs::remove_dir_all(old)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Folders of a test.
    pub(crate) fn roots() -> (tempfile::TempDir, Roots) {
        let temp = tempfile::tempdir().expect("temp");
        let roots = Roots::below(temp.path());
        roots.prepare().expect("prepare");
        (temp, roots)
    }

    /// The record of a system that does nothing.
    pub(crate) fn record(id: &str) -> Record {
        Record { id: id.into(), state: "Created".into(), ..Record::default() }
    }

    #[test]
    fn an_id_is_taken_once() {
        let (_temp, roots) = roots();
        let first = create(&roots, &record("a")).expect("create").expect("free");
        assert!(create(&roots, &record("a")).expect("create").is_none());
        first.remove().expect("remove");
        assert!(create(&roots, &record("a")).expect("create").is_some());
        let left: Vec<_> = fs::read_dir(&roots.state).expect("list").collect();
        assert_eq!(left.len(), 1, "only the folder of systems: {left:?}");
    }

    #[test]
    fn a_folder_without_its_worker_is_dead() {
        let (_temp, roots) = roots();
        let id: SystemId = "b".parse().expect("id");
        assert!(matches!(look(&roots, &id), Ok(Look::Missing)));
        let locked = create(&roots, &record("b")).expect("create").expect("free");
        assert!(matches!(look(&roots, &id), Ok(Look::Alive(_))));
        drop(locked);
        let Ok(Look::Dead(locked, record)) = look(&roots, &id) else {
            panic!("the lock is free");
        };
        assert_eq!(record.state, "Created");
        assert!(matches!(look(&roots, &id), Ok(Look::Alive(_))), "now we hold the lock");
        locked.remove().expect("remove");
        assert!(matches!(look(&roots, &id), Ok(Look::Missing)));
    }

    #[test]
    fn a_socket_works_however_long_the_id() {
        let (_temp, roots) = roots();
        let locked = create(&roots, &record(&"x".repeat(200))).expect("create").expect("free");
        let listener = locked.listen().expect("listen");
        let _client = connect(locked.path()).expect("connect");
        listener.accept().expect("accept");
    }
}
