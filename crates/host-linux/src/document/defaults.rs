//! What a container gets that its document says nothing about: the usual
//! defaults of container engines.

use oci_spec::runtime::{
    Capability, Linux, LinuxCapabilities, LinuxDeviceCgroup, LinuxDeviceType,
    LinuxIdMappingBuilder, LinuxNamespace, LinuxNamespaceType, Mount, PosixRlimitBuilder,
    PosixRlimitType, Process, User,
};

/// The capabilities that container engines leave to root in a container.
const CAPABILITIES: [Capability; 14] = [
    Capability::AuditWrite,
    Capability::Chown,
    Capability::DacOverride,
    Capability::Fowner,
    Capability::Fsetid,
    Capability::Kill,
    Capability::Mknod,
    Capability::NetBindService,
    Capability::NetRaw,
    Capability::Setfcap,
    Capability::Setgid,
    Capability::Setpcap,
    Capability::Setuid,
    Capability::SysChroot,
];

const MASKED: [&str; 11] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];

const READ_ONLY: [&str; 5] =
    ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// The search path of a process whose environment names none.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The first 12 characters of the id that a host name can hold.
pub(super) fn hostname(id: &str) -> String {
    let name: String =
        id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(12).collect();
    if name.is_empty() { "container".into() } else { name }
}

/// `/proc`, `/dev` and what belongs in it, `/sys`.
pub(super) fn mounts() -> Vec<Mount> {
    let mount = |destination: &str, typ: &str, options: &[&str]| {
        let mut mount = Mount::default();
        mount
            .set_destination(destination.into())
            .set_typ(Some(typ.into()))
            .set_source(Some(typ.into()))
            .set_options(Some(options.iter().map(|option| (*option).to_owned()).collect()));
        mount
    };
    let root = rustix::process::geteuid().is_root();
    let pts: &[&str] = if root {
        &["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]
    } else {
        &["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]
    };
    vec![
        mount("/proc", "proc", &["nosuid", "noexec", "nodev"]),
        mount("/dev", "tmpfs", &["nosuid", "strictatime", "mode=755", "size=65536k"]),
        mount("/dev/pts", "devpts", pts),
        mount("/dev/shm", "tmpfs", &["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
        mount("/dev/mqueue", "mqueue", &["nosuid", "noexec", "nodev"]),
        mount("/sys", "sysfs", &["nosuid", "noexec", "nodev", "ro"]),
    ]
}

/// The pattern of every process.
pub(super) fn process() -> Process {
    let set: oci_spec::runtime::Capabilities = CAPABILITIES.into_iter().collect();
    let mut capabilities = LinuxCapabilities::default();
    capabilities
        .set_bounding(Some(set.clone()))
        .set_effective(Some(set.clone()))
        .set_permitted(Some(set))
        .set_inheritable(None)
        .set_ambient(None);
    // What select(2) can hold, and room for those that ask for more.
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
    let files = PosixRlimitBuilder::default()
        .typ(PosixRlimitType::RlimitNofile)
        .hard(most.unwrap_or(u64::MAX))
        .soft(most.unwrap_or(1024).min(1024))
        .build();
    let mut process = Process::default();
    process
        .set_terminal(Some(false))
        .set_user(User::default())
        .set_args(None)
        .set_env(Some(vec![format!("PATH={PATH}")]))
        .set_cwd("/".into())
        .set_capabilities(Some(capabilities))
        .set_rlimits(files.ok().map(|files| vec![files]))
        .set_no_new_privileges(Some(true));
    process
}

pub(super) fn linux() -> Linux {
    let paths = |paths: &[&str]| Some(paths.iter().map(|path| (*path).to_owned()).collect());
    let mut linux = Linux::default();
    linux
        .set_masked_paths(paths(&MASKED))
        .set_readonly_paths(paths(&READ_ONLY))
        .set_seccomp(Some(seccomp::default_profile(&CAPABILITIES)));
    linux
}

/// All namespaces but the network's and the user's.
pub(super) fn namespaces() -> Vec<LinuxNamespace> {
    use LinuxNamespaceType::{Cgroup, Ipc, Mount, Pid, Uts};
    [Pid, Mount, Ipc, Uts, Cgroup]
        .into_iter()
        .map(|typ| {
            let mut namespace = LinuxNamespace::default();
            namespace.set_typ(typ);
            namespace
        })
        .collect()
}

/// Without root's rights, a user namespace in which the user is root.
pub(super) fn user_namespace(linux: &mut Linux) {
    let user = rustix::process::geteuid();
    if user.is_root() {
        return;
    }
    let one = |id: u32| {
        let mapping = LinuxIdMappingBuilder::default();
        let mapping = mapping.container_id(0u32).host_id(id).size(1u32).build();
        mapping.ok().map(|mapping| vec![mapping])
    };
    let mut namespace = LinuxNamespace::default();
    namespace.set_typ(LinuxNamespaceType::User);
    let mut namespaces = linux.namespaces().clone().unwrap_or_default();
    namespaces.push(namespace);
    linux
        .set_namespaces(Some(namespaces))
        .set_uid_mappings(one(user.as_raw()))
        .set_gid_mappings(one(rustix::process::getegid().as_raw()));
}

/// The device nodes that every container may use; all others are refused.
pub(super) fn device_rules() -> Vec<LinuxDeviceCgroup> {
    let rule = |allow, typ, major, minor, access: &str| {
        let mut rule = LinuxDeviceCgroup::default();
        rule.set_allow(allow)
            .set_typ(Some(typ))
            .set_major(major)
            .set_minor(minor)
            .set_access(Some(access.into()));
        rule
    };
    let (any, character, block) = (LinuxDeviceType::A, LinuxDeviceType::C, LinuxDeviceType::B);
    let mut rules = vec![
        rule(false, any, None, None, "rwm"),
        // Making a node is no use of it.
        rule(true, character, None, None, "m"),
        rule(true, block, None, None, "m"),
    ];
    // null, zero, full, random, urandom, tty, console, ptmx, pts.
    for (major, minor) in [
        (1, Some(3)),
        (1, Some(5)),
        (1, Some(7)),
        (1, Some(8)),
        (1, Some(9)),
        (5, Some(0)),
        (5, Some(1)),
        (5, Some(2)),
        (136, None),
    ] {
        rules.push(rule(true, character, Some(major), minor, "rwm"));
    }
    rules
}
