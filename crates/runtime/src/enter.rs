//! Entering the name spaces of a running container, and what is done there: programs and mounts.

use std::convert::Infallible;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::Path;

use oci_spec::runtime::{ContainerState, Process};
use rustix::fs::{Mode, OFlags};

use crate::attend::{Attendant, Done};
use crate::child::{self, Preserved};
use crate::console;
use crate::container::{Container, check_single_threaded};
use crate::error::{At, Error};
use crate::filter::Filter;
use crate::launch::{Launch, Place};
use crate::mount_options::{Propagation, attr};
use crate::mounts::{attach, clone_tree};
use crate::namespaces::kind;
use crate::options::{ProcessIo, Spawned};
use crate::path::{self, Kind};
use crate::sync::{Channel, Tag};
use crate::sys::{self, MountAttr, Side};
use crate::{masks, plan, wait};

impl Container {
    /// Runs a program in the container, as a child of the calling process.
    ///
    /// The process is put into `cgroup`, gets `preserve_fds` as 3, 4 and so on, and the seccomp
    /// filter and personality of the container's specification.
    ///
    /// # Errors
    ///
    /// [`Error::Exec`] when the program can't be executed, [`Error::User`] when the user can't be
    /// taken on, and the errors of [`create`](crate::create). Nothing is left of the process then,
    /// neither a zombie nor a descriptor.
    pub fn exec(
        &self,
        process: &Process,
        io: ProcessIo,
        cgroup: Option<&cgroup::Group>,
        preserve_fds: Vec<OwnedFd>,
    ) -> Result<Spawned, Error> {
        check_single_threaded()?;
        self.check_running()?;
        let io = io.with_size_of(Some(process))?;
        let in_user_namespace = self.kinds & kind::USER != 0;
        let place = Place {
            in_user_namespace,
            allow_setgroups: self.maps.is_empty() || self.maps.allow_setgroups(),
            is_exec: true,
        };
        let mut warnings = Vec::new();
        let launch = Launch::prepare(process, self.spec.linux().as_ref(), place, &mut warnings)?;
        let join = Join {
            container: self,
            launch: &launch,
            io: &io,
            cgroup,
            preserve_fds: &preserve_fds,
            proc: plan::host_proc()?,
            null: masks::host_null()?,
        };
        let (ours, theirs) = Channel::pair().at("process", "make a channel")?;
        let group = cgroup.and_then(cgroup::Group::unified_dir);
        // An affinity for the time before the group is set in between.
        let group = group.filter(|_| launch.schedule.initial.is_none());
        // SAFETY: check_single_threaded() has made sure of it.
        let child = match unsafe { sys::clone(0, group) }.at("process", "make a process")? {
            Side::Child => child::run(theirs, preserve_fds.len(), |channel| join.run(channel)),
            Side::Parent(child) => child,
        };
        drop(theirs);
        let mut attendant = Attendant::new(ours, child, None);
        attendant.listener = launch.filter.as_ref().and_then(Filter::listener).cloned();
        let done = attendant.serve(|_| Ok(()), |_| self.state_json(ContainerState::Running))?;
        if done == Done::Ready {
            return Err(attendant.died("exec"));
        }
        let start_time = wait::start_time(attendant.pid()).at("process", "look at the process")?;
        let console = attendant.console.take();
        let (child, _) = attendant.release()?;
        Ok(Spawned { pid: child.pid, pidfd: child.pidfd, start_time, console })
    }

    /// Shows a file or directory of the host, with what is mounted below, in the running
    /// container. What is missing of `destination` is made; symlinks of the container lead nowhere
    /// outside it.
    ///
    /// # Errors
    ///
    /// When the host's file is not there, the destination can't be made, or the kernel refuses the
    /// mount, which it does without privileges.
    pub fn mount_bind(
        &self,
        host: &Path,
        destination: &Path,
        read_only: bool,
    ) -> Result<(), Error> {
        check_single_threaded()?;
        let name = |what: &str| ("mount".to_owned(), format!("{what} {}", host.display()));
        let tree = clone_tree(host, true).at_with(|| name("open"))?;
        let separate = Propagation { kind: libc::MS_PRIVATE, recursive: true };
        sys::mount_setattr(tree.as_fd(), true, &separate.attr()).at_with(|| name("separate"))?;
        if read_only {
            let change = MountAttr { set: attr::RDONLY, ..MountAttr::default() };
            sys::mount_setattr(tree.as_fd(), true, &change).at_with(|| name("make read-only"))?;
        }
        let is_directory = path::is_directory(&tree).at_with(|| name("look at"))?;
        let kind = if is_directory { Kind::Directory } else { Kind::File };
        self.inside(|root| {
            let target = path::ensure(root, destination, kind).at_with(|| {
                ("mount".into(), format!("make {} in the container", destination.display()))
            })?;
            attach(tree.as_fd(), target.as_fd())
                .at_with(|| ("mount".into(), format!("mount on {}", destination.display())))
        })
    }

    /// Takes the topmost mount at a place of the running container away, as soon as nobody uses
    /// it; it is not seen from now on.
    ///
    /// # Errors
    ///
    /// When nothing is mounted there.
    pub fn unmount(&self, destination: &Path) -> Result<(), Error> {
        check_single_threaded()?;
        let proc = plan::host_proc()?;
        let name = |what: &str| ("unmount".to_owned(), format!("{what} {}", destination.display()));
        self.inside(|root| {
            let target = path::find(root, destination).at_with(|| name("find"))?;
            // By number, below the host's /proc: nobody can put something else in its way.
            rustix::process::fchdir(&proc).at_with(|| name("reach"))?;
            let link = std::ffi::CString::new(format!("self/fd/{}", target.as_raw_fd()))
                .map_err(|_| Error::State("a number has no zero byte".into()))?;
            sys::detach(&link, true).at_with(|| name("unmount"))
        })
    }

    /// The container's root as its processes see it, by a short-lived process that enters it:
    /// where `/proc/PID/root` is closed to its maker, as it is without privileges.
    ///
    /// # Errors
    ///
    /// When the container has ended.
    pub fn root(&self) -> Result<OwnedFd, Error> {
        check_single_threaded()?;
        let (ours, theirs) = Channel::pair().at("process", "make a channel")?;
        self.inside(|root| {
            theirs.send_fd(Tag::Root, &[], root).at("process", "hand the container's root out")
        })?;
        let message = ours.receive().at("process", "take the container's root")?;
        let root = message.and_then(|message| message.fd);
        root.ok_or_else(|| Error::State("the container's root has not come".into()))
    }

    /// Does something with the container's mounts in a short-lived process. `work` gets the
    /// container's root.
    fn inside(&self, work: impl Fn(BorrowedFd<'_>) -> Result<(), Error>) -> Result<(), Error> {
        if let Err(Error::State(reason)) = self.check_running() {
            return Err(Error::State(reason));
        }
        let (ours, theirs) = Channel::pair().at("process", "make a channel")?;
        // SAFETY: the callers have made sure that the process has one thread.
        let child = match unsafe { sys::clone(0, None) }.at("process", "make a process")? {
            Side::Child => child::run(theirs, 0, |_| {
                self.enter(kind::USER | kind::MOUNT)?;
                work(root()?.as_fd())?;
                sys::exit_now(0)
            }),
            Side::Parent(child) => child,
        };
        drop(theirs);
        let mut attendant = Attendant::new(ours, child, None);
        attendant.serve(|_| Ok(()), |_| Ok(String::new()))?;
        match attendant.died("a change of mounts") {
            Error::Died { reason, .. } if reason == "exit code 0" => Ok(()),
            error => Err(error),
        }
    }

    /// Enters those of the given kinds of name spaces that the container has.
    fn enter(&self, kinds: u64) -> Result<(), Error> {
        let wanted = self.kinds & kinds;
        sys::set_blocked_signals(true);
        sys::die_with_parent().at("process", "tie the process to its parent")?;
        // What is in there must not look into this process, a copy of its maker.
        sys::set_dumpable(false).at("process", "hide the process")?;
        if self.namespaces.is_empty() {
            sys::setns(self.pidfd(), wanted).at("process", "enter the container")?;
        } else {
            for (kind, fd) in self.namespaces.iter().filter(|(kind, _)| wanted & kind != 0) {
                sys::setns(fd.as_fd(), *kind).at("process", "enter the container")?;
            }
        }
        if wanted & kind::USER != 0 {
            child::become_namespace_root()?;
            sys::set_dumpable(false).at("process", "hide the process")?;
        }
        Ok(())
    }
}

/// The root of the name space that the process has entered.
fn root() -> Result<OwnedFd, Error> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::open("/", flags, Mode::empty()).at("process", "open the container's root")
}

/// A program that joins a container.
struct Join<'a> {
    container: &'a Container,
    launch: &'a Launch,
    io: &'a ProcessIo,
    cgroup: Option<&'a cgroup::Group>,
    preserve_fds: &'a [OwnedFd],
    proc: OwnedFd,
    null: OwnedFd,
}

impl Join<'_> {
    fn run(&self, channel: &Channel) -> Result<Infallible, Error> {
        self.launch.schedule.apply_initial()?;
        child::enter_cgroup(self.cgroup, self.launch.schedule.initial.is_none())?;
        child::set_oom_score(self.launch.oom_score_adj, &self.proc)?;
        sys::close_range(3, u32::MAX, true).at("process", "mark descriptors")?;
        let preserved = Preserved::prepare(self.preserve_fds)?;
        let proc = &child::out_of_the_way(&self.proc, self.preserve_fds.len())?;
        self.container.enter(u64::MAX)?;
        child::succeed(channel, 0)?;
        child::lead_session()?;
        let root = root()?;
        let uid = self.launch.uid;
        console::attach_streams(self.io, root.as_fd(), &self.null, uid, false, channel)?;
        if let Some(domain) = self.container.spec.linux().as_ref().and_then(plan::personality) {
            sys::personality(domain).at("linux.personality", "set the domain")?;
        }
        self.launch.become_user()?;
        preserved.place()?;
        self.launch.execute(channel, proc)
    }
}
