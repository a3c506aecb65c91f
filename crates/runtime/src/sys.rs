//! System calls that rustix does not have.

use std::ffi::{CStr, c_void};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

/// Turns a system call's result into a value or the error that it set.
fn check(result: libc::c_long) -> io::Result<libc::c_long> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// Takes ownership of a descriptor that a system call returned.
fn owned(result: libc::c_long) -> io::Result<OwnedFd> {
    let raw = RawFd::try_from(check(result)?).map_err(io::Error::other)?;
    // SAFETY: the kernel just made this descriptor for the call, so nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(raw) })
}

/// A process that [`clone`] made.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) pid: u32,
    pub(crate) pidfd: OwnedFd,
}

/// Which of the two processes returned from [`clone`].
pub(crate) enum Side {
    Parent(Child),
    Child,
}

/// Copies the process, as `fork` does, with `clone3` flags (name spaces, `CLONE_PARENT`), into a
/// cgroup v2 directory when one is given.
///
/// # Safety
///
/// The process must have one thread: in the copy of one with several, locks of the others stay
/// locked for ever.
pub(crate) unsafe fn clone(flags: u64, cgroup: Option<BorrowedFd<'_>>) -> io::Result<Side> {
    let mut pidfd: RawFd = -1;
    // SAFETY: all fields of the kernel's structure are integers, zero asks for nothing.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = flags | libc::CLONE_PIDFD as u64;
    args.pidfd = ptr::from_mut(&mut pidfd) as u64;
    // With CLONE_PARENT the child inherits the exit signal, the kernel refuses one here.
    let inherits = flags & libc::CLONE_PARENT as u64 != 0;
    args.exit_signal = if inherits { 0 } else { libc::SIGCHLD as u64 };
    if let Some(cgroup) = cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = u64::from(cgroup.as_raw_fd().unsigned_abs());
    }
    // SAFETY: args is a valid clone_args of the size given. Without CLONE_VM the child has its own
    // copy of the memory and returns on its copy of the stack, as after fork.
    let result = unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of_val(&args)) };
    match check(result)? {
        0 => Ok(Side::Child),
        pid => Ok(Side::Parent(Child {
            pid: u32::try_from(pid).map_err(io::Error::other)?,
            // SAFETY: CLONE_PIDFD made the kernel store a new descriptor there.
            pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) },
        })),
    }
}

/// `CLONE_INTO_CGROUP` of `linux/sched.h`, which libc has as a number that overflows.
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// Ends the process at once, without destructors and exit handlers, which belong to the process
/// that this one was copied from.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: _exit has no preconditions.
    unsafe { libc::_exit(code) }
}

/// Changes of a mount's attributes, `struct mount_attr`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MountAttr {
    pub(crate) set: u64,
    pub(crate) clear: u64,
    pub(crate) propagation: u64,
    pub(crate) userns: u64,
}

/// `mount_setattr` on the mount that a descriptor refers to.
pub(crate) fn mount_setattr(
    mount: BorrowedFd<'_>,
    recursive: bool,
    attr: &MountAttr,
) -> io::Result<()> {
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    // SAFETY: the path is an empty C string and attr a mount_attr of the size given.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            flags,
            ptr::from_ref(attr),
            size_of::<MountAttr>(),
        )
    };
    check(result).map(drop)
}

/// `umount2` of a path relative to the current directory, without following a final symlink unless
/// `follow`.
pub(crate) fn detach(path: &CStr, follow: bool) -> io::Result<()> {
    let flags = libc::MNT_DETACH | if follow { 0 } else { libc::UMOUNT_NOFOLLOW };
    // SAFETY: path is a C string.
    check(libc::c_long::from(unsafe { libc::umount2(path.as_ptr(), flags) })).map(drop)
}

/// `setns` into one name space, or several of a process.
pub(crate) fn setns(fd: BorrowedFd<'_>, kinds: u64) -> io::Result<()> {
    // SAFETY: setns takes numbers only.
    let result = unsafe { libc::syscall(libc::SYS_setns, fd.as_raw_fd(), kinds) };
    check(result).map(drop)
}

/// `unshare` of name spaces (never of files or memory).
pub(crate) fn unshare(kinds: u64) -> io::Result<()> {
    // SAFETY: callers pass CLONE_NEW* flags, which leave descriptors and memory as they are.
    check(unsafe { libc::syscall(libc::SYS_unshare, kinds) }).map(drop)
}

/// The kind of name space that a descriptor refers to, as its `CLONE_NEW*` flag.
pub(crate) fn namespace_kind(fd: BorrowedFd<'_>) -> io::Result<u64> {
    const NS_GET_NSTYPE: libc::c_ulong = 0xb703;
    // SAFETY: this ioctl takes no argument.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), NS_GET_NSTYPE as _) };
    check(libc::c_long::from(result)).map(libc::c_long::unsigned_abs)
}

/// Marks all descriptors from `first` to `last` close-on-exec, or closes them.
pub(crate) fn close_range(first: u32, last: u32, on_exec: bool) -> io::Result<()> {
    let flags = if on_exec { libc::CLOSE_RANGE_CLOEXEC } else { 0 };
    // SAFETY: callers own the process: it is a copy that uses none of the descriptors again.
    check(unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) }).map(drop)
}

/// Makes `target` a copy of a descriptor that stays open on exec.
pub(crate) fn place_descriptor(fd: BorrowedFd<'_>, target: RawFd) -> io::Result<()> {
    // SAFETY: callers own the process and use nothing that was open under the target's number.
    check(libc::c_long::from(unsafe { libc::dup2(fd.as_raw_fd(), target) })).map(drop)
}

/// Gives the process a new, empty session keyring. Kernels without keyrings need none.
pub(crate) fn new_session_keyring() -> io::Result<()> {
    const KEYCTL_JOIN_SESSION_KEYRING: libc::c_long = 1;
    let none: *const libc::c_char = ptr::null();
    // SAFETY: a null name asks for an anonymous keyring.
    match check(unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, none) }) {
        Err(error) if error.raw_os_error() == Some(libc::ENOSYS) => Ok(()),
        other => other.map(drop),
    }
}

/// Sets every signal to its default action and unblocks all.
pub(crate) fn reset_signals() {
    for signal in 1..=libc::SIGRTMAX() {
        // SAFETY: SIG_DFL is no function of ours; numbers that can't be set are refused harmlessly.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    set_blocked_signals(false);
}

/// Blocks or unblocks all signals.
pub(crate) fn set_blocked_signals(blocked: bool) {
    // SAFETY: a sigset_t is plain data, set by sigemptyset or sigfillset before its use.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        if blocked {
            libc::sigfillset(&raw mut set)
        } else {
            libc::sigemptyset(&raw mut set)
        };
        libc::sigprocmask(libc::SIG_SETMASK, &raw const set, ptr::null_mut());
    }
}

/// A descriptor that reads the signals that are blocked, without waiting.
pub(crate) fn signalfd() -> io::Result<OwnedFd> {
    // SAFETY: the set is initialised by sigfillset.
    let result = unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigfillset(&raw mut set);
        libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)
    };
    owned(libc::c_long::from(result))
}

/// `sched_setattr` of the calling thread; the structure is as `linux/sched/types.h` has it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SchedAttr {
    pub(crate) size: u32,
    pub(crate) policy: u32,
    pub(crate) flags: u64,
    pub(crate) nice: i32,
    pub(crate) priority: u32,
    pub(crate) runtime: u64,
    pub(crate) deadline: u64,
    pub(crate) period: u64,
    pub(crate) util_min: u32,
    pub(crate) util_max: u32,
}

pub(crate) fn sched_setattr(attr: &SchedAttr) -> io::Result<()> {
    // SAFETY: attr holds its own size, which the kernel reads first.
    check(unsafe { libc::syscall(libc::SYS_sched_setattr, 0, ptr::from_ref(attr), 0) }).map(drop)
}

/// `ioprio_set` of the calling process.
pub(crate) fn ioprio_set(value: i32) -> io::Result<()> {
    const IOPRIO_WHO_PROCESS: libc::c_long = 1;
    // SAFETY: the call takes numbers only.
    check(unsafe { libc::syscall(libc::SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, value) }).map(drop)
}

/// `personality` of the calling process.
pub(crate) fn personality(domain: u32) -> io::Result<()> {
    // SAFETY: the call takes a number only.
    check(unsafe { libc::syscall(libc::SYS_personality, libc::c_ulong::from(domain)) }).map(drop)
}

/// `set_mempolicy`; `nodes` is a bit mask of memory nodes.
pub(crate) fn set_mempolicy(mode: i32, nodes: &[u64]) -> io::Result<()> {
    let (mask, bits) = if nodes.is_empty() {
        (ptr::null(), 0)
    } else {
        // The kernel takes one bit less than it is told.
        (nodes.as_ptr(), nodes.len() * 64 + 1)
    };
    // SAFETY: the mask has the number of bits given, or is null with none.
    check(unsafe { libc::syscall(libc::SYS_set_mempolicy, mode, mask, bits) }).map(drop)
}

/// Drops a capability from the bounding set.
pub(crate) fn drop_bounding(capability: u32) -> io::Result<()> {
    prctl(libc::PR_CAPBSET_DROP, u64::from(capability), 0)
}

/// Empties the ambient set.
pub(crate) fn clear_ambient() -> io::Result<()> {
    prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL as u64, 0)
}

/// Adds a capability to the ambient set.
pub(crate) fn raise_ambient(capability: u32) -> io::Result<()> {
    prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_RAISE as u64, u64::from(capability))
}

/// Keeps the permitted capabilities when the user changes.
pub(crate) fn keep_capabilities() -> io::Result<()> {
    prctl(libc::PR_SET_KEEPCAPS, 1, 0)
}

/// No execve gives privileges any more.
pub(crate) fn no_new_privileges() -> io::Result<()> {
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0)
}

/// The process is killed when its parent ends.
pub(crate) fn die_with_parent() -> io::Result<()> {
    prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as u64, 0)
}

/// Whether others of the same user may look into the process.
pub(crate) fn set_dumpable(dumpable: bool) -> io::Result<()> {
    prctl(libc::PR_SET_DUMPABLE, u64::from(dumpable), 0)
}

/// Orphans below become children of this process.
pub(crate) fn adopt_orphans() -> io::Result<()> {
    prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0)
}

/// Names the process.
pub(crate) fn set_name(name: &CStr) -> io::Result<()> {
    prctl(libc::PR_SET_NAME, name.as_ptr() as u64, 0)
}

/// A prctl whose arguments are numbers, or for PR_SET_NAME a C string.
fn prctl(option: i32, first: u64, second: u64) -> io::Result<()> {
    // SAFETY: the options used in this module take numbers, but for PR_SET_NAME, whose caller in
    // this module passes a C string. Unused arguments must be zero.
    check(unsafe { libc::syscall(libc::SYS_prctl, option, first, second, 0u64, 0u64) }).map(drop)
}

/// Installs a seccomp filter on the calling thread; the listener's descriptor if one was asked for.
pub(crate) fn install_filter(program: &seccomp::Program) -> io::Result<Option<OwnedFd>> {
    const SECCOMP_SET_MODE_FILTER: libc::c_long = 1;
    let length = libc::c_ushort::try_from(program.instructions.len()).map_err(io::Error::other)?;
    let filter = program.instructions.as_ptr().cast::<libc::sock_filter>().cast_mut();
    let fprog = libc::sock_fprog { len: length, filter };
    // SAFETY: Instruction is laid out as sock_filter and the kernel only reads `length` of them.
    let result = unsafe {
        libc::syscall(libc::SYS_seccomp, SECCOMP_SET_MODE_FILTER, program.flags, &raw const fprog)
    };
    if program.needs_listener { owned(result).map(Some) } else { check(result).map(|_| None) }
}

/// `execve`; returns the error when it fails. The arrays end with a null pointer.
pub(crate) fn execve(
    program: &CStr,
    args: &[*const libc::c_char],
    env: &[*const libc::c_char],
) -> io::Error {
    debug_assert!(args.last().is_some_and(|last| last.is_null()));
    debug_assert!(env.last().is_some_and(|last| last.is_null()));
    // SAFETY: program is a C string and both arrays hold C strings and end with null; CStrings
    // behind them outlive the call.
    unsafe { libc::execve(program.as_ptr(), args.as_ptr(), env.as_ptr()) };
    io::Error::last_os_error()
}

/// Sets the interface flags of `lo` so that it is up.
pub(crate) fn loopback_up(socket: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: ifreq is plain data; zero is an empty name.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    request.ifr_name[0] = b'l'.cast_signed();
    request.ifr_name[1] = b'o'.cast_signed();
    #[allow(clippy::cast_possible_truncation, reason = "both flags are below 2^15")]
    let flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    request.ifr_ifru.ifru_flags = flags;
    // SAFETY: SIOCSIFFLAGS reads an ifreq.
    let result =
        unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw const request) };
    check(libc::c_long::from(result)).map(drop)
}

/// The working directory as the kernel tells it: without a leading slash it lies outside the root.
pub(crate) fn working_directory(buffer: &mut [u8]) -> io::Result<usize> {
    let pointer = buffer.as_mut_ptr().cast::<c_void>();
    // SAFETY: the kernel writes at most buffer.len() bytes there.
    let result = unsafe { libc::syscall(libc::SYS_getcwd, pointer, buffer.len()) };
    check(result).map(|length| usize::try_from(length).unwrap_or(0))
}

/// Zeroes a part of the process's own stack, where the kernel put its arguments or environment.
pub(crate) fn erase(start: u64, end: u64) {
    let (Ok(address), Ok(length)) =
        (usize::try_from(start), usize::try_from(end.saturating_sub(start)))
    else {
        return;
    };
    if address == 0 {
        return;
    }
    let pointer: *mut u8 = ptr::with_exposed_provenance_mut(address);
    // SAFETY: the kernel's stat file gave the range, which lies on the stack above all frames,
    // mapped and writable; the strings there are not read any more by this process.
    unsafe { ptr::write_bytes(pointer, 0, length) };
}
