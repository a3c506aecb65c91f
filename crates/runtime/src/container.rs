//! The life of a container, as its maker sees it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;

use oci_spec::runtime::{ContainerState, Hooks, Spec};

use crate::attend::{Attendant, Done};
use crate::error::{At, Error};
use crate::filter::Listener;
use crate::idmap::IdMaps;
use crate::namespaces::kind;
use crate::options::{CreateOptions, Init, Spawned};
use crate::plan::Plan;
use crate::sync::{Channel, Tag};
use crate::sys::{self, Side};
use crate::{hooks, init, state, wait};

/// A container whose first process is a child of the calling process.
///
/// Dropping it ends a container that was not started, and one with [`Init::Reaper`].
#[derive(Debug)]
pub struct Container {
    pub(crate) id: String,
    pub(crate) bundle: PathBuf,
    pub(crate) spec: Spec,
    pub(crate) init: Spawned,
    /// All kinds of name spaces that it does not share with its maker.
    pub(crate) kinds: u64,
    /// The name spaces themselves, where the first process does not let its maker in.
    pub(crate) namespaces: Vec<(u64, OwnedFd)>,
    pub(crate) maps: IdMaps,
    kind: Init,
    /// Leads to the first process: until the start, or with the reaper always.
    channel: Option<Channel>,
    listener: Option<Listener>,
    warnings: Vec<String>,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Created,
    Started,
    Ended,
}

/// Makes a container: all name spaces, the root file system, everything that the specification
/// says. Its first process waits for [`Container::start`].
///
/// Nothing is mounted on the host. A failure leaves nothing but directories that were made in the
/// root file system as places for mounts.
///
/// # Errors
///
/// [`Error::Invalid`] and [`Error::Unsupported`] for what the specification may not or can't ask
/// for, [`Error::Kernel`] with the field whose turn it was, [`Error::Hook`], [`Error::User`], and
/// [`Error::State`] when the calling process has more than one thread.
pub fn create(mut options: CreateOptions<'_>) -> Result<Container, Error> {
    check_single_threaded()?;
    options.io = options.io.with_size_of(options.spec.process().as_ref())?;
    let plan = Plan::prepare(&options)?;
    let (ours, theirs) = Channel::pair().at("process", "make a channel")?;
    let group = options.cgroup.and_then(cgroup::Group::unified_dir);
    // SAFETY: check_single_threaded() has made sure of it.
    let side = unsafe { sys::clone(init::clone_flags(&plan), group) };
    let child = match side.at("linux.namespaces", clone_operation(&plan))? {
        Side::Child => init::run(&plan, &options, theirs),
        Side::Parent(child) => child,
    };
    drop(theirs);
    let maps = plan.namespaces.is_new(kind::USER).then_some(&plan.maps);
    let mut attendant = Attendant::new(ours, child, maps);
    let state = |pid| {
        let CreateOptions { id, bundle, spec, .. } = &options;
        state::json(id, bundle, spec, ContainerState::Creating, pid)
    };
    let done = attendant.serve(|pid| runtime_hooks(&options.spec, &state(pid)?), state)?;
    if done == Done::Closed {
        return Err(attendant.died("create"));
    }
    let start_time =
        wait::start_time(attendant.pid()).at("process", "look at the container's process")?;
    let console = attendant.console.take();
    let namespaces = std::mem::take(&mut attendant.namespaces);
    let (child, channel) = attendant.release()?;
    let Plan { launch, warnings, namespaces: planned, maps, .. } = plan;
    let filter = launch.and_then(|launch| launch.filter);
    Ok(Container {
        id: options.id,
        bundle: options.bundle,
        spec: options.spec,
        init: Spawned { pid: child.pid, pidfd: child.pidfd, start_time, console },
        kinds: planned.all(),
        namespaces,
        maps,
        kind: options.init,
        channel: Some(channel),
        listener: filter.and_then(|filter| filter.listener().cloned()),
        warnings,
        stage: Stage::Created,
    })
}

fn clone_operation(plan: &Plan) -> &'static str {
    if plan.namespaces.is_new(kind::USER) {
        "make the container's process (are user name spaces allowed here?)"
    } else {
        "make the container's process"
    }
}

#[allow(deprecated, reason = "prestart hooks are still part of the specification")]
fn runtime_hooks(spec: &Spec, state: &str) -> Result<(), Error> {
    let Some(all) = spec.hooks() else { return Ok(()) };
    hooks::run("prestart", all.prestart(), state, || Ok(()))?;
    hooks::run("createRuntime", all.create_runtime(), state, || Ok(()))
}

/// A copy of a process with several threads may hang on locks that the others held.
pub(crate) fn check_single_threaded() -> Result<(), Error> {
    let tasks = rustix::fs::stat("/proc/self/task").at("process", "count the own threads")?;
    // A directory has two links and one for each directory in it.
    if tasks.st_nlink == 3 {
        return Ok(());
    }
    Err(Error::State("containers can only be made and entered by a process with one thread".into()))
}

impl Container {
    /// The first process.
    #[must_use]
    pub fn init(&self) -> &Spawned {
        &self.init
    }

    /// Takes the controlling end of the first process's terminal.
    #[must_use]
    pub fn take_console(&mut self) -> Option<OwnedFd> {
        self.init.console.take()
    }

    /// The specification that the container was made from.
    #[must_use]
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// What of the specification is not as asked for, where the OCI specification wants that told
    /// rather than refused: capabilities that the runtime does not have itself.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The state as the OCI specification writes it, in JSON.
    ///
    /// # Errors
    ///
    /// When the state can't be written as JSON.
    pub fn state_json(&self, status: ContainerState) -> Result<String, Error> {
        state::json(&self.id, &self.bundle, &self.spec, status, self.init.pid)
    }

    /// Runs the startContainer hooks, executes the program and runs the poststart hooks.
    ///
    /// # Errors
    ///
    /// [`Error::Exec`] when the program can't be executed; [`Error::Hook`]; [`Error::State`] when
    /// the container was started before. After any error but the last the first process has ended
    /// and is reaped.
    pub fn start(&mut self) -> Result<(), Error> {
        if self.stage != Stage::Created {
            let what =
                if self.stage == Stage::Started { "is started already" } else { "has ended" };
            return Err(Error::State(format!("container {} {what}", self.id)));
        }
        let started = self.start_init().and_then(|()| {
            self.stage = Stage::Started;
            let hooks = self.hooks().and_then(|all| all.poststart().as_ref());
            let Some(hooks) = hooks else { return Ok(()) };
            let state = self.state_json(ContainerState::Running)?;
            hooks::run("poststart", &Some(hooks.clone()), &state, || Ok(()))
        });
        if started.is_err() {
            self.end();
        }
        started
    }

    fn start_init(&mut self) -> Result<(), Error> {
        let channel = self.channel.take();
        let channel = channel.ok_or_else(|| Error::State("the container has no channel".into()))?;
        if channel.send(Tag::Start).is_err() {
            let reason = match wait::wait(&self.init.pidfd) {
                Ok(Some(status)) => {
                    self.stage = Stage::Ended;
                    status.to_string()
                }
                _ => "it does not listen".into(),
            };
            return Err(Error::Died { during: "the wait for its start".into(), reason });
        }
        loop {
            let message = channel.receive().at("process", "listen to the first process")?;
            let Some(message) = message else {
                // A program that is executed closes the channel; the reaper never does.
                return if self.kind == Init::Process {
                    Ok(())
                } else {
                    let reason = "its channel is closed".into();
                    Err(Error::Died { during: "start".into(), reason })
                };
            };
            match (message.tag, message.fd) {
                (Tag::Failed, _) => return Err(Error::decode(&message.bytes)),
                (Tag::Ready, _) => {
                    self.channel = Some(channel);
                    return Ok(());
                }
                (Tag::Listener, Some(fd)) => {
                    if let Some(listener) = &self.listener {
                        let state = self.state_json(ContainerState::Created)?;
                        listener.deliver(fd, self.init.pid, &state)?;
                    }
                    channel.send(Tag::Go).at("linux.seccomp", "answer the first process")?;
                }
                _ => {
                    let reason = "it sent what nobody asked for".into();
                    return Err(Error::Died { during: "start".into(), reason });
                }
            }
        }
    }

    fn end(&mut self) {
        if self.stage != Stage::Ended {
            wait::kill_and_reap(&self.init.pidfd);
            self.stage = Stage::Ended;
        }
        self.channel = None;
    }

    fn hooks(&self) -> Option<&Hooks> {
        self.spec.hooks().as_ref()
    }

    /// Ends the first process if it has not ended, and with it, where the container has a process
    /// id name space, all others; reaps it if the caller has not; runs the poststop hooks. Mounts
    /// and name spaces end with the processes.
    ///
    /// # Errors
    ///
    /// The first [`Error::Hook`]; the other hooks are run all the same, and the container is gone.
    pub fn delete(mut self) -> Result<(), Error> {
        self.end();
        let hooks = self.hooks().and_then(|all| all.poststop().as_ref());
        let Some(hooks) = hooks else { return Ok(()) };
        let state = self.state_json(ContainerState::Stopped)?;
        let mut result = Ok(());
        for (place, hook) in hooks.iter().enumerate() {
            let name = format!("poststop[{place}]");
            let one = hooks::run("poststop", &Some(vec![hook.clone()]), &state, || Ok(()));
            let one = one.map_err(|error| match error {
                Error::Hook { reason, .. } => Error::Hook { hook: name, reason },
                other => other,
            });
            result = result.and(one);
        }
        result
    }

    pub(crate) fn pidfd(&self) -> BorrowedFd<'_> {
        self.init.pidfd.as_fd()
    }

    /// Whether the first process has executed its program or is the reaper.
    pub(crate) fn check_running(&self) -> Result<(), Error> {
        let what = match (self.stage, self.kind) {
            (Stage::Ended, _) => "has ended",
            (Stage::Created, Init::Process) => "is not started",
            _ => return Ok(()),
        };
        Err(Error::State(format!("container {} {what}", self.id)))
    }
}
