//! config-linux.md: control groups.

use std::fs;
use std::path::PathBuf;

use e2e::Stage;
use e2e::bundle::Bundle;
use e2e::leaks;
use e2e::oci::Runtime;
use serde_json::{Value, json};

use crate::row::{Fault, Made, Outcome, Row, ensure, equal, refused, row, shown};

/// A file of a container's group, in version 2 or in version 1.
fn control(stage: &Stage, v2: &str, v1: &str) -> Result<String, Fault> {
    let groups: Vec<PathBuf> = leaks::cgroups(stage.tag());
    let found = groups
        .iter()
        .flat_map(|group| [group.join(v2), group.join(v1)])
        .find_map(|path| fs::read_to_string(path).ok());
    found
        .map(|text| text.trim().to_owned())
        .ok_or_else(|| Fault::Fails(format!("neither {v2} nor {v1} in {groups:?}")))
}

fn has_controller(v1: &str) -> bool {
    let mounted = fs::read_dir("/sys/fs/cgroup")
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().split(',').any(|name| name == v1));
    let v2 = fs::read_to_string("/sys/fs/cgroup/cgroup.controllers").unwrap_or_default();
    let unified = if v1 == "blkio" { "io" } else { v1 };
    mounted || v2.split_whitespace().any(|name| name == unified)
}

/// A container whose group has this value, with these resources.
fn limited(
    stage: &Stage,
    runtime: &Runtime,
    resources: Value,
    files: (&str, &str),
    wanted: [&str; 2],
) -> Outcome {
    let mut bundle = Bundle::new(stage, "b").sh("exec sleep 1000");
    if let Some(resources) = resources.as_object() {
        for (name, value) in resources {
            bundle = bundle.set(&format!("/linux/resources/{name}"), value.clone());
        }
    }
    let _made = Made::start(stage, runtime, "c", bundle)?;
    let seen = control(stage, files.0, files.1)?;
    ensure(wanted.contains(&seen.as_str()), format!("{seen:?} is none of {wanted:?}"))
}

/// The number of the disk that the stage lies on, if it lies on one.
fn disk(stage: &Stage) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let device = fs::metadata(stage.path()).ok()?.dev();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    let folder = PathBuf::from(format!("/sys/dev/block/{major}:{minor}"));
    (folder.exists() && !folder.join("partition").exists()).then_some((major.into(), minor.into()))
}

pub(crate) const ROWS: &[Row] = &[
    row("Cgroups Path", "the container is in the group of the path", |stage, runtime| {
        let made = Made::start(stage, runtime, "c", Bundle::new(stage, "b").sh("exec sleep 1000"))?;
        let text = fs::read_to_string(format!("/proc/{}/cgroup", made.pid())).unwrap_or_default();
        let path = format!("/{}", stage.name("b"));
        ensure(text.contains(&path), text)
    }),
    row("Cgroups Path", "without a path it is in a group all the same", |stage, runtime| {
        let mut bundle = Bundle::new(stage, "b").sh("exec sleep 1000");
        if let Some(linux) = bundle.config["linux"].as_object_mut() {
            linux.remove("cgroupsPath");
        }
        let made = Made::start(stage, runtime, "c", bundle)?;
        let text = fs::read_to_string(format!("/proc/{}/cgroup", made.pid())).unwrap_or_default();
        ensure(text.contains(stage.tag()), text)
    }),
    row("Cgroups Path", "the group goes with the container", |stage, runtime| {
        let made = Made::start(stage, runtime, "c", Bundle::new(stage, "b").sh("true"))?;
        made.comes_to("stopped")?;
        made.works(&["delete"])?;
        let left = leaks::cgroups(stage.tag());
        ensure(left.is_empty(), left)
    }),
    row("Memory", "the limit is the given one", |stage, runtime| {
        limited(
            stage,
            runtime,
            json!({"memory": {"limit": 67_108_864}}),
            ("memory.max", "memory.limit_in_bytes"),
            ["67108864"; 2],
        )
    }),
    row("Memory", "who needs more is killed", |stage, runtime| {
        let bundle = Bundle::new(stage, "b")
            .set("/linux/resources/memory", json!({"limit": 33_554_432}))
            .sh("exec tail -c 134217728 /dev/zero");
        let ran = runtime.run(stage, &bundle);
        ensure(ran.code == 137, ran)
    }),
    row("Memory", "the reservation is the given one", |stage, runtime| {
        limited(
            stage,
            runtime,
            json!({"memory": {"reservation": 33_554_432}}),
            ("memory.low", "memory.soft_limit_in_bytes"),
            ["33554432"; 2],
        )
    }),
    row("CPU", "quota and period are the given ones", |stage, runtime| {
        limited(
            stage,
            runtime,
            json!({"cpu": {"quota": 30_000, "period": 60_000}}),
            ("cpu.max", "cpu.cfs_quota_us"),
            ["30000 60000", "30000"],
        )
    }),
    row("CPU", "the shares are the given ones", |stage, runtime| {
        limited(
            stage,
            runtime,
            json!({"cpu": {"shares": 512}}),
            ("cpu.weight", "cpu.shares"),
            ["20", "512"],
        )
    }),
    row("CPU", "the processors are the given ones", |stage, runtime| {
        let bundle = Bundle::new(stage, "b").set("/linux/resources/cpu", json!({"cpus": "0"}));
        equal(
            &shown(stage, runtime, bundle, "grep Cpus_allowed_list /proc/self/status | cut -f2")?,
            "0",
        )
    }),
    row("PIDs", "the limit is the given one", |stage, runtime| {
        limited(stage, runtime, json!({"pids": {"limit": 17}}), ("pids.max", "pids.max"), ["17"; 2])
    }),
    row("PIDs", "there are no more processes than that", |stage, runtime| {
        let bundle = Bundle::new(stage, "b")
            .set("/linux/resources/pids", json!({"limit": 10}))
            .sh("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 5 & done; wait");
        let ran = runtime.run(stage, &bundle);
        ensure(ran.err.contains("fork"), ran)
    }),
    row("Block IO", "the rates of a device are the given ones", |stage, runtime| {
        if !has_controller("blkio") {
            return Err(Fault::LeftOut("no controller for block devices"));
        }
        let Some((major, minor)) = disk(stage) else {
            return Err(Fault::LeftOut("the tests lie on no whole disk"));
        };
        let rate = json!([{"major": major, "minor": minor, "rate": 2_097_152}]);
        limited(
            stage,
            runtime,
            json!({"blockIO": {"throttleWriteBpsDevice": rate}}),
            ("io.max", "blkio.throttle.write_bps_device"),
            [
                &format!("{major}:{minor} rbps=max wbps=2097152 riops=max wiops=max"),
                &format!("{major}:{minor} 2097152"),
            ],
        )
    }),
    row("Allowed Device list", "a device that no rule allows cannot be used", |stage, runtime| {
        let bundle = Bundle::new(stage, "b")
            .push(
                "/linux/devices",
                json!({"path": "/dev/a-device", "type": "c", "major": 10, "minor": 229}),
            )
            .sh("(exec 3<>/dev/a-device) 2>&1 | grep -o 'not permitted'");
        equal(runtime.run(stage, &bundle).out.trim_end(), "not permitted")
    }),
    row("Allowed Device list", "a device that a rule allows can be used", |stage, runtime| {
        let bundle = Bundle::new(stage, "b")
            .push(
                "/linux/devices",
                json!({"path": "/dev/a-device", "type": "c", "major": 10, "minor": 229}),
            )
            .push(
                "/linux/resources/devices",
                json!({"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw"}),
            )
            .sh("(exec 3<>/dev/a-device) 2>&1 | grep 'not permitted' || echo open");
        // With or without a driver behind it.
        equal(runtime.run(stage, &bundle).out.trim_end(), "open")
    }),
    row("Allowed Device list", "a later rule wins over an earlier one", |stage, runtime| {
        let bundle = Bundle::new(stage, "b")
            .push(
                "/linux/devices",
                json!({"path": "/dev/a-device", "type": "c", "major": 10, "minor": 229}),
            )
            .push(
                "/linux/resources/devices",
                json!({"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw"}),
            )
            .push(
                "/linux/resources/devices",
                json!({"allow": false, "type": "c", "major": 10, "minor": 229, "access": "rw"}),
            )
            .sh("(exec 3<>/dev/a-device) 2>&1 | grep -o 'not permitted'");
        equal(runtime.run(stage, &bundle).out.trim_end(), "not permitted")
    }),
    row("Control groups", "a limit that the kernel refuses is refused", |stage, runtime| {
        let bundle = Bundle::new(stage, "b").set("/linux/resources/cpu", json!({"cpus": "9999"}));
        refused(stage, runtime, &bundle).map(drop)
    }),
    row("Unified", "a file of version 2 is written as given", |stage, runtime| {
        if !e2e::machine::has_cgroup_v2() {
            return Err(Fault::LeftOut("this machine has control groups of version 1"));
        }
        limited(
            stage,
            runtime,
            json!({"unified": {"pids.max": "19"}}),
            ("pids.max", "pids.max"),
            ["19"; 2],
        )
    }),
];
