//! The kernel takes the programs and does as they say.

#![cfg(target_os = "linux")]
// A filter is installed by a system call that no safe library wraps, in a forked child: it can't
// be taken off again.
#![allow(unsafe_code)]

use std::io::Error;

use oci_spec::runtime::{Capability, LinuxSeccomp};
use seccomp::{Arch, Instruction, Program, compile, default_profile};
use serde_json::json;

/// What became of a system call.
#[derive(Debug, Eq, PartialEq)]
enum Outcome {
    /// It returned, with this error number or 0.
    Returned(i32),
    /// The process died of this signal.
    Killed(i32),
}

/// Makes a system call in a child under the program.
fn call_under(program: &Program, number: libc::c_long, args: [u64; 3]) -> Outcome {
    let filter = libc::sock_fprog {
        len: u16::try_from(program.instructions.len()).expect("at most 4096"),
        filter: program.instructions.as_ptr().cast_mut().cast(),
    };
    // SAFETY: the child makes only system calls that are safe after a fork of a process with
    // threads, and leaves by _exit.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "fork: {}", Error::last_os_error());
    if child == 0 {
        // SAFETY: filter and the instructions it points to outlive the calls; the instructions
        // have the layout of sock_filter. The arguments of the tested call are plain numbers.
        unsafe {
            let result = if libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
                || libc::syscall(
                    libc::SYS_seccomp,
                    libc::SECCOMP_SET_MODE_FILTER,
                    program.flags,
                    &raw const filter,
                ) < 0
            {
                200
            } else if libc::syscall(number, args[0], args[1], args[2]) == -1 {
                *libc::__errno_location()
            } else {
                0
            };
            libc::_exit(result);
        }
    }
    let mut status = 0;
    // SAFETY: status is a valid place for the child's status.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(waited, child, "waitpid: {}", Error::last_os_error());
    if libc::WIFSIGNALED(status) {
        return Outcome::Killed(libc::WTERMSIG(status));
    }
    assert_ne!(libc::WEXITSTATUS(status), 200, "the kernel refuses the program");
    Outcome::Returned(libc::WEXITSTATUS(status))
}

fn program(profile: serde_json::Value) -> Option<Program> {
    let profile: LinuxSeccomp = serde_json::from_value(profile).expect("a profile");
    compiled(&profile)
}

fn compiled(profile: &LinuxSeccomp) -> Option<Program> {
    let Some(arch) = Arch::native() else {
        eprintln!("left out: kernel tests: filters are not known for this architecture");
        return None;
    };
    Some(compile(profile, arch).expect("a valid profile"))
}

#[test]
fn an_instruction_is_the_kernels() {
    assert_eq!(size_of::<Instruction>(), size_of::<libc::sock_filter>());
    assert_eq!(align_of::<Instruction>(), align_of::<libc::sock_filter>());
    assert_eq!(std::mem::offset_of!(Instruction, jt), std::mem::offset_of!(libc::sock_filter, jt));
    assert_eq!(std::mem::offset_of!(Instruction, k), std::mem::offset_of!(libc::sock_filter, k));
}

#[test]
fn flags_are_the_kernels() {
    let profile = |flags: &[&str], action| {
        let flags: Vec<_> =
            flags.iter().map(|flag| format!("SECCOMP_FILTER_FLAG_{flag}")).collect();
        program(json!({ "defaultAction": "SCMP_ACT_ALLOW", "flags": flags, "listenerPath": "/a",
            "syscalls": [{ "names": ["mkdirat"], "action": action }] }))
    };
    let all = ["TSYNC", "LOG", "SPEC_ALLOW", "WAIT_KILLABLE_RECV"];
    let Some(plain) = profile(&all, "SCMP_ACT_ERRNO") else {
        return;
    };
    let set = libc::SECCOMP_FILTER_FLAG_TSYNC
        | libc::SECCOMP_FILTER_FLAG_LOG
        | libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    assert_eq!((u64::from(plain.flags), plain.needs_listener), (set, false));
    let Some(asking) = profile(&all, "SCMP_ACT_NOTIFY") else {
        return;
    };
    let set = set
        | libc::SECCOMP_FILTER_FLAG_NEW_LISTENER
        | libc::SECCOMP_FILTER_FLAG_TSYNC_ESRCH
        | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    assert_eq!((u64::from(asking.flags), asking.needs_listener), (set, true));
    let outcome = call_under(&asking, libc::SYS_getppid, [0; 3]);
    assert_eq!(outcome, Outcome::Returned(0), "the kernel takes all flags");
}

#[test]
fn the_default_profile_refuses_what_needs_capabilities() {
    let namespaces = [libc::CLONE_NEWUTS.unsigned_abs().into(), 0, 0];
    let Some(plain) = compiled(&default_profile(&[])) else {
        return;
    };
    let cases = [
        (libc::SYS_getppid, [0; 3], 0),
        (libc::SYS_unshare, namespaces, libc::EPERM),
        (libc::SYS_clone, namespaces, libc::EPERM),
        (libc::SYS_clone3, [0; 3], libc::ENOSYS),
        (libc::SYS_chroot, [0; 3], libc::EPERM),
        (libc::SYS_socket, [40, 1, 0], libc::EPERM),
        (libc::SYS_socket, [1, 1, 0], 0),
        (libc::SYS_personality, [0xffff_ffff, 0, 0], 0),
        (libc::SYS_personality, [0x0400_0000, 0, 0], libc::EPERM),
        (5000, [0; 3], libc::ENOSYS),
    ];
    for (number, args, errno) in cases {
        let outcome = call_under(&plain, number, args);
        assert_eq!(outcome, Outcome::Returned(errno), "{number} {args:x?}");
    }
    // The bad address shows that the call got through.
    let Some(chroot) = compiled(&default_profile(&[Capability::SysChroot])) else {
        return;
    };
    assert_eq!(call_under(&chroot, libc::SYS_chroot, [0; 3]), Outcome::Returned(libc::EFAULT));
}

#[test]
fn each_action_does_what_it_says() {
    let kill = Outcome::Killed(libc::SIGSYS);
    let cases = [
        ("SCMP_ACT_KILL", None, Outcome::Killed(libc::SIGSYS)),
        ("SCMP_ACT_KILL_PROCESS", None, Outcome::Killed(libc::SIGSYS)),
        ("SCMP_ACT_TRAP", None, kill),
        ("SCMP_ACT_ERRNO", None, Outcome::Returned(libc::EPERM)),
        ("SCMP_ACT_ERRNO", Some(17), Outcome::Returned(17)),
        // Nobody traces the child.
        ("SCMP_ACT_TRACE", Some(5), Outcome::Returned(libc::ENOSYS)),
        ("SCMP_ACT_LOG", None, Outcome::Returned(0)),
        ("SCMP_ACT_ALLOW", None, Outcome::Returned(0)),
    ];
    for (action, number, expected) in cases {
        let rule = json!({ "names": ["getpgid"], "action": action, "errnoRet": number,
            "args": [{ "index": 0, "value": 0, "op": "SCMP_CMP_EQ" }] });
        let profile = json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule] });
        let Some(program) = program(profile) else {
            return;
        };
        assert_eq!(call_under(&program, libc::SYS_getpgid, [0; 3]), expected, "{action}");
        let other = call_under(&program, libc::SYS_getpgid, [1 << 32 | 1, 0, 0]);
        assert_eq!(other, Outcome::Returned(0), "{action}: another argument");
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_call_of_an_architecture_that_is_not_listed_kills() {
    let profile = json!({ "defaultAction": "SCMP_ACT_ALLOW" });
    let Some(program) = program(profile) else {
        return;
    };
    let x32 = call_under(&program, 0x4000_0000 | libc::SYS_getppid, [0; 3]);
    assert_eq!(x32, Outcome::Killed(libc::SIGSYS));
}
