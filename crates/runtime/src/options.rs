//! What a caller says to have a container made, and what it gets back.

use std::os::fd::{OwnedFd, RawFd};
use std::path::PathBuf;

use oci_spec::runtime::{Process, Spec};

use crate::error::Error;

/// Where the container's root file system comes from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum RootFs {
    /// The directory `root.path` of the specification, relative to the bundle.
    #[default]
    Spec,
    /// An overlay, mounted in the container's own mount name space; `root.path` is not looked at.
    Overlay {
        /// The read-only layers, topmost first.
        lowers: Vec<PathBuf>,
        /// The directory that takes the changes.
        upper: PathBuf,
        /// The work directory, empty and on the file system of `upper`.
        work: PathBuf,
    },
}

/// What the first process of the container is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Init {
    /// The program that `process` names, executed by [`Container::start`](crate::Container::start).
    #[default]
    Process,
    /// A loop of this crate that reaps orphans and ends on SIGTERM with exit code 0, or when its
    /// parent is gone. Programs come by [`Container::exec`](crate::Container::exec). The `process`
    /// of the specification may be left out; of it only `oomScoreAdj` holds for the loop.
    Reaper,
}

/// Where a process reads from and writes to.
#[derive(Debug)]
pub enum ProcessIo {
    /// Given descriptors; what is not given is `/dev/null`.
    Fds {
        /// Standard input.
        stdin: Option<OwnedFd>,
        /// Standard output.
        stdout: Option<OwnedFd>,
        /// Standard error.
        stderr: Option<OwnedFd>,
    },
    /// A new terminal of the container's own devpts. Its controlling end is
    /// [`Spawned::console`]. For the init process it is `/dev/console` too.
    Terminal {
        /// Rows; with zero columns the size is `process.consoleSize`, or as the kernel has it.
        height: u16,
        /// Columns.
        width: u16,
    },
}

impl ProcessIo {
    /// All three streams are `/dev/null`.
    #[must_use]
    pub fn null() -> Self {
        Self::Fds { stdin: None, stdout: None, stderr: None }
    }
}

/// What [`create`](crate::create) makes.
#[derive(Debug)]
pub struct CreateOptions<'a> {
    /// The container's id, for the state that hooks read.
    pub id: String,
    /// The bundle's directory; relative paths of the specification begin there.
    pub bundle: PathBuf,
    /// The specification. `linux.resources` and `linux.cgroupsPath` are the caller's to apply.
    pub spec: Spec,
    /// The root file system.
    pub rootfs: RootFs,
    /// The first process.
    pub init: Init,
    /// The streams of the first process when it is [`Init::Process`].
    pub io: ProcessIo,
    /// The control group, made and limited by the caller, that the container's processes are put
    /// into.
    pub cgroup: Option<&'a cgroup::Group>,
    /// Descriptors that the first process gets as 3, 4 and so on.
    pub preserve_fds: Vec<OwnedFd>,
    /// Uses `chroot` instead of `pivot_root`: needed where the host's root is an initial ramdisk,
    /// and less tight.
    pub no_pivot: bool,
}

impl<'a> CreateOptions<'a> {
    /// A container of a bundle with the usual choices: the specification's root directory and
    /// program, no input and output, no control group.
    #[must_use]
    pub fn new(id: impl Into<String>, bundle: impl Into<PathBuf>, spec: Spec) -> Self {
        Self {
            id: id.into(),
            bundle: bundle.into(),
            spec,
            rootfs: RootFs::Spec,
            init: Init::Process,
            io: ProcessIo::null(),
            cgroup: None,
            preserve_fds: Vec::new(),
            no_pivot: false,
        }
    }
}

/// A process in a container. It is a child of the process that made it, which reaps it with
/// [`wait`](crate::wait) once the descriptor polls as readable.
#[derive(Debug)]
pub struct Spawned {
    /// The process id as the maker sees it.
    pub pid: u32,
    /// Refers to the process whatever becomes of its id.
    pub pidfd: OwnedFd,
    /// When it started, in clock ticks since boot: field 22 of `/proc/PID/stat`. With the id it
    /// names the process for as long as the machine runs.
    pub start_time: u64,
    /// The controlling end of its terminal, when it has one.
    pub console: Option<OwnedFd>,
}

impl ProcessIo {
    /// The same with the process's own `consoleSize` where the caller gives none.
    pub(crate) fn with_size_of(self, process: Option<&Process>) -> Result<Self, Error> {
        let wanted = process.and_then(|process| process.console_size());
        match (self, wanted) {
            (Self::Terminal { width: 0, .. }, Some(size)) => {
                let fits = |value: u64| {
                    let reason = format!("{value} is above 65535");
                    u16::try_from(value).map_err(|_| Error::invalid("process.consoleSize", reason))
                };
                Ok(Self::Terminal { height: fits(size.height())?, width: fits(size.width())? })
            }
            (io, _) => Ok(io),
        }
    }

    /// The descriptors that a child needs from here.
    pub(crate) fn raw(&self) -> impl Iterator<Item = RawFd> {
        use std::os::fd::AsRawFd as _;
        let fds = match self {
            Self::Fds { stdin, stdout, stderr } => [stdin, stdout, stderr].map(Option::as_ref),
            Self::Terminal { .. } => [None; 3],
        };
        fds.into_iter().flatten().map(|fd| fd.as_raw_fd())
    }
}
