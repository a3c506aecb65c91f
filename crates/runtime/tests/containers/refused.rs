//! What can't be honoured is an error that names the field.

use runtime::ErrorKind;
use serde_json::{Value, json};

use crate::support::{Bundle, Case, children, spec};

pub(crate) const CASES: &[Case] = &[
    ("what_can_not_be_honoured_is_named", named),
    ("failures_inside_are_named_and_undone", undone),
];

/// A change of the plain specification, and how the error begins.
type Refusal = (fn(&mut Value), &'static str);

fn check(cases: &[Refusal]) -> Vec<ErrorKind> {
    let bundle = Bundle::new();
    let mut kinds = Vec::new();
    for (change, field) in cases {
        let mut plain = spec(&["/bin/true"]);
        change(&mut plain);
        let error = runtime::create(bundle.options(&plain)).expect_err(field);
        assert!(error.to_string().starts_with(field), "{field}: {error}");
        assert_eq!(children(), 0, "{field}");
        kinds.push(error.kind());
    }
    kinds
}

fn named() {
    let cases: &[Refusal] = &[
        (|spec| spec["ociVersion"] = json!("2.0.0"), "ociVersion"),
        (|spec| spec["linux"] = json!(null), "linux"),
        (|spec| spec["process"] = json!(null), "process"),
        (|spec| spec["root"] = json!(null), "root"),
        (|spec| spec["root"]["path"] = json!("nowhere"), "root.path"),
        (|spec| spec["windows"] = json!({"layerFolders": []}), "windows"),
        (|spec| spec["vm"] = json!({"kernel": {"path": "/k"}}), "vm"),
        (|spec| spec["process"]["args"] = json!([]), "process.args"),
        (|spec| spec["process"]["args"] = json!(["a\u{0}b"]), "process.args[0]"),
        (|spec| spec["process"]["commandLine"] = json!("x"), "process.commandLine"),
        (|spec| spec["process"]["cwd"] = json!("tmp"), "process.cwd"),
        (|spec| spec["process"]["env"] = json!(["A"]), "process.env[0]"),
        (|spec| spec["process"]["user"]["username"] = json!("u"), "process.user.username"),
        (|spec| spec["process"]["user"]["umask"] = json!(0o1000), "process.user.umask"),
        (|spec| spec["process"]["oomScoreAdj"] = json!(2000), "process.oomScoreAdj"),
        (|spec| spec["process"]["selinuxLabel"] = json!("a:b:c:d"), "process.selinuxLabel"),
        (|spec| spec["process"]["apparmorProfile"] = json!("p"), "process.apparmorProfile"),
        (
            |spec| {
                spec["process"]["rlimits"] = json!([
                {"type": "RLIMIT_CORE", "hard": 0, "soft": 0},
                {"type": "RLIMIT_CORE", "hard": 0, "soft": 0}])
            },
            "process.rlimits[1].type",
        ),
        (
            |spec| {
                spec["process"]["rlimits"] = json!([
                {"type": "RLIMIT_CORE", "hard": 0, "soft": 1}])
            },
            "process.rlimits[0]",
        ),
        (
            |spec| {
                spec["process"]["ioPriority"] = json!({"class": "IOPRIO_CLASS_BE", "priority": 9})
            },
            "process.ioPriority.priority",
        ),
        (|spec| spec["mounts"][1]["destination"] = json!("dev"), "mounts[1].destination"),
        (|spec| spec["mounts"][1]["type"] = json!(null), "mounts[1].type"),
        (|spec| spec["mounts"][1]["type"] = json!("bind"), "mounts[1].options[2]"),
        (
            |spec| {
                spec["mounts"][0] =
                    json!({"destination": "/x", "type": "bind", "options": ["bind"]})
            },
            "mounts[0].source",
        ),
        (
            |spec| {
                spec["mounts"][1]["uidMappings"] =
                    json!([{"containerID": 0, "hostID": 1, "size": 1}])
            },
            "mounts[1].uidMappings",
        ),
        (|spec| spec["linux"]["namespaces"] = json!([{"type": "pid"}]), "linux.namespaces"),
        (
            |spec| spec["linux"]["namespaces"] = json!([{"type": "mount"}, {"type": "mount"}]),
            "linux.namespaces[1].type",
        ),
        (
            |spec| spec["linux"]["namespaces"][1]["path"] = json!("/nowhere"),
            "linux.namespaces[1].path",
        ),
        (
            |spec| spec["linux"]["namespaces"][1]["path"] = json!("/proc/self/ns/pid"),
            "linux.namespaces[1].path",
        ),
        (
            |spec| spec["linux"]["namespaces"][4]["path"] = json!("/proc/self/ns/mnt"),
            "linux.namespaces[4].path",
        ),
        (
            |spec| {
                spec["linux"]["uidMappings"] = json!([{"containerID": 0, "hostID": 1, "size": 1}])
            },
            "linux.uidMappings",
        ),
        (|spec| spec["linux"]["namespaces"][1] = json!({"type": "user"}), "linux.uidMappings"),
        (
            |spec| spec["linux"]["timeOffsets"] = json!({"boottime": {"secs": 1}}),
            "linux.timeOffsets",
        ),
        (|spec| spec["linux"]["intelRdt"] = json!({"closID": "x"}), "linux.intelRdt"),
        (|spec| spec["linux"]["netDevices"] = json!({"eth0": {}}), "linux.netDevices"),
        (|spec| spec["linux"]["rootfsPropagation"] = json!("odd"), "linux.rootfsPropagation"),
        (|spec| spec["linux"]["maskedPaths"] = json!(["proc"]), "linux.maskedPaths[0]"),
        (|spec| spec["linux"]["readonlyPaths"] = json!(["/a", "b"]), "linux.readonlyPaths[1]"),
        (
            |spec| spec["linux"]["sysctl"] = json!({"vm.swappiness": "1"}),
            "linux.sysctl[\"vm.swappiness\"]",
        ),
        (
            |spec| {
                spec["linux"]["devices"] =
                    json!([{"path": "x", "type": "c", "major": 1, "minor": 3}])
            },
            "linux.devices[0].path",
        ),
        (
            |spec| {
                spec["linux"]["devices"] =
                    json!([{"path": "/dev/x", "type": "c", "major": -1, "minor": 3}])
            },
            "linux.devices[0].major",
        ),
        (
            |spec| spec["linux"]["personality"] = json!({"domain": "LINUX", "flags": ["x"]}),
            "linux.personality.flags",
        ),
        (
            |spec| {
                spec["linux"]["seccomp"] = json!({"defaultAction": "SCMP_ACT_ALLOW",
                "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]})
            },
            "linux.seccomp",
        ),
        (
            |spec| spec["hooks"] = json!({"createRuntime": [{"path": "x"}]}),
            "hooks.createRuntime[0].path",
        ),
        (
            |spec| spec["hooks"] = json!({"poststop": [{"path": "/x", "timeout": 0}]}),
            "hooks.poststop[0].timeout",
        ),
    ];
    let kinds = check(cases);
    assert!(
        kinds.iter().all(|kind| {
            matches!(kind, ErrorKind::Invalid | ErrorKind::Unsupported | ErrorKind::Kernel)
        }),
        "{kinds:?}"
    );
}

/// These are found only when the container's process is at work.
fn undone() {
    let cases: &[Refusal] = &[
        (|spec| spec["mounts"][1]["type"] = json!("nofs"), "mounts[1].type"),
        (|spec| spec["mounts"][1]["options"] = json!(["wrong=1"]), "mounts[1]"),
        (
            |spec| {
                spec["mounts"][1] = json!({"destination": "/x", "type": "bind",
                "source": "/nowhere", "options": ["bind"]})
            },
            "mounts[1].source",
        ),
        (|spec| spec["mounts"][1]["destination"] = json!("/etc/passwd/x"), "mounts[1].destination"),
        (
            |spec| {
                spec["linux"]["devices"] =
                    json!([{"path": "/etc/passwd", "type": "c", "major": 1, "minor": 3}])
            },
            "linux.devices[0]",
        ),
        (|spec| spec["hostname"] = json!("x".repeat(100)), "hostname"),
        (
            |spec| spec["process"]["scheduler"] = json!({"policy": "SCHED_FIFO", "priority": 1000}),
            "process.scheduler",
        ),
    ];
    check(cases);
}
