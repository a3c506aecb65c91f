//! Architectures, and the numbers that system calls have on them.

use std::iter::once;

use oci_spec::runtime::Arch as OciArch;

/// The kind of machine that a program is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Arch {
    /// 64-bit x86, which also runs programs for x86 and x32.
    X86_64,
    /// 64-bit ARM, which also runs programs for 32-bit ARM.
    Aarch64,
}

impl Arch {
    /// The machine that this code is compiled for; nothing where filters are not known for it.
    #[must_use]
    pub const fn native() -> Option<Self> {
        if cfg!(target_arch = "x86_64") {
            Some(Self::X86_64)
        } else if cfg!(target_arch = "aarch64") {
            Some(Self::Aarch64)
        } else {
            None
        }
    }

    /// The binary interfaces of the machine, its own first.
    fn abis(self) -> &'static [Abi] {
        match self {
            Self::X86_64 => &[Abi::X86_64, Abi::X32, Abi::X86],
            Self::Aarch64 => &[Abi::Aarch64, Abi::Arm],
        }
    }
}

/// A set of system call numbers.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Abi {
    X86_64,
    X32,
    X86,
    Aarch64,
    Arm,
}

/// The bit that tells x32 calls from those of x86-64, whose architecture token they share.
pub(crate) const X32_BIT: u32 = 0x4000_0000;

impl Abi {
    pub(crate) const ALL: [Self; 5] =
        [Self::X86_64, Self::X32, Self::X86, Self::Aarch64, Self::Arm];

    /// The interfaces that a profile lists among those of a machine. What else it lists never
    /// makes a call there.
    pub(crate) fn listed(arch: Arch, listed: &[OciArch]) -> Vec<Self> {
        let abis = arch.abis().iter().copied();
        abis.filter(|abi| *abi == arch.abis()[0] || listed.contains(&abi.oci())).collect()
    }

    fn oci(self) -> OciArch {
        match self {
            Self::X86_64 => OciArch::ScmpArchX86_64,
            Self::X32 => OciArch::ScmpArchX32,
            Self::X86 => OciArch::ScmpArchX86,
            Self::Aarch64 => OciArch::ScmpArchAarch64,
            Self::Arm => OciArch::ScmpArchArm,
        }
    }

    /// The kernel's token for the architecture (`AUDIT_ARCH_*` of `linux/audit.h`).
    pub(crate) fn audit(self) -> u32 {
        match self {
            Self::X86_64 | Self::X32 => 0xc000_003e,
            Self::X86 => 0x4000_0003,
            Self::Aarch64 => 0xc000_00b7,
            Self::Arm => 0x4000_0028,
        }
    }

    /// The smallest number of the interface.
    pub(crate) fn first(self) -> u32 {
        if self == Self::X32 { X32_BIT } else { 0 }
    }

    /// Whether arguments have 64 bits.
    pub(crate) fn is_wide(self) -> bool {
        matches!(self, Self::X86_64 | Self::Aarch64)
    }

    /// All calls of the interface.
    pub(crate) fn calls(self) -> Vec<(&'static str, u32)> {
        match self {
            Self::X86_64 => table!(x86_64).collect(),
            Self::X32 => x32_calls(),
            Self::X86 => table!(x86).collect(),
            Self::Aarch64 => aarch64_calls(),
            Self::Arm => table!(arm).chain(ARM_PRIVATE.iter().copied()).collect(),
        }
    }

    /// The older door of a call, if it has one: the number, and its first argument.
    pub(crate) fn multiplexed(self, name: &str) -> Option<(u32, u64)> {
        if self != Self::X86 {
            return None;
        }
        let in_table = |number, table: &[(&str, u64)]| {
            let call = table.iter().find(|(multiplexed, _)| *multiplexed == name);
            call.map(|(_, argument)| (number, *argument))
        };
        in_table(X86_SOCKETCALL, SOCKETCALLS).or_else(|| in_table(X86_IPC, IPC_CALLS))
    }
}

/// The calls that the `syscalls` crate has for an architecture.
macro_rules! table {
    ($arch:ident) => {{
        use syscalls::$arch::Sysno;
        // The crate's iterator stops before the last.
        let all = Sysno::iter().chain(once(Sysno::last()));
        all.map(|call| (call.name(), call.id().unsigned_abs()))
    }};
}
use table;

/// x32 has the numbers of x86-64 but for the calls whose arguments hold pointers or longs in
/// memory, and lacks those that were obsolete when it came or are for 64-bit programs only.
fn x32_calls() -> Vec<(&'static str, u32)> {
    let shared = table!(x86_64).filter(|(name, _)| {
        !X32_LACKS.contains(name) && !X32_OWN.iter().any(|(own, _)| own == name)
    });
    let calls = shared.chain(X32_OWN.iter().copied());
    calls.map(|(name, number)| (name, X32_BIT | number)).collect()
}

fn aarch64_calls() -> Vec<(&'static str, u32)> {
    // The kernel's generic table gives 403 to 423 to the calls with 64-bit times of 32-bit
    // architectures only, and names 79 as the other 64-bit architectures do.
    let calls = table!(aarch64).filter(|(_, number)| !(403..=423).contains(number));
    calls.chain(once(("newfstatat", 79))).collect()
}

// arch/x86/entry/syscalls/syscall_64.tbl: the calls marked x32, then those marked 64.
const X32_OWN: &[(&str, u32)] = &[
    ("rt_sigaction", 512),
    ("rt_sigreturn", 513),
    ("ioctl", 514),
    ("readv", 515),
    ("writev", 516),
    ("recvfrom", 517),
    ("sendmsg", 518),
    ("recvmsg", 519),
    ("execve", 520),
    ("ptrace", 521),
    ("rt_sigpending", 522),
    ("rt_sigtimedwait", 523),
    ("rt_sigqueueinfo", 524),
    ("sigaltstack", 525),
    ("timer_create", 526),
    ("mq_notify", 527),
    ("kexec_load", 528),
    ("waitid", 529),
    ("set_robust_list", 530),
    ("get_robust_list", 531),
    ("vmsplice", 532),
    ("move_pages", 533),
    ("preadv", 534),
    ("pwritev", 535),
    ("rt_tgsigqueueinfo", 536),
    ("recvmmsg", 537),
    ("sendmmsg", 538),
    ("process_vm_readv", 539),
    ("process_vm_writev", 540),
    ("setsockopt", 541),
    ("getsockopt", 542),
    ("io_setup", 543),
    ("io_submit", 544),
    ("execveat", 545),
    ("preadv2", 546),
    ("pwritev2", 547),
];
const X32_LACKS: &[&str] = &[
    "uselib",
    "_sysctl",
    "create_module",
    "get_kernel_syms",
    "query_module",
    "nfsservctl",
    "set_thread_area",
    "get_thread_area",
    "epoll_ctl_old",
    "epoll_wait_old",
    "vserver",
    "uretprobe",
    "uprobe",
    "map_shadow_stack",
];

// __ARM_NR_* of ARM's asm/unistd.h, and the name that libseccomp gives to 341 too.
const ARM_PRIVATE: &[(&str, u32)] = &[
    ("breakpoint", 0xf_0001),
    ("cacheflush", 0xf_0002),
    ("usr26", 0xf_0003),
    ("usr32", 0xf_0004),
    ("set_tls", 0xf_0005),
    ("get_tls", 0xf_0006),
    ("sync_file_range2", 341),
];

const X86_SOCKETCALL: u32 = 102;
const X86_IPC: u32 = 117;

// SYS_* of linux/net.h
const SOCKETCALLS: &[(&str, u64)] = &[
    ("socket", 1),
    ("bind", 2),
    ("connect", 3),
    ("listen", 4),
    ("accept", 5),
    ("getsockname", 6),
    ("getpeername", 7),
    ("socketpair", 8),
    ("send", 9),
    ("recv", 10),
    ("sendto", 11),
    ("recvfrom", 12),
    ("shutdown", 13),
    ("setsockopt", 14),
    ("getsockopt", 15),
    ("sendmsg", 16),
    ("recvmsg", 17),
    ("accept4", 18),
    ("recvmmsg", 19),
    ("sendmmsg", 20),
];

// SEMOP and its like of linux/ipc.h
const IPC_CALLS: &[(&str, u64)] = &[
    ("semop", 1),
    ("semget", 2),
    ("semctl", 3),
    ("semtimedop", 4),
    ("msgsnd", 11),
    ("msgrcv", 12),
    ("msgget", 13),
    ("msgctl", 14),
    ("shmat", 21),
    ("shmdt", 22),
    ("shmget", 23),
    ("shmctl", 24),
];
