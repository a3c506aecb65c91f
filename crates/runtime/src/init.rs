//! The first process of a container: it sets everything up from the inside, and waits.

use std::convert::Infallible;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::Path;

use oci_spec::runtime::ContainerState;
use rustix::event::{PollFd, PollFlags, poll};

use crate::child::{self, Preserved};
use crate::console;
use crate::error::{At, Error};
use crate::launch::Launch;
use crate::mounts::Setting;
use crate::namespaces::{self, kind};
use crate::options::{CreateOptions, Init, ProcessIo};
use crate::path::{self, Kind};
use crate::plan::Plan;
use crate::sync::{Channel, Tag};
use crate::{capabilities, devices, hooks, masks, network, reaper, rootfs, state, sys, sysctl};

/// The name spaces that the first clone makes. The control group's comes later, when the process
/// is in its group; with a stage all of them come later.
pub(crate) fn clone_flags(plan: &Plan) -> u64 {
    if plan.namespaces.need_stage() { 0 } else { plan.namespaces.new & !kind::CGROUP }
}

/// The life of the process up to its program, or its end.
pub(crate) fn run(plan: &Plan, options: &CreateOptions<'_>, channel: Channel) -> ! {
    child::run(channel, options.preserve_fds.len(), |channel| set_up(plan, options, channel))
}

fn set_up(
    plan: &Plan,
    options: &CreateOptions<'_>,
    channel: &Channel,
) -> Result<Infallible, Error> {
    sys::set_blocked_signals(true);
    sys::die_with_parent().at("process", "tie the process to its parent")?;
    child::enter_cgroup(options.cgroup, true)?;
    child::set_oom_score(plan.oom_score_adj, &plan.proc)?;
    if plan.launch.is_none() {
        // With the reaper all of the container would end, for the sake of its
        // little memory. Where its maker may not ask for that, it stays as it is.
        let _ = child::set_oom_score(Some(-999), &plan.proc);
    }
    let preserved = Preserved::prepare(&options.preserve_fds)?;
    let proc = &child::out_of_the_way(&plan.proc, options.preserve_fds.len())?;
    let mut keep = plan.descriptors();
    keep.extend(options.io.raw().chain(preserved.raw()));
    keep.extend([channel.as_fd().as_raw_fd(), proc.as_raw_fd()]);
    child::close_others(keep)?;
    enter_namespaces(plan, channel)?;
    child::lead_session()?;
    set_names(options)?;
    if plan.namespaces.is_new(kind::NETWORK) {
        network::loopback_up()?;
    }
    sysctl::apply(&plan.sysctl, proc)?;
    set_up_files(plan, options, channel)?;
    if let Some(domain) = plan.personality() {
        sys::personality(domain).at("linux.personality", "set the domain")?;
    }
    match (&plan.launch, options.init) {
        (Some(launch), Init::Process) => {
            launch.become_user()?;
            wait_for_start(channel)?;
            start_hooks(plan, options, proc, Some(launch))?;
            preserved.place()?;
            launch.execute(channel, proc)
        }
        _ => {
            send_namespaces(plan, proc, channel)?;
            capabilities::drop_all()?;
            reaper::hide(proc)?;
            reaper::run(channel, || start_hooks(plan, options, proc, None))
        }
    }
}

fn enter_namespaces(plan: &Plan, channel: &Channel) -> Result<(), Error> {
    let namespaces = &plan.namespaces;
    let is_user_new = namespaces.is_new(kind::USER);
    if !is_user_new || rustix::process::geteuid().is_root() {
        // Who is in there must not look into this process, a copy of its maker.
        sys::set_dumpable(false).at("process", "hide the process")?;
    }
    if namespaces.need_stage() {
        namespaces.join()?;
        if is_user_new {
            sys::unshare(kind::USER).at("linux.namespaces", "make a user name space")?;
            // The parent may write the maps only of a process it may look into.
            sys::set_dumpable(true).at("process", "show the process")?;
            get_mapped(channel)?;
        }
        if namespaces.is_new(kind::TIME) {
            make_time_namespace(plan)?;
        }
        let rest = namespaces.new & !(kind::USER | kind::TIME | kind::CGROUP);
        child::succeed(channel, rest)?;
    } else {
        if is_user_new {
            get_mapped(channel)?;
        }
        namespaces.join()?;
    }
    if plan.in_user_namespace {
        child::become_namespace_root()?;
    }
    sys::set_dumpable(false).at("process", "hide the process")?;
    if namespaces.is_new(kind::CGROUP) {
        sys::unshare(kind::CGROUP).at("linux.namespaces", "make a cgroup name space")?;
    }
    if channel.is_closed() {
        return Err(Error::State("the parent is gone".into()));
    }
    Ok(())
}

fn get_mapped(channel: &Channel) -> Result<(), Error> {
    let field = "linux.uidMappings";
    channel.send(Tag::Map).at(field, "ask for the maps")?;
    channel.expect(Tag::Go).at(field, "wait for the maps")
}

/// A time name space takes its offsets before its first process.
fn make_time_namespace(plan: &Plan) -> Result<(), Error> {
    sys::unshare(kind::TIME).at("linux.namespaces", "make a time name space")?;
    for (clock, offset) in plan.linux.time_offsets().iter().flatten() {
        let (seconds, nanoseconds) = (offset.secs().unwrap_or(0), offset.nanosecs().unwrap_or(0));
        let line = format!("{clock} {seconds} {nanoseconds}\n");
        let field = format!("linux.timeOffsets.{clock}");
        child::write_proc(&plan.proc, "self/timens_offsets", &line, &field)?;
    }
    Ok(())
}

fn set_names(options: &CreateOptions<'_>) -> Result<(), Error> {
    if let Some(name) = options.spec.hostname() {
        rustix::system::sethostname(name.as_bytes()).at("hostname", "set the name")?;
    }
    if let Some(name) = options.spec.domainname() {
        rustix::system::setdomainname(name.as_bytes()).at("domainname", "set the name")?;
    }
    Ok(())
}

/// From the host's files to the container's.
fn set_up_files(plan: &Plan, options: &CreateOptions<'_>, channel: &Channel) -> Result<(), Error> {
    rustix::process::umask(rustix::fs::Mode::empty());
    let is_shared = plan.is_shared();
    rootfs::separate(is_shared)?;
    let root = plan.root.mount(plan.propagation, plan.in_user_namespace)?;
    let root = root.as_fd();
    let setting = Setting {
        namespaces: &plan.namespaces,
        maps: &plan.maps,
        label: plan.linux.mount_label().as_deref(),
        is_slave: !is_shared,
        proc: &plan.proc,
    };
    plan.mounts.iter().try_for_each(|mount| mount.make(root, setting))?;
    if let Some(devices) = &plan.devices {
        devices::make(root, devices, plan.in_user_namespace)?;
    }
    let null = masks::null_mount(root)?;
    let uid = plan.launch.as_ref().map_or(0, |launch| launch.uid);
    let none = ProcessIo::null();
    let io = if plan.launch.is_some() { &options.io } else { &none };
    let streams_null = reopen_null(root, &plan.null)?;
    console::attach_streams(io, root, &streams_null, uid, true, channel)?;
    creation_hooks(plan, options, channel)?;
    if let Some(launch) = &plan.launch {
        make_cwd(root, launch);
    }
    rootfs::pivot(root, options.no_pivot)?;
    masks::make_read_only(root, plan.linux.readonly_paths())?;
    masks::mask(root, plan.linux.masked_paths(), null)?;
    let read_only = options.spec.root().as_ref().and_then(|root| root.readonly());
    rootfs::finish(root, read_only.unwrap_or(false), plan.propagation)
}

/// The null device open for reading and writing, the container's own if it has one.
fn reopen_null(root: BorrowedFd<'_>, host: &OwnedFd) -> Result<OwnedFd, Error> {
    let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY;
    let found = path::find(root, Path::new("/dev/null")).ok().filter(|fd| masks::is_null(fd));
    match found.and_then(|_| path::open(root, Path::new("/dev/null"), flags).ok()) {
        Some(own) if masks::is_null(&own) => Ok(own),
        _ => host.try_clone().at("/dev/null", "duplicate"),
    }
}

/// A working directory that is missing is made; one that can't be made is told when it is entered.
fn make_cwd(root: BorrowedFd<'_>, launch: &Launch) {
    let cwd = Path::new(std::ffi::OsStr::new(launch.cwd().to_str().unwrap_or("/")));
    let _ = path::ensure(root, cwd, Kind::Directory);
}

#[allow(deprecated, reason = "prestart hooks are still part of the specification")]
fn creation_hooks(
    plan: &Plan,
    options: &CreateOptions<'_>,
    channel: &Channel,
) -> Result<(), Error> {
    let Some(all) = options.spec.hooks() else { return Ok(()) };
    if all.prestart().is_some() || all.create_runtime().is_some() {
        channel.send(Tag::Hooks).at("hooks", "ask for the runtime's hooks")?;
        channel.expect(Tag::Go).at("hooks", "wait for the runtime's hooks")?;
    }
    if all.create_container().is_none() {
        return Ok(());
    }
    let state = own_state(options, &plan.proc, ContainerState::Creating)?;
    hooks::run("createContainer", all.create_container(), &state, || Ok(()))
}

fn start_hooks(
    _plan: &Plan,
    options: &CreateOptions<'_>,
    proc: &OwnedFd,
    launch: Option<&Launch>,
) -> Result<(), Error> {
    let hooks = options.spec.hooks().as_ref().and_then(|all| all.start_container().as_ref());
    let Some(hooks) = hooks else { return Ok(()) };
    let state = own_state(options, proc, ContainerState::Created)?;
    // The program may be the image's: it gets no more rights than the user's.
    hooks::run("startContainer", &Some(hooks.clone()), &state, || {
        launch.map_or(Ok(()), Launch::drop_to_final)
    })
}

/// The state with the process id that the maker sees.
fn own_state(
    options: &CreateOptions<'_>,
    proc: &OwnedFd,
    status: ContainerState,
) -> Result<String, Error> {
    let link = rustix::fs::readlinkat(proc, "self", Vec::new()).at("hooks", "read the own id")?;
    let pid = link.to_str().ok().and_then(|pid| pid.parse().ok()).unwrap_or(0);
    state::json(&options.id, &options.bundle, &options.spec, status, pid)
}

/// Says that all is ready, and waits. Meanwhile a signal that would end any other process ends
/// this one too, though the kernel spares the first process of a name space.
fn wait_for_start(channel: &Channel) -> Result<(), Error> {
    let signals = sys::signalfd().at("process", "watch signals")?;
    channel.send(Tag::Ready).at("process", "report readiness")?;
    loop {
        let mut fds = [PollFd::new(channel, PollFlags::IN), PollFd::new(&signals, PollFlags::IN)];
        match poll(&mut fds, None) {
            Err(rustix::io::Errno::INTR) => continue,
            other => other.at("process", "wait for the start")?,
        };
        let (is_told, is_signalled) = (!fds[0].revents().is_empty(), !fds[1].revents().is_empty());
        if is_signalled && let Some(number) = reaper::read_signal(&signals) {
            let harmless = [libc::SIGCHLD, libc::SIGURG, libc::SIGWINCH, libc::SIGCONT];
            let stops = [libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];
            if !harmless.contains(&number) && !stops.contains(&number) {
                sys::exit_now(128 + number);
            }
        }
        if is_told {
            return channel.expect(Tag::Start).at("process", "wait for the start");
        }
    }
}

/// Without privileges the parent can't enter the name spaces of a process that hides, so it is
/// given them.
fn send_namespaces(plan: &Plan, proc: &OwnedFd, channel: &Channel) -> Result<(), Error> {
    if !plan.in_user_namespace {
        return Ok(());
    }
    let all = plan.namespaces.all();
    for (kind, file) in namespaces::FILES.iter().filter(|(kind, _)| all & kind != 0) {
        let path = format!("self/ns/{file}");
        let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC;
        let fd = rustix::fs::openat(proc, &path, flags, rustix::fs::Mode::empty())
            .at_with(|| ("linux.namespaces".into(), format!("open /proc/{path}")))?;
        channel
            .send_fd(Tag::Namespace, &kind.to_le_bytes(), fd.as_fd())
            .at("linux.namespaces", "hand over")?;
    }
    Ok(())
}
