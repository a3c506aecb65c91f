//! OCI seccomp profiles compiled to classic BPF.
//!
//! [`compile`] turns the `linux.seccomp` section of an OCI configuration into the program that
//! `seccomp(2)` takes; [`default_profile`] is the profile containers usually get when their
//! configuration names none. This crate makes no system call: it does not install the program.
//!
//! ```
//! use seccomp::{Arch, compile, default_profile};
//!
//! let program = compile(&default_profile(&[]), Arch::X86_64)?;
//! assert!(program.instructions.len() < 600);
//! assert!(!program.needs_listener);
//! # Ok::<(), seccomp::Error>(())
//! ```
//!
//! # What a program answers
//!
//! - The rules that name a call are tried in document order; the first that matches gives the
//!   action, and the default action stands when none does. (libseccomp lets a rule without
//!   arguments win over all others of its call, wherever it stands, and keeps no order else.)
//! - The arguments of a rule must all hold. As with runc, a rule that names the same argument
//!   twice is read as several rules of one argument each, any of which may hold.
//! - Arguments are compared as unsigned 64-bit numbers; on the 32-bit architectures (x86, x32,
//!   arm) only their low 32 bits count, on both sides, as with libseccomp.
//! - A call above the largest number that the profile knows on its architecture fails with
//!   `ENOSYS`, so that programs fall back to older calls, unless the default action lets calls
//!   pass (allow, log, trace). This is runc's rule.
//! - A call of an architecture that the profile does not list kills the thread, as with
//!   libseccomp; the machine's own architecture is always taken as listed.
//! - Names that no known architecture has are left out, for they belong to other kernels, and
//!   are listed in [`Program::unknown`].
//! - On x86 the socket and System V IPC calls have two doors, their own number and the older
//!   `socketcall` or `ipc`, and a rule holds for both, as with libseccomp. The second has the
//!   number of the call where the first has its first argument, and the address of a socket
//!   call's arguments next to it: conditions on the first argument are left out there, and those
//!   on others mean little.

#![forbid(unsafe_code)]

mod abi;
mod bpf;
mod default;
mod error;
mod filter;
mod rules;

use oci_spec::runtime::{LinuxSeccomp, LinuxSeccompFilterFlag};

pub use abi::Arch;
pub use bpf::{Instruction, MAX_INSTRUCTIONS};
pub use default::default_profile;
pub use error::Error;

/// Values of `linux/seccomp.h` for the flags of `seccomp(SECCOMP_SET_MODE_FILTER)`.
mod flag {
    pub(super) const TSYNC: u32 = 1 << 0;
    pub(super) const LOG: u32 = 1 << 1;
    pub(super) const SPEC_ALLOW: u32 = 1 << 2;
    pub(super) const NEW_LISTENER: u32 = 1 << 3;
    pub(super) const TSYNC_ESRCH: u32 = 1 << 4;
    pub(super) const WAIT_KILLABLE_RECV: u32 = 1 << 5;
}

/// A filter ready for `seccomp(2)`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Program {
    /// The instructions, laid out as the kernel's `struct sock_filter`; at most
    /// [`MAX_INSTRUCTIONS`].
    pub instructions: Vec<Instruction>,
    /// The flags argument of `seccomp(SECCOMP_SET_MODE_FILTER)`: the profile's, and those that a
    /// listener needs (`NEW_LISTENER`, with `TSYNC` also `TSYNC_ESRCH`).
    pub flags: u32,
    /// Whether the call returns a listener's descriptor, which belongs to the profile's
    /// `listenerPath`.
    pub needs_listener: bool,
    /// The profile's call names that no known architecture has, in document order.
    pub unknown: Vec<String>,
}

/// Compiles a profile for a machine.
///
/// # Errors
///
/// When the profile is not valid (see [`Error`]) or its program is longer than the kernel takes.
pub fn compile(profile: &LinuxSeccomp, arch: Arch) -> Result<Program, Error> {
    let rules = rules::Rules::read(profile)?;
    let listed = profile.architectures().as_deref().unwrap_or_default();
    let instructions = filter::assemble(&rules, &abi::Abi::listed(arch, listed))?;
    Ok(Program {
        instructions,
        flags: flags(profile, rules.notifies),
        needs_listener: rules.notifies,
        unknown: rules.unknown(),
    })
}

fn flags(profile: &LinuxSeccomp, notifies: bool) -> u32 {
    let listed = profile.flags().as_deref().unwrap_or_default();
    let mut flags = listed.iter().fold(0, |flags, listed| flags | bit(*listed));
    if !notifies {
        // The kernel refuses this flag where there is nothing to wait for.
        return flags & !flag::WAIT_KILLABLE_RECV;
    }
    flags |= flag::NEW_LISTENER;
    if flags & flag::TSYNC != 0 {
        // Both flags return a number, a descriptor and a thread: the kernel wants to hear that
        // the thread is not asked for.
        flags |= flag::TSYNC_ESRCH;
    }
    flags
}

fn bit(flag: LinuxSeccompFilterFlag) -> u32 {
    match flag {
        LinuxSeccompFilterFlag::SeccompFilterFlagTsync => flag::TSYNC,
        LinuxSeccompFilterFlag::SeccompFilterFlagLog => flag::LOG,
        LinuxSeccompFilterFlag::SeccompFilterFlagSpecAllow => flag::SPEC_ALLOW,
        LinuxSeccompFilterFlag::SeccompFilterFlagWaitKillableRecv => flag::WAIT_KILLABLE_RECV,
    }
}
