//! Plans for version 1 and version 2, against what runc writes for the same.

use super::*;

/// A machine with all controllers in one version.
struct Fake {
    version: Version,
    present: &'static str,
}

impl Machine for Fake {
    fn version(&self, controller: Controller) -> Option<Version> {
        match self.version {
            Version::V1 => Some(Version::V1),
            Version::V2 => controller.v2().map(|_| Version::V2),
        }
    }

    fn read(&self, _: Controller, _: &str) -> Option<String> {
        Some(self.present.to_owned())
    }

    fn has_unified(&self) -> bool {
        self.version == Version::V2
    }
}

/// A machine without any.
struct Bare;

impl Machine for Bare {
    fn version(&self, _: Controller) -> Option<Version> {
        None
    }

    fn read(&self, _: Controller, _: &str) -> Option<String> {
        None
    }

    fn has_unified(&self) -> bool {
        false
    }
}

fn lines(settings: Vec<Setting>) -> Vec<String> {
    let line = |setting: Setting| {
        let files: Vec<String> =
            setting.files.iter().map(|(file, value)| format!("{file}={value}")).collect();
        format!("{}{}", files.join("|"), if setting.optional { "?" } else { "" })
    };
    settings.into_iter().map(line).collect()
}

fn with(version: Version, present: &'static str, json: &str) -> Result<Vec<String>, Error> {
    let resources = serde_json::from_str(json).expect("the document is good");
    plan(&resources, &Fake { version, present }).map(lines)
}

fn v1(json: &str) -> Vec<String> {
    with(Version::V1, "", json).expect("it can be planned")
}

fn v2(json: &str) -> Vec<String> {
    with(Version::V2, "", json).expect("it can be planned")
}

/// The field an error names.
fn refused(version: Version, json: &str) -> String {
    match with(version, "", json).expect_err("it is refused") {
        Error::Unsupported { field, .. } | Error::Invalid { field, .. } => field,
        other => panic!("{other}"),
    }
}

#[test]
fn memory() {
    let json = r#"{"memory":{"limit":100,"swap":150,"reservation":50,"kernel":7}}"#;
    assert_eq!(
        v1(json),
        [
            "memory.limit_in_bytes=100",
            "memory.memsw.limit_in_bytes=150",
            "memory.soft_limit_in_bytes=50"
        ]
    );
    assert_eq!(v2(json), ["memory.max=100", "memory.swap.max=50", "memory.low=50"]);
    let json = r#"{"memory":{"limit":-1}}"#;
    assert_eq!(v1(json), ["memory.limit_in_bytes=-1", "memory.memsw.limit_in_bytes=-1?"]);
    assert_eq!(v2(json), ["memory.max=max", "memory.swap.max=max?"]);
    let json = r#"{"memory":{"limit":9,"swap":9}}"#;
    assert_eq!(v2(json), ["memory.max=9", "memory.swap.max=0?"]);
    for empty in [r#"{"memory":{}}"#, r#"{"memory":{"limit":0,"swap":0,"kernel":5}}"#] {
        assert!(v1(empty).is_empty() && v2(empty).is_empty());
    }
    let json =
        r#"{"memory":{"kernelTCP":5,"swappiness":0,"disableOOMKiller":true,"useHierarchy":true}}"#;
    assert_eq!(
        v1(json),
        [
            "memory.kmem.tcp.limit_in_bytes=5",
            "memory.swappiness=0",
            "memory.oom_control=1",
            "memory.use_hierarchy=1"
        ]
    );
    assert!(v2(r#"{"memory":{"disableOOMKiller":false,"useHierarchy":true}}"#).is_empty());
}

#[test]
fn memory_that_version_2_lacks_is_refused_by_name() {
    for field in
        ["kernelTCP\":5", "swappiness\":60", "disableOOMKiller\":true", "useHierarchy\":false"]
    {
        let named = refused(Version::V2, &format!("{{\"memory\":{{\"{field}}}}}"));
        let name = field.split('"').next().unwrap();
        assert_eq!(named, format!("linux.resources.memory.{name}"));
    }
    for json in [r#"{"memory":{"swap":5}}"#, r#"{"memory":{"limit":10,"swap":5}}"#] {
        assert_eq!(refused(Version::V2, json), "linux.resources.memory.swap");
    }
    let swappy = r#"{"memory":{"swappiness":101}}"#;
    assert_eq!(refused(Version::V1, swappy), "linux.resources.memory.swappiness");
}

#[test]
fn swap_alone_counts_from_the_present_limit() {
    let got = with(Version::V2, "100\n", r#"{"memory":{"swap":150}}"#).unwrap();
    assert_eq!(got, ["memory.swap.max=50"]);
}

#[test]
fn check_before_update_refuses_less_than_is_used() {
    for version in [Version::V1, Version::V2] {
        let json = r#"{"memory":{"limit":99,"checkBeforeUpdate":true}}"#;
        let error = with(version, "100\n", json).unwrap_err();
        assert!(error.to_string().contains("linux.resources.memory.limit"), "{error}");
        assert!(with(version, "99\n", json).is_ok());
    }
}

#[test]
fn cpu() {
    let json = r#"{"cpu":{"shares":1024,"quota":50000,"period":200000,"burst":1000,"idle":0,"cpus":"0-1","mems":"0"}}"#;
    assert_eq!(
        v1(json),
        [
            "cpu.shares=1024",
            "cpu.idle=0?",
            "cpu.cfs_period_us=200000",
            "cpu.cfs_quota_us=50000",
            "cpu.cfs_burst_us=1000",
            "cpuset.cpus=0-1",
            "cpuset.mems=0"
        ]
    );
    assert_eq!(
        v2(json),
        [
            "cpu.weight=39",
            "cpu.idle=0?",
            "cpu.max=50000 200000",
            "cpu.max.burst=1000",
            "cpuset.cpus=0-1",
            "cpuset.mems=0"
        ]
    );
    assert_eq!(v2(r#"{"cpu":{"quota":-1}}"#), ["cpu.max=max 100000"]);
    assert_eq!(v1(r#"{"cpu":{"quota":-5}}"#), ["cpu.cfs_quota_us=-1"]);
    let json = r#"{"cpu":{"realtimeRuntime":10,"realtimePeriod":20}}"#;
    assert_eq!(v1(json), ["cpu.rt_period_us=20", "cpu.rt_runtime_us=10"]);
    assert_eq!(refused(Version::V2, json), "linux.resources.cpu.realtimeRuntime");
    assert_eq!(refused(Version::V1, r#"{"cpu":{"idle":2}}"#), "linux.resources.cpu.idle");
    for empty in [r#"{"cpu":{}}"#, r#"{"cpu":{"shares":0,"quota":0,"period":0,"cpus":""}}"#] {
        assert!(v1(empty).is_empty() && v2(empty).is_empty());
    }
}

#[test]
fn half_of_cpu_max_keeps_the_other_half() {
    let got = |json| with(Version::V2, "30000 60000\n", json).unwrap();
    assert_eq!(got(r#"{"cpu":{"quota":20000}}"#), ["cpu.max=20000 60000"]);
    assert_eq!(got(r#"{"cpu":{"period":90000}}"#), ["cpu.max=30000 90000"]);
}

#[test]
fn block_io() {
    let json = r#"{"blockIO":{"weight":100,
        "weightDevice":[{"major":8,"minor":0,"weight":500}],
        "throttleReadBpsDevice":[{"major":8,"minor":0,"rate":1000}],
        "throttleWriteBpsDevice":[{"major":8,"minor":0,"rate":0}],
        "throttleReadIOPSDevice":[{"major":8,"minor":16,"rate":10}],
        "throttleWriteIOPSDevice":[{"major":8,"minor":0,"rate":20}]}}"#;
    assert_eq!(
        v1(json),
        [
            "blkio.weight=100|blkio.bfq.weight=100",
            "blkio.weight_device=8:0 500|blkio.bfq.weight_device=8:0 500",
            "blkio.throttle.read_bps_device=8:0 1000",
            "blkio.throttle.write_bps_device=8:0 0",
            "blkio.throttle.read_iops_device=8:16 10",
            "blkio.throttle.write_iops_device=8:0 20"
        ]
    );
    assert_eq!(
        v2(json),
        [
            "io.bfq.weight=100|io.weight=910",
            "io.bfq.weight=8:0 500|io.weight=8:0 4950",
            "io.max=8:0 rbps=1000",
            "io.max=8:0 wbps=max",
            "io.max=8:16 riops=10",
            "io.max=8:0 wiops=20"
        ]
    );
    let leaf =
        r#"{"blockIO":{"leafWeight":100,"weightDevice":[{"major":8,"minor":0,"leafWeight":20}]}}"#;
    assert_eq!(v1(leaf), ["blkio.leaf_weight=100", "blkio.leaf_weight_device=8:0 20"]);
    assert_eq!(refused(Version::V2, leaf), "linux.resources.blockIO.leafWeight");
    assert_eq!(
        refused(Version::V1, r#"{"blockIO":{"weight":9}}"#),
        "linux.resources.blockIO.weight"
    );
}

#[test]
fn other_resources() {
    assert_eq!(v1(r#"{"pids":{"limit":5}}"#), ["pids.max=5"]);
    assert_eq!(v2(r#"{"pids":{"limit":-1}}"#), ["pids.max=max"]);
    assert!(v2(r#"{"pids":{"limit":0}}"#).is_empty());
    let huge = r#"{"hugepageLimits":[{"pageSize":"2MB","limit":0}]}"#;
    assert_eq!(v1(huge), ["hugetlb.2MB.rsvd.limit_in_bytes=0?", "hugetlb.2MB.limit_in_bytes=0"]);
    assert_eq!(v2(huge), ["hugetlb.2MB.rsvd.max=0?", "hugetlb.2MB.max=0"]);
    for size in ["", "MB", "2", "2B", "2MBB", "../2MB", "2mb", "0x2MB"] {
        let json = format!(r#"{{"hugepageLimits":[{{"pageSize":"{size}","limit":0}}]}}"#);
        assert_eq!(refused(Version::V2, &json), "linux.resources.hugepageLimits.pageSize");
    }
    let network = r#"{"network":{"classID":1048577,"priorities":[{"name":"eth0","priority":5}]}}"#;
    assert_eq!(v1(network), ["net_cls.classid=1048577", "net_prio.ifpriomap=eth0 5"]);
    assert_eq!(refused(Version::V2, network), "linux.resources.network.classID");
    let rdma = r#"{"rdma":{"mlx4_0":{"hcaHandles":2,"hcaObjects":9}}}"#;
    assert_eq!(v1(rdma), ["rdma.max=mlx4_0 hca_handle=2 hca_object=9"]);
    assert_eq!(v2(rdma), v1(rdma));
}

#[test]
fn unified_files_are_for_version_2() {
    let json = r#"{"unified":{"io.max":"8:0 rbps=1\n8:16 rbps=2"}}"#;
    assert_eq!(v2(json), ["io.max=8:0 rbps=1", "io.max=8:16 rbps=2"]);
    assert_eq!(refused(Version::V1, json), "linux.resources.unified.io.max");
    for file in ["", "memory", ".high", "memory.", "a/memory.high", "../x.y"] {
        refused(Version::V2, &format!(r#"{{"unified":{{"{file}":"1"}}}}"#));
    }
}

#[test]
fn a_machine_without_controllers_refuses_each_field_by_name() {
    for (json, field) in [
        (r#"{"memory":{"limit":1}}"#, "linux.resources.memory.limit"),
        (r#"{"memory":{"reservation":1}}"#, "linux.resources.memory.reservation"),
        (r#"{"cpu":{"shares":2}}"#, "linux.resources.cpu.shares"),
        (r#"{"cpu":{"burst":2}}"#, "linux.resources.cpu.burst"),
        (r#"{"cpu":{"mems":"0"}}"#, "linux.resources.cpu.mems"),
        (r#"{"pids":{"limit":1}}"#, "linux.resources.pids.limit"),
        (r#"{"blockIO":{"weight":10}}"#, "linux.resources.blockIO.weight"),
        (r#"{"hugepageLimits":[{"pageSize":"2MB","limit":1}]}"#, "linux.resources.hugepageLimits"),
        (r#"{"network":{"classID":1}}"#, "linux.resources.network.classID"),
        (r#"{"rdma":{"x":{"hcaHandles":1}}}"#, "linux.resources.rdma.x"),
        (r#"{"unified":{"memory.high":"1"}}"#, "linux.resources.unified.memory.high"),
    ] {
        let resources = serde_json::from_str(json).unwrap();
        match plan(&resources, &Bare) {
            Err(Error::Unsupported { field: named, .. }) => assert_eq!(named, field),
            other => panic!("{json}: {other:?}"),
        }
    }
    assert!(plan(&LinuxResources::default(), &Bare).unwrap().is_empty());
}
