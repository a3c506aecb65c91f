//! The bpf(2) calls that load a device program and attach it to a group.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::program::Instruction;

/// Commands of bpf(2).
const PROG_LOAD: libc::c_int = 5;
const PROG_ATTACH: libc::c_int = 8;
const PROG_DETACH: libc::c_int = 9;
const PROG_GET_FD_BY_ID: libc::c_int = 13;
const PROG_QUERY: libc::c_int = 16;

/// `BPF_PROG_TYPE_CGROUP_DEVICE`, `BPF_CGROUP_DEVICE`, `BPF_F_ALLOW_MULTI`.
const TYPE_CGROUP_DEVICE: u32 = 15;
const ATTACH_DEVICE: u32 = 6;
const ALLOW_MULTI: u32 = 2;

/// The parts of `union bpf_attr` that are used; what is behind them counts as 0.
#[repr(C)]
#[derive(Default)]
struct Load {
    kind: u32,
    count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
}

#[repr(C)]
#[derive(Default)]
struct Attach {
    target: u32,
    program: u32,
    kind: u32,
    flags: u32,
}

#[repr(C)]
#[derive(Default)]
struct Query {
    target: u32,
    kind: u32,
    flags: u32,
    attach_flags: u32,
    ids: u64,
    count: u32,
    padding: u32,
}

#[repr(C)]
#[derive(Default)]
struct ById {
    id: u32,
    next: u32,
    flags: u32,
}

/// Makes `program` the one that decides for the group. The former one leaves
/// after: between the two both must allow, so nothing is open that neither
/// allows.
pub(super) fn attach(group: BorrowedFd<'_>, program: &[Instruction]) -> io::Result<()> {
    let former = attached(group)?;
    let loaded = load(program)?;
    change(PROG_ATTACH, group, &loaded, ALLOW_MULTI)?;
    for program in &former {
        if let Err(error) = change(PROG_DETACH, group, program, 0) {
            let _ = change(PROG_DETACH, group, &loaded, 0);
            return Err(error);
        }
    }
    Ok(())
}

fn load(program: &[Instruction]) -> io::Result<OwnedFd> {
    let mut attributes = Load {
        kind: TYPE_CGROUP_DEVICE,
        count: u32::try_from(program.len()).map_err(io::Error::other)?,
        instructions: program.as_ptr() as u64,
        // It calls no helper, so any licence will do.
        license: c"MIT".as_ptr() as u64,
        ..Load::default()
    };
    match descriptor(PROG_LOAD, &mut attributes) {
        // Kernels before 5.11 count programs as locked memory.
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => {
            let _unlimited = LockedMemory::unlimited();
            descriptor(PROG_LOAD, &mut attributes)
        }
        other => other,
    }
}

fn change(
    command: libc::c_int,
    group: BorrowedFd<'_>,
    program: &OwnedFd,
    flags: u32,
) -> io::Result<()> {
    let mut attributes =
        Attach { target: number(group), program: number(program), kind: ATTACH_DEVICE, flags };
    call(command, &mut attributes).map(drop)
}

/// The device programs of the group itself.
fn attached(group: BorrowedFd<'_>) -> io::Result<Vec<OwnedFd>> {
    let mut ids = [0_u32; 64];
    let mut query = Query {
        target: number(group),
        kind: ATTACH_DEVICE,
        ids: ids.as_mut_ptr() as u64,
        count: 64,
        ..Query::default()
    };
    call(PROG_QUERY, &mut query)?;
    let count = usize::try_from(query.count).unwrap_or(0);
    ids.iter()
        .take(count)
        .map(|id| descriptor(PROG_GET_FD_BY_ID, &mut ById { id: *id, ..ById::default() }))
        .collect()
}

/// Lifts the limit of locked memory while it lives.
struct LockedMemory(rustix::process::Rlimit);

impl LockedMemory {
    fn unlimited() -> Self {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let before = getrlimit(Resource::Memlock);
        let _ = setrlimit(Resource::Memlock, Rlimit { current: None, maximum: None });
        Self(before)
    }
}

impl Drop for LockedMemory {
    fn drop(&mut self) {
        let before = rustix::process::Rlimit { current: self.0.current, maximum: self.0.maximum };
        let _ = rustix::process::setrlimit(rustix::process::Resource::Memlock, before);
    }
}

fn number(fd: impl AsFd) -> u32 {
    fd.as_fd().as_raw_fd().cast_unsigned()
}

fn descriptor<T>(command: libc::c_int, attributes: &mut T) -> io::Result<OwnedFd> {
    let fd = i32::try_from(call(command, attributes)?).map_err(io::Error::other)?;
    // SAFETY: the command succeeded, so it gave a new descriptor that nobody
    // else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn call<T>(command: libc::c_int, attributes: &mut T) -> io::Result<libc::c_long> {
    // SAFETY: `attributes` is a live prefix of `union bpf_attr` in its C layout,
    // of the size that is given, and the addresses in it are of buffers (with
    // their lengths beside them) that the callers keep alive over the call.
    let result = unsafe {
        libc::syscall(libc::SYS_bpf, command, std::ptr::from_mut(attributes), size_of::<T>())
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::super::{Kind, Pattern, Rule, program};
    use super::*;
    use crate::{Error, Group, Hierarchies};

    /// What a shell in the group can read.
    fn readable(group: &Group) -> String {
        let script = "read go; (: </dev/null) && echo null; (: </dev/zero) && echo zero; true";
        let mut child = Command::new("sh")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        group.add(child.id()).unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"go\n").unwrap();
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    }

    /// On a hybrid machine version 1 has the devices controller, so this is
    /// asked for here by itself.
    #[test]
    fn an_attached_program_decides_and_is_replaced() {
        let path = format!("cgroup-bpf-test-{}", std::process::id());
        let group = match Hierarchies::detect().and_then(|found| Group::create(&found, &path)) {
            Ok(group) => group,
            Err(error @ (Error::Permission { .. } | Error::NoHierarchy)) => {
                return eprintln!("left out: device program: {error}");
            }
            Err(error) => panic!("{error}"),
        };
        let char_device = |minor| Rule {
            allow: true,
            pattern: Pattern { kind: Some(Kind::Char), major: Some(1), minor },
            access: super::super::EVERY_ACCESS,
        };
        let outcome = std::panic::catch_unwind(|| {
            let Some(dir) = group.unified() else {
                return eprintln!("left out: device program: no version 2 hierarchy");
            };
            for (rule, wanted) in [
                (char_device(Some(3)), "null\n"),
                (char_device(Some(5)), "zero\n"),
                (char_device(None), "null\nzero\n"),
            ] {
                attach(dir.fd(), &program::generate(&[rule]).unwrap()).unwrap();
                assert_eq!(attached(dir.fd()).unwrap().len(), 1);
                assert_eq!(readable(&group), wanted);
            }
        });
        group.remove().unwrap();
        assert!(outcome.is_ok());
    }
}
