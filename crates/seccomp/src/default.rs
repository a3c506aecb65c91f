//! The profile of a container whose configuration names none.
//!
//! It allows the calls that Docker's and containerd's default profiles allow, as published in
//! the moby project's `profiles` repository (state of 2025), and answers all others with
//! `EPERM`. Kernels before 4.8 let a traced program change a call after the filter saw it;
//! they are not catered for, so `ptrace` is among the calls that are always allowed.

use oci_spec::runtime::{
    Arch, Capability, LinuxSeccomp, LinuxSeccompAction, LinuxSeccompArg, LinuxSeccompArgBuilder,
    LinuxSeccompOperator, LinuxSyscall,
};

const EPERM: u32 = 1;
const ENOSYS: u32 = 38;

/// The usual profile of a container.
///
/// `capabilities` are those of the container's bounding set: each opens the calls that are of
/// no use without it. The profile lists all architectures that [`crate::compile`] knows, and is
/// the same on each machine.
///
/// Programs for x86 can still make sockets of the family that it forbids (`AF_VSOCK`) through
/// `socketcall`, as with Docker: the family then lies in memory, where no filter can look.
#[must_use]
pub fn default_profile<'a>(capabilities: impl IntoIterator<Item = &'a Capability>) -> LinuxSeccomp {
    let capabilities: Vec<Capability> = capabilities.into_iter().copied().collect();
    let mut rules = vec![allow(ALWAYS.iter().copied())];
    rules.extend(WITH_ARGUMENT.iter().map(|test| allow_if(*test)));
    for (capability, names) in WITH_CAPABILITY {
        if capabilities.contains(capability) {
            rules.push(allow([*names]));
        }
    }
    if !capabilities.contains(&Capability::SysAdmin) {
        rules.push(allow_if(CLONE_WITHOUT_NAMESPACES));
        // Its flags lie in memory. Programs that see ENOSYS fall back to clone.
        let mut refuse = rule(["clone3"], LinuxSeccompAction::ScmpActErrno);
        refuse.set_errno_ret(Some(ENOSYS));
        rules.push(refuse);
    }

    let mut profile = LinuxSeccomp::default();
    profile
        .set_default_action(LinuxSeccompAction::ScmpActErrno)
        .set_default_errno_ret(Some(EPERM))
        .set_architectures(Some(vec![
            Arch::ScmpArchX86_64,
            Arch::ScmpArchX86,
            Arch::ScmpArchX32,
            Arch::ScmpArchAarch64,
            Arch::ScmpArchArm,
        ]))
        .set_syscalls(Some(rules));
    profile
}

/// A call that is allowed when its first argument passes.
type FirstArgument = (&'static str, LinuxSeccompOperator, u64);

fn allow<'a>(lists: impl IntoIterator<Item = &'a str>) -> LinuxSyscall {
    let names = lists.into_iter().flat_map(str::split_whitespace);
    rule(names, LinuxSeccompAction::ScmpActAllow)
}

fn allow_if((name, operator, value): FirstArgument) -> LinuxSyscall {
    let mut rule = allow([name]);
    rule.set_args(Some(vec![first_argument(operator, value)]));
    rule
}

fn first_argument(operator: LinuxSeccompOperator, value: u64) -> LinuxSeccompArg {
    let arg = LinuxSeccompArgBuilder::default().index(0_usize).op(operator).value(value);
    arg.build().expect("all fields of an argument have defaults")
}

fn rule<'a>(names: impl IntoIterator<Item = &'a str>, action: LinuxSeccompAction) -> LinuxSyscall {
    let mut rule = LinuxSyscall::default();
    rule.set_names(names.into_iter().map(str::to_owned).collect()).set_action(action);
    rule
}

/// Clone, when it makes none of the seven kinds of namespace that have a flag in `CLONE_NEW*`
/// (cgroup, uts, ipc, user, pid, network, mount).
const CLONE_WITHOUT_NAMESPACES: FirstArgument =
    ("clone", LinuxSeccompOperator::ScmpCmpMaskedEq, 0x7e02_0000);

const AF_VSOCK: u64 = 40;
const PER_LINUX32: u64 = 0x8;
const UNAME26: u64 = 0x2_0000;
/// The personality that asks for the present one.
const QUERY: u64 = 0xffff_ffff;

const WITH_ARGUMENT: &[FirstArgument] = &[
    ("socket", LinuxSeccompOperator::ScmpCmpNe, AF_VSOCK),
    ("personality", LinuxSeccompOperator::ScmpCmpEq, 0),
    ("personality", LinuxSeccompOperator::ScmpCmpEq, PER_LINUX32),
    ("personality", LinuxSeccompOperator::ScmpCmpEq, UNAME26),
    ("personality", LinuxSeccompOperator::ScmpCmpEq, UNAME26 | PER_LINUX32),
    ("personality", LinuxSeccompOperator::ScmpCmpEq, QUERY),
];

const WITH_CAPABILITY: &[(Capability, &str)] = &[
    (Capability::Bpf, "bpf"),
    (Capability::DacReadSearch, "open_by_handle_at"),
    (Capability::Perfmon, "perf_event_open"),
    (
        Capability::SysAdmin,
        "bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie \
         lsm_get_self_attr lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount \
         open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog \
         umount umount2 unshare",
    ),
    (Capability::SysBoot, "reboot"),
    (Capability::SysChroot, "chroot"),
    (Capability::SysModule, "delete_module finit_module init_module"),
    (Capability::SysNice, "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
    (Capability::SysPacct, "acct"),
    (Capability::SysPtrace, "kcmp pidfd_getfd process_madvise"),
    (Capability::SysRawio, "ioperm iopl"),
    (Capability::SysTime, "clock_settime clock_settime64 settimeofday stime"),
    (Capability::SysTtyConfig, "vhangup"),
    (Capability::Syslog, "syslog"),
];

const ALWAYS: &[&str] = &[
    ARCHITECTURES,
    ATTRIBUTES,
    DESCRIPTORS,
    EVENTS,
    FILES,
    IDENTITY,
    IPC,
    KEYS,
    MEMORY,
    PATHS,
    PROCESSES,
    SANDBOXING,
    SCHEDULING,
    SIGNALS,
    SOCKETS,
    SYSTEM,
    TIME,
];

/// Calls that only some architectures have and nobody else misses.
const ARCHITECTURES: &str = "arch_prctl arm_fadvise64_64 arm_sync_file_range breakpoint \
    cacheflush get_thread_area map_shadow_stack modify_ldt set_thread_area set_tls \
    sync_file_range2 uretprobe";

/// Ownership, modes, times and extended attributes.
const ATTRIBUTES: &str = "chmod chown chown32 fchmod fchmodat fchmodat2 fchown fchown32 fchownat \
    fgetxattr flistxattr fremovexattr fsetxattr futimesat getxattr getxattrat lchown lchown32 \
    lgetxattr listxattr listxattrat llistxattr lremovexattr lsetxattr removexattr removexattrat \
    setxattr setxattrat utime utimensat utimensat_time64 utimes";

/// Making, sharing and waiting for file descriptors.
const DESCRIPTORS: &str = "_newselect close close_range dup dup2 dup3 fcntl fcntl64 ioctl pipe \
    pipe2 poll ppoll ppoll_time64 pselect6 pselect6_time64 select";

/// Event queues, notification and asynchronous input and output.
const EVENTS: &str = "epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait \
    epoll_pwait2 epoll_wait epoll_wait_old eventfd eventfd2 fanotify_mark inotify_add_watch \
    inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents \
    io_pgetevents_time64 io_setup io_submit signalfd signalfd4 timerfd_create timerfd_gettime \
    timerfd_gettime64 timerfd_settime timerfd_settime64";

/// Reading and writing what is open.
const FILES: &str = "_llseek cachestat copy_file_range fadvise64 fadvise64_64 fallocate \
    fdatasync flock fsync ftruncate ftruncate64 getdents getdents64 lseek pread64 preadv preadv2 \
    pwrite64 pwritev pwritev2 read readahead readv sendfile sendfile64 splice sync \
    sync_file_range syncfs tee vmsplice write writev";

/// Users, groups, capabilities, sessions.
const IDENTITY: &str = "capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 \
    getgroups getgroups32 getpgid getpgrp getresgid getresgid32 getresuid getresuid32 getsid \
    getuid getuid32 setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups \
    setgroups32 setpgid setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid \
    setreuid32 setsid setuid setuid32";

/// Message queues, semaphores and shared memory.
const IPC: &str = "ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 \
    mq_timedsend mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop \
    semtimedop semtimedop_time64 shmat shmctl shmdt shmget";

const KEYS: &str = "add_key keyctl request_key";

const MEMORY: &str = "brk madvise membarrier memfd_create memfd_secret mincore mlock mlock2 \
    mlockall mmap mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc \
    pkey_free pkey_mprotect remap_file_pages";

/// Finding, making and removing files by their path.
const PATHS: &str = "access chdir creat faccessat faccessat2 fchdir fstat fstat64 fstatat64 \
    fstatfs fstatfs64 getcwd link linkat listmount lstat lstat64 mkdir mkdirat mknod mknodat \
    name_to_handle_at newfstatat open openat openat2 readlink readlinkat rename renameat \
    renameat2 rmdir stat stat64 statfs statfs64 statmount statx symlink symlinkat truncate \
    truncate64 umask unlink unlinkat";

/// Starting, watching and ending processes and threads.
const PROCESSES: &str = "execve execveat exit exit_group fork futex futex_requeue futex_time64 \
    futex_wait futex_waitv futex_wake get_robust_list getpid getppid getrlimit getrusage gettid \
    pidfd_open prctl prlimit64 process_mrelease process_vm_readv process_vm_writev ptrace \
    restart_syscall rseq set_robust_list set_tid_address setrlimit ugetrlimit vfork wait4 waitid \
    waitpid";

/// What a process does to confine itself.
const SANDBOXING: &str = "landlock_add_rule landlock_create_ruleset landlock_restrict_self \
    seccomp";

const SCHEDULING: &str = "getcpu getpriority ioprio_get ioprio_set sched_get_priority_max \
    sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler \
    sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr \
    sched_setparam sched_setscheduler sched_yield setpriority";

const SIGNALS: &str = "kill pause pidfd_send_signal rt_sigaction rt_sigpending rt_sigprocmask \
    rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 \
    rt_tgsigqueueinfo sigaltstack sigprocmask sigreturn tgkill tkill";

/// Sockets; the making of one is among the calls with an argument.
const SOCKETS: &str = "accept accept4 bind connect getpeername getsockname getsockopt listen \
    recv recvfrom recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt \
    shutdown socketcall socketpair";

const SYSTEM: &str = "getrandom sysinfo uname";

/// Clocks and timers; without `CAP_SYS_TIME` the adjusting calls only tell.
const TIME: &str = "adjtimex alarm clock_adjtime clock_adjtime64 clock_getres \
    clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep clock_nanosleep_time64 \
    getitimer gettimeofday nanosleep setitimer time timer_create timer_delete timer_getoverrun \
    timer_gettime timer_gettime64 timer_settime timer_settime64 times";
