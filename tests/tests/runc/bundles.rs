//! The bundles that are compared.

use std::process::Command;

use e2e::Stage;
use e2e::bundle::{Bundle, bind, mount};
use e2e::machine;
use serde_json::{Value, json};

use crate::inside;

/// What `runc spec` writes, with the script as its process.
pub(crate) fn of_runc_spec(stage: &Stage) -> Option<Bundle> {
    let folder = stage.folder("spec");
    let written = Command::new(machine::program("runc")?).arg("spec").current_dir(&folder).status();
    if !written.is_ok_and(|status| status.success()) {
        return None;
    }
    let text = std::fs::read(folder.join("config.json")).ok()?;
    let config: Value = serde_json::from_slice(&text).ok()?;
    let bundle = Bundle::with_config(stage, "spec", config)
        .set("/process/terminal", json!(false))
        // Named, so that two runs after another have the same.
        .set("/linux/cgroupsPath", json!(format!("/{}", stage.name("spec"))));
    Some(with_script(bundle))
}

fn with_script(bundle: Bundle) -> Bundle {
    inside::install(&bundle.rootfs());
    bundle.set("/process/args", json!(["/bin/sh", "/inside.sh", "one", "two  three"]))
}

/// As much of the specification as a machine like this one carries out.
pub(crate) fn rich(stage: &Stage) -> Bundle {
    let shared = stage.folder("shared");
    std::fs::write(shared.join("file"), "shared").expect("file");
    let capabilities =
        json!(["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_KILL", "CAP_MKNOD", "CAP_SETUID"]);
    let bundle = Bundle::new(stage, "rich")
        .set("/hostname", json!("rich-box"))
        .set("/process/cwd", json!("/usr/bin"))
        .set("/process/env", json!(["PATH=/bin", "A=1", "EMPTY=", "SPACED=x y", "A_LAST=z"]))
        .set("/process/user", json!({"uid": 0, "gid": 0, "umask": 23, "additionalGids": [10, 1001]}))
        .set("/process/oomScoreAdj", json!(321))
        .set("/process/noNewPrivileges", json!(false))
        .set("/process/rlimits", json!([
            {"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200},
            {"type": "RLIMIT_CORE", "soft": 0, "hard": 4096},
            {"type": "RLIMIT_STACK", "soft": 1_048_576, "hard": 2_097_152},
        ]))
        .set("/process/capabilities", json!({
            "bounding": capabilities, "effective": ["CAP_CHOWN", "CAP_KILL"],
            "permitted": capabilities, "inheritable": ["CAP_KILL"], "ambient": ["CAP_KILL"],
        }))
        .push("/mounts", mount("/data/tmp", "tmpfs", "tmpfs", &["noexec", "nodev", "size=1m", "mode=1711"]))
        .push("/mounts", bind(&shared, "/data/shared", &["rbind", "ro"]))
        .push("/mounts", bind(&shared.join("file"), "/data/one-file", &["bind", "nosuid"]))
        .push("/mounts", mount("/sys/fs/cgroup", "cgroup", "cgroup", &["nosuid", "noexec", "nodev", "relatime", "ro"]))
        .push("/linux/namespaces", json!({"type": "cgroup"}))
        .set("/linux/sysctl", json!({"net.ipv4.ip_forward": "1", "kernel.shmmni": "128"}))
        .push("/linux/devices", json!({"path": "/dev/other-null", "type": "c", "major": 1, "minor": 3, "fileMode": 0o640, "uid": 7, "gid": 8}))
        .push("/linux/devices", json!({"path": "/dev/deep/fifo", "type": "p", "fileMode": 0o600}))
        .set("/linux/maskedPaths", json!(["/proc/keys", "/proc/timer_list", "/sys/firmware", "/etc"]))
        .set("/linux/readonlyPaths", json!(["/proc/sys", "/usr", "/not/there"]))
        .set("/linux/rootfsPropagation", json!("private"))
        .set("/linux/resources/memory", json!({"limit": 134_217_728}))
        .set("/linux/resources/cpu", json!({"shares": 512, "quota": 50_000, "period": 100_000}))
        .set("/linux/resources/pids", json!({"limit": 64}))
        .push("/linux/resources/devices", json!({"allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm"}))
        .set("/linux/seccomp", seccomp());
    with_script(bundle)
}

fn seccomp() -> Value {
    json!({
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
        "syscalls": [
            {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
            {"names": ["chroot"], "action": "SCMP_ACT_ERRNO"},
        ],
    })
}

/// A process that is not root.
pub(crate) fn for_user(stage: &Stage) -> Bundle {
    with_script(
        Bundle::new(stage, "user")
            .set("/process/user", json!({"uid": 1000, "gid": 1001, "additionalGids": [10]}))
            .set("/process/cwd", json!("/home/ann"))
            .set("/root/readonly", json!(true)),
    )
}

/// The host's network, processes and names.
pub(crate) fn few_namespaces(stage: &Stage) -> Bundle {
    let mut bundle = Bundle::new(stage, "few")
        .without_namespace("network")
        .without_namespace("ipc")
        .without_namespace("uts");
    if let Some(config) = bundle.config.as_object_mut() {
        config.remove("hostname");
    }
    with_script(bundle)
}

/// Root inside is another user outside.
pub(crate) fn user_namespace(stage: &Stage) -> Bundle {
    let mapping = json!([{"containerID": 0, "hostID": 100_000, "size": 65_536}]);
    let bundle = Bundle::new(stage, "userns")
        .push("/linux/namespaces", json!({"type": "user"}))
        .set("/linux/uidMappings", mapping.clone())
        .set("/linux/gidMappings", mapping);
    let owned =
        Command::new("chown").args(["-R", "-h", "100000:100000"]).arg(bundle.rootfs()).status();
    assert!(owned.is_ok_and(|status| status.success()), "chown");
    with_script(bundle)
}
