//! config-linux.md: namespaces, devices, seccomp, paths, the rest.

use std::fs;

use e2e::Stage;
use e2e::bundle::Bundle;
use e2e::oci::Runtime;
use serde_json::json;

use crate::row::{Fault, Made, Outcome, Row, ensure, equal, refused, row, shown};

/// The kinds, as the specification and as the kernel name them.
const KINDS: [(&str, &str); 7] = [
    ("pid", "pid"),
    ("network", "net"),
    ("mount", "mnt"),
    ("ipc", "ipc"),
    ("uts", "uts"),
    ("cgroup", "cgroup"),
    ("user", "user"),
];

fn namespace(kind: &str) -> String {
    let link = fs::read_link(format!("/proc/self/ns/{kind}")).unwrap_or_default();
    link.display().to_string()
}

/// A namespace that is listed is the container's own.
fn own(stage: &Stage, runtime: &Runtime, index: usize) -> Outcome {
    let (kind, link) = KINDS[index];
    let mut bundle = Bundle::new(stage, "b")
        .without_namespace(kind)
        .push("/linux/namespaces", json!({"type": kind}));
    if kind == "user" {
        let mapping = json!([{"containerID": 0, "hostID": 0, "size": 65_536}]);
        bundle =
            bundle.set("/linux/uidMappings", mapping.clone()).set("/linux/gidMappings", mapping);
    }
    let seen = shown(stage, runtime, bundle, &format!("readlink /proc/self/ns/{link}"))?;
    ensure(seen.starts_with(link) && seen != namespace(link), seen)
}

/// A namespace that is not listed is the runtime's.
fn shared(stage: &Stage, runtime: &Runtime, index: usize) -> Outcome {
    let (kind, link) = KINDS[index];
    let mut bundle = Bundle::new(stage, "b").without_namespace(kind);
    if kind == "uts"
        && let Some(config) = bundle.config.as_object_mut()
    {
        config.remove("hostname");
    }
    equal(
        &shown(stage, runtime, bundle, &format!("readlink /proc/self/ns/{link}"))?,
        &namespace(link),
    )
}

fn seccomp(
    stage: &Stage,
    runtime: &Runtime,
    profile: serde_json::Value,
    script: &str,
) -> Result<String, Fault> {
    shown(stage, runtime, Bundle::new(stage, "b").set("/linux/seccomp", profile), script)
}

pub(crate) const ROWS: &[Row] = &[
    row("Namespaces", "a listed pid namespace is new", |stage, runtime| own(stage, runtime, 0)),
    row("Namespaces", "a listed network namespace is new", |stage, runtime| own(stage, runtime, 1)),
    row("Namespaces", "a listed mount namespace is new", |stage, runtime| own(stage, runtime, 2)),
    row("Namespaces", "a listed ipc namespace is new", |stage, runtime| own(stage, runtime, 3)),
    row("Namespaces", "a listed uts namespace is new", |stage, runtime| own(stage, runtime, 4)),
    row("Namespaces", "a listed cgroup namespace is new", |stage, runtime| own(stage, runtime, 5)),
    row("Namespaces", "a listed user namespace is new", |stage, runtime| own(stage, runtime, 6)),
    row(
        "Namespaces",
        "a network namespace that is not listed is the runtime's",
        |stage, runtime| {
            // The runtime's sysfs cannot be mounted anew then; it is bound.
            shared(stage, runtime, 1)
        },
    ),
    row("Namespaces", "an ipc namespace that is not listed is the runtime's", |stage, runtime| {
        shared(stage, runtime, 3)
    }),
    row("Namespaces", "a uts namespace that is not listed is the runtime's", |stage, runtime| {
        shared(stage, runtime, 4)
    }),
    row(
        "Namespaces",
        "a cgroup namespace that is not listed is the runtime's",
        |stage, runtime| shared(stage, runtime, 5),
    ),
    row("Namespaces", "a user namespace that is not listed is the runtime's", |stage, runtime| {
        shared(stage, runtime, 6)
    }),
    row("Namespaces", "a pid namespace that is not listed is the runtime's", |stage, runtime| {
        shared(stage, runtime, 0)
    }),
    row(
        "Namespaces",
        "the program is the first process of a new pid namespace",
        |stage, runtime| equal(&shown(stage, runtime, Bundle::new(stage, "b"), "echo $$")?, "1"),
    ),
    row("Namespaces", "a namespace is joined by its path", |stage, runtime| {
        let made = Made::start(
            stage,
            runtime,
            "first",
            Bundle::new(stage, "first").sh("echo runs; exec sleep 1000"),
        )?;
        made.writes("runs")?;
        let mut bundle = Bundle::new(stage, "b");
        let path = |link: &str| format!("/proc/{}/ns/{link}", made.pid());
        for (kind, link) in [("network", "net"), ("ipc", "ipc"), ("uts", "uts")] {
            bundle = bundle
                .without_namespace(kind)
                .push("/linux/namespaces", json!({"type": kind, "path": path(link)}));
        }
        if let Some(config) = bundle.config.as_object_mut() {
            config.remove("hostname");
        }
        let seen = shown(
            stage,
            runtime,
            bundle,
            "for n in net ipc uts; do readlink /proc/self/ns/$n; done",
        )?;
        let links: Vec<String> = ["net", "ipc", "uts"]
            .iter()
            .map(|link| fs::read_link(path(link)).unwrap_or_default().display().to_string())
            .collect();
        equal(&seen, &links.join("\n"))
    }),
    row("Namespaces", "a path to a namespace of another kind is refused", |stage, runtime| {
        let bundle = Bundle::new(stage, "b")
            .without_namespace("network")
            .push("/linux/namespaces", json!({"type": "network", "path": "/proc/self/ns/uts"}));
        refused(stage, runtime, &bundle).map(drop)
    }),
    row("Namespaces", "a kind that is listed twice is refused", |stage, runtime| {
        refused(
            stage,
            runtime,
            &Bundle::new(stage, "b").push("/linux/namespaces", json!({"type": "uts"})),
        )
        .map(drop)
    }),
    row("User namespace mappings", "they are the given ones", |stage, runtime| {
        let bundle = Bundle::new(stage, "b").push("/linux/namespaces", json!({"type": "user"}))
            .set("/linux/uidMappings", json!([{"containerID": 0, "hostID": 0, "size": 10}, {"containerID": 1000, "hostID": 5000, "size": 3}]))
            .set("/linux/gidMappings", json!([{"containerID": 0, "hostID": 0, "size": 20}]));
        let seen = shown(
            stage,
            runtime,
            bundle,
            "cat /proc/self/uid_map /proc/self/gid_map | awk '{print $1, $2, $3}'",
        )?;
        equal(&seen, "0 0 10\n1000 5000 3\n0 0 20")
    }),
    row(
        "Default Devices",
        "null, zero, full, random, urandom and tty are there",
        |stage, runtime| {
            let seen = shown(
                stage,
                runtime,
                Bundle::new(stage, "b"),
                "cd /dev; stat -c '%n %t:%T %a' null zero full random urandom tty",
            )?;
            equal(
                &seen,
                "null 1:3 666\nzero 1:5 666\nfull 1:7 666\nrandom 1:8 666\nurandom 1:9 666\ntty 5:0 666",
            )
        },
    ),
    row("Default Devices", "they can be used, whatever the device rules say", |stage, runtime| {
        let seen = shown(
            stage,
            runtime,
            Bundle::new(stage, "b"),
            "echo x > /dev/null && head -c 3 /dev/zero | wc -c; head -c 2 /dev/urandom | wc -c; (echo x > /dev/full) 2>&1 | grep -o 'No space.*'",
        )?;
        equal(&seen, "3\n2\nNo space left on device")
    }),
    row("Default Devices", "ptmx makes terminals", |stage, runtime| {
        let seen = shown(
            stage,
            runtime,
            Bundle::new(stage, "b"),
            "readlink /dev/ptmx; stat -c '%t:%T' /dev/pts/ptmx; exec 3<>/dev/ptmx && ls /dev/pts",
        )?;
        ensure(seen.contains("pts/ptmx\n5:2\n0\nptmx"), seen)
    }),
    row(
        "Dev symbolic links",
        "fd, stdin, stdout and stderr lead to the process's files",
        |stage, runtime| {
            let seen = shown(
                stage,
                runtime,
                Bundle::new(stage, "b"),
                "for n in fd stdin stdout stderr; do readlink /dev/$n; done",
            )?;
            equal(&seen, "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2")
        },
    ),
    row("Devices", "a listed device is made with its numbers, mode and owner", |stage, runtime| {
        let bundle = Bundle::new(stage, "b").push("/linux/devices", json!({"path": "/dev/mine", "type": "c", "major": 1, "minor": 3, "fileMode": 0o640, "uid": 3, "gid": 4}));
        equal(
            &shown(stage, runtime, bundle, "stat -c '%F %t:%T %a %u:%g' /dev/mine")?,
            "character special file 1:3 640 3:4",
        )
    }),
    row("Devices", "a listed pipe is made", |stage, runtime| {
        let bundle = Bundle::new(stage, "b")
            .push("/linux/devices", json!({"path": "/dev/line", "type": "p", "fileMode": 0o600}));
        equal(&shown(stage, runtime, bundle, "stat -c %F /dev/line")?, "fifo")
    }),
    row("Seccomp", "a call that is refused fails with the given error", |stage, runtime| {
        let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]});
        let seen = seccomp(
            stage,
            runtime,
            profile,
            "mkdir /x 2>&1; grep Seccomp: /proc/self/status | cut -f2",
        )?;
        equal(&seen, "mkdir: can't create directory '/x': No space left on device\n2")
    }),
    row("Seccomp", "without an error it is EPERM", |stage, runtime| {
        let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]});
        let seen = seccomp(stage, runtime, profile, "mkdir /x 2>&1; true")?;
        ensure(seen.contains("Operation not permitted"), seen)
    }),
    row("Seccomp", "a rule can look at the arguments", |stage, runtime| {
        // kill(pid, 10) alone is refused.
        let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kill"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 1, "value": 10, "op": "SCMP_CMP_EQ"}]}]});
        let seen = seccomp(
            stage,
            runtime,
            profile,
            "trap 'echo usr2' USR2; trap 'echo usr1' USR1; kill -USR1 $$ 2>&1; kill -USR2 $$; true",
        )?;
        ensure(
            seen.contains("usr2") && !seen.contains("usr1\n") && seen.contains("not permitted"),
            seen,
        )
    }),
    row("Seccomp", "a call that is to kill kills", |stage, runtime| {
        let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_KILL_PROCESS"}]});
        equal(&seccomp(stage, runtime, profile, "mkdir /x; echo $?")?, "159")
    }),
    row("Seccomp", "the default action holds for what no rule names", |stage, runtime| {
        let profile = json!({"defaultAction": "SCMP_ACT_LOG", "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]});
        equal(&seccomp(stage, runtime, profile, "grep Seccomp: /proc/self/status | cut -f2")?, "2")
    }),
    row("Seccomp", "a call that this machine does not know is passed over", |stage, runtime| {
        let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["no_such_call", "mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]});
        let seen = seccomp(stage, runtime, profile, "mkdir /x 2>&1; true")?;
        ensure(seen.contains("not permitted"), seen)
    }),
    row("Seccomp", "an action that no one knows is refused", |stage, runtime| {
        let profile = json!({"defaultAction": "SCMP_ACT_WISH"});
        refused(stage, runtime, &Bundle::new(stage, "b").set("/linux/seccomp", profile)).map(drop)
    }),
    row("Sysctl", "a parameter of the container is set, the host's stays", |stage, runtime| {
        let own = fs::read_to_string("/proc/sys/net/ipv4/ip_default_ttl").unwrap_or_default();
        let bundle =
            Bundle::new(stage, "b").set("/linux/sysctl", json!({"net.ipv4.ip_default_ttl": "77"}));
        equal(&shown(stage, runtime, bundle, "cat /proc/sys/net/ipv4/ip_default_ttl")?, "77")?;
        equal(&fs::read_to_string("/proc/sys/net/ipv4/ip_default_ttl").unwrap_or_default(), &own)
    }),
    row("Sysctl", "a parameter of the whole machine is refused", |stage, runtime| {
        refused(
            stage,
            runtime,
            &Bundle::new(stage, "b").set("/linux/sysctl", json!({"kernel.pid_max": "4000"})),
        )
        .map(drop)
    }),
    row("Masked Paths", "a file reads as empty, a folder has nothing in it", |stage, runtime| {
        let bundle = Bundle::new(stage, "b").set(
            "/linux/maskedPaths",
            json!(["/proc/timer_list", "/etc", "/etc/passwd", "/not/there"]),
        );
        equal(
            &shown(stage, runtime, bundle, "cat /proc/timer_list | wc -c; ls /etc | wc -l")?,
            "0\n0",
        )
    }),
    row("Readonly Paths", "they cannot be written to", |stage, runtime| {
        let bundle = Bundle::new(stage, "b")
            .set("/linux/readonlyPaths", json!(["/usr", "/etc/passwd", "/proc/sys", "/not/there"]));
        let seen = shown(
            stage,
            runtime,
            bundle,
            "(touch /usr/x; echo x >> /etc/passwd; echo x > /proc/sys/kernel/hostname) 2>&1; touch /tmp/y && echo elsewhere",
        )?;
        ensure(seen.matches("Read-only").count() == 3 && seen.ends_with("elsewhere"), seen)
    }),
    row("Personality", "it is the given one", |stage, runtime| {
        let bundle =
            Bundle::new(stage, "b").set("/linux/personality", json!({"domain": "LINUX32"}));
        let seen = shown(stage, runtime, bundle, "uname -m")?;
        ensure(["i686", "i386", "armv8l"].contains(&seen.as_str()), seen)
    }),
];
