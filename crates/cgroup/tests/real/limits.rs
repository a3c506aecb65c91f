//! Limits.

use std::time::Duration;

use cgroup::{Error, Hierarchies};

use crate::{Script, eventually, group, limit};

const HOG: &str = "head -c 300000000 /dev/zero | tail -c 200000000 | wc -c";

#[test]
fn memory_limit_ends_what_passes_it_and_tells() {
    let test = "memory limit";
    let Some(group) = group(test) else { return };
    if !limit(&group, test, r#"{"memory":{"limit":33554432,"swap":33554432}}"#) {
        return;
    }
    let watch = group.watch_oom().expect("it can be watched");
    let (out, _, _) = Script::start(&group, HOG).end();
    assert_ne!(out.trim(), "200000000");
    use std::os::fd::AsFd;
    let mut fds =
        [rustix::event::PollFd::from_borrowed_fd(watch.as_fd(), rustix::event::PollFlags::IN)];
    let second = rustix::event::Timespec { tv_sec: 1, tv_nsec: 0 };
    assert_eq!(rustix::event::poll(&mut fds, Some(&second)), Ok(1), "the watch tells");
    watch.drain();
    assert!(group.oom_kills().expect("it counts") > 0);
    let stats = group.stats().expect("it counts");
    assert_eq!(stats.memory_limit, Some(33_554_432));
    // Some version 1 kernels do not count the hits.
    assert!(stats.oom_kills > Some(0) && stats.memory_limit_hits.is_some());
    assert!(
        stats.memory_peak.is_none_or(|peak| peak > 20_000_000 && peak <= 33_554_432),
        "{stats:?}"
    );
}

#[test]
fn memory_limit_moves_both_ways_past_the_swap_limit() {
    let test = "memory update";
    let Some(group) = group(test) else { return };
    for (limit_now, swap) in [(64, 96), (128, 160), (32, 48), (96, 96), (16, 16), (-1, -1)] {
        let json = format!(
            r#"{{"memory":{{"limit":{},"swap":{}}}}}"#,
            limit_now * 1_048_576,
            swap * 1_048_576
        );
        if !limit(&group, test, &json) {
            return;
        }
        let wanted = u64::try_from(limit_now * 1_048_576).ok();
        assert_eq!(group.stats().expect("it counts").memory_limit, wanted);
    }
    let error = group
        .apply(
            &serde_json::from_str(r#"{"memory":{"limit":9000000,"swap":8000000}}"#).expect("good"),
        )
        .expect_err("swap is below memory");
    assert!(error.to_string().contains("linux.resources.memory"), "{error}");
}

#[test]
fn pids_limit_stops_forks() {
    let test = "pids limit";
    let Some(group) = group(test) else { return };
    if !limit(&group, test, r#"{"pids":{"limit":4}}"#) {
        return;
    }
    let script = Script::start(&group, "for i in 1 2 3 4 5 6 7 8; do sleep 30 & done; wait");
    eventually("the fourth process", || {
        group.stats().expect("it counts").pids_current >= Some(4)
            || group.pids().expect("it lists").len() < 2
    });
    let stats = group.stats().expect("it counts");
    assert_eq!(stats.pids_limit, Some(4));
    assert!(stats.pids_current <= Some(4));
    group.kill().expect("it kills");
    let (_, err, _) = script.end();
    drop(err);
}

#[test]
fn cpu_quota_throttles_and_time_is_counted() {
    let test = "cpu quota";
    let Some(group) = group(test) else { return };
    if !limit(&group, test, r#"{"cpu":{"quota":10000,"period":50000,"shares":512}}"#) {
        return;
    }
    let script = Script::start(&group, "while :; do :; done");
    std::thread::sleep(Duration::from_millis(600));
    let stats = group.stats().expect("it counts");
    drop(script);
    let used = stats.cpu_total_ns.expect("time is counted");
    assert!((20_000_000..400_000_000).contains(&used), "{used} ns in 600 ms at a fifth");
    assert!(stats.cpu_throttled_periods > Some(0) && stats.cpu_throttled_ns > Some(0), "{stats:?}");
    assert!(stats.cpu_user_ns.is_some() && stats.cpu_kernel_ns.is_some());
}

#[test]
fn cpuset_confines_a_process_that_runs_already() {
    let test = "cpuset";
    let Some(group) = group(test) else { return };
    let script = Script::start(&group, "sleep 60");
    if !limit(&group, test, r#"{"cpu":{"cpus":"0","mems":"0"}}"#) {
        return;
    }
    let status =
        std::fs::read_to_string(format!("/proc/{}/status", script.pid())).expect("it runs");
    assert!(status.contains("Cpus_allowed_list:\t0\n"), "{status}");
}

#[test]
fn devices_are_denied_unless_allowed() {
    let test = "devices";
    let Some(group) = group(test) else { return };
    let rules = |zero: bool| {
        format!(
            r#"{{"devices":[{{"allow":true,"access":"rwm"}},{{"allow":false,"access":"rwm"}},
            {{"allow":true,"type":"c","access":"m"}},
            {{"allow":true,"type":"c","major":1,"minor":3,"access":"rwm"}},
            {{"allow":{zero},"type":"c","major":1,"minor":5,"access":"r"}}]}}"#
        )
    };
    if !limit(&group, test, &rules(true)) {
        return;
    }
    let script = "true </dev/null && echo null; (true </dev/zero) && echo zero; \
                  (: >/dev/zero) && echo written; (true </dev/urandom) && echo random; true";
    let (out, err, _) = Script::start(&group, script).end();
    assert_eq!(out, "null\nzero\n", "{err}");
    assert!(limit(&group, test, &rules(true)), "the same again");
    assert!(limit(&group, test, &rules(false)), "less");
    let (out, err, _) = Script::start(&group, script).end();
    assert_eq!(out, "null\n", "{err}");
    assert!(limit(&group, test, r#"{"devices":[{"allow":true,"access":"rwm"}]}"#), "all");
    let (out, err, _) = Script::start(&group, script).end();
    assert_eq!(out, "null\nzero\nwritten\nrandom\n", "{err}");
}

#[test]
fn huge_pages_and_throttles_are_written() {
    let test = "huge pages";
    let Some(group) = group(test) else { return };
    if limit(&group, test, r#"{"hugepageLimits":[{"pageSize":"2MB","limit":4194304}]}"#) {
        let stats = group.stats().expect("it counts");
        assert!(stats.hugetlb.iter().any(|one| one.page_size == "2MB"), "{stats:?}");
    }
    let Some(device) = std::fs::read_dir("/sys/block").ok().and_then(|mut list| list.next()?.ok())
    else {
        eprintln!("left out: throttles: no block device");
        return;
    };
    let numbers = std::fs::read_to_string(device.path().join("dev")).expect("it has a number");
    let (major, minor) = numbers.trim().split_once(':').expect("two numbers");
    let json = format!(
        r#"{{"blockIO":{{"throttleReadBpsDevice":[{{"major":{major},"minor":{minor},"rate":1048576}}]}}}}"#
    );
    if limit(&group, "throttles", &json) {
        let written = group.directories().any(|one| {
            ["blkio.throttle.read_bps_device", "io.max"].iter().any(|file| {
                std::fs::read_to_string(one.path.join(file))
                    .is_ok_and(|text| text.contains(numbers.trim()) && text.contains("1048576"))
            })
        });
        assert!(written);
    }
}

#[test]
fn what_the_machine_lacks_is_refused_by_name_before_anything_is_written() {
    let Some(group) = group("unsupported") else {
        return;
    };
    let has_rdma =
        Hierarchies::detect().expect("it was there").controllers().any(|one| one == "rdma");
    if has_rdma {
        eprintln!("left out: unsupported: this machine has an rdma controller");
        return;
    }
    let json = r#"{"pids":{"limit":3},"rdma":{"mlx4_0":{"hcaHandles":1}}}"#;
    let error = group.apply(&serde_json::from_str(json).expect("good")).expect_err("it is refused");
    assert!(
        matches!(&error, Error::Unsupported { field, .. } if field == "linux.resources.rdma.mlx4_0")
    );
    assert_eq!(group.stats().expect("it counts").pids_limit, None);
}
