//! Making, finding, freezing, killing and removing groups.

use std::process::Command;
use std::time::{Duration, Instant};

use cgroup::{Error, Group, Hierarchies, Record};

use crate::{Script, TestGroup, eventually, group, limit, unique};

#[test]
fn frozen_processes_stand_still_and_can_be_killed() {
    let test = "freeze";
    let Some(group) = group(test) else { return };
    let script = Script::start(&group, "(while :; do :; done) & while :; do :; done");
    eventually("the second process", || group.pids().expect("it lists").len() == 2);
    assert!(!group.frozen().expect("it tells"));
    group.freeze(Duration::from_secs(5)).expect("it freezes");
    assert!(group.frozen().expect("it tells"));
    let time = || {
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", script.pid())).expect("it is there");
        stat.split(' ')
            .skip(13)
            .take(2)
            .map(|ticks| ticks.parse::<u64>().expect("a number"))
            .sum::<u64>()
    };
    let before = time();
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(time(), before, "frozen processes use no time");
    group.thaw().expect("it thaws");
    assert!(!group.frozen().expect("it tells"));
    eventually("time going on", || time() > before);
    group.freeze(Duration::from_secs(5)).expect("it freezes");
    group.kill().expect("it kills");
    let (_, _, status) = script.end();
    assert!(!status.success());
    group.wait_empty(Duration::from_secs(5)).expect("it empties");
}

#[test]
fn kill_ends_a_tree_and_what_it_forks_meanwhile() {
    let Some(group) = group("kill") else { return };
    let nested: Vec<_> = group.directories().map(|one| one.path.join("inner")).collect();
    for path in &nested {
        std::fs::create_dir(path).expect("a group inside");
    }
    let procs = nested[0].join("cgroup.procs");
    let script = format!(
        "(sleep 60 & sleep 60 & wait) & (echo 0 > {}; sleep 60 & sleep 60) & \
         while :; do sleep 60 & sleep 0.01; done",
        procs.display()
    );
    let script = Script::start(&group, &script);
    eventually("a dozen processes", || group.pids().expect("it lists").len() > 12);
    group.kill().expect("it kills");
    drop(script);
    group.wait_empty(Duration::from_secs(5)).expect("it empties");
    assert!(group.pids().expect("it lists").is_empty());
    let paths: Vec<_> = group.directories().map(|one| one.path.clone()).collect();
    group.remove().expect("it goes, with the groups inside");
    assert!(paths.iter().all(|path| !path.exists()));
    group.remove().expect("what is gone is fine");
    group.kill().expect("what is gone is fine");
    group.wait_empty(Duration::from_secs(1)).expect("what is gone is fine");
}

#[test]
fn a_record_finds_the_group_again() {
    let Some(group) = group("record") else { return };
    let script = Script::start(&group, "sleep 60");
    let record = serde_json::to_string(&group.record()).expect("it is written");
    let record: Record = serde_json::from_str(&record).expect("it is read");
    let found = Group::open(&record);
    assert_eq!(found.record(), record);
    assert!(found.pids().expect("it lists").contains(&script.pid()));
    assert!(matches!(found.remove(), Err(Error::InUse { .. })), "it holds a process");
    found.kill().expect("it kills");
    found.remove().expect("it goes");
    let gone = Group::open(&record);
    assert!(gone.pids().expect("it lists").is_empty());
    gone.remove().expect("what is gone is fine");
}

#[test]
fn a_used_path_is_refused_and_a_remnant_is_replaced() {
    let test = "remnant";
    let Some(first) = group(test) else { return };
    let hierarchies = Hierarchies::detect().expect("it was there");
    let path = first.directories().next().expect("it has a directory").path.clone();
    let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
    let script = Script::start(&first, "sleep 60");
    assert!(matches!(Group::create(&hierarchies, name), Err(Error::InUse { .. })));
    assert!(first.pids().expect("it lists").contains(&script.pid()), "the first is unharmed");
    first.kill().expect("it kills");
    drop(script);
    first.wait_empty(Duration::from_secs(5)).expect("it empties");
    let limited = limit(&first, test, r#"{"pids":{"limit":3}}"#);
    let again = TestGroup(Group::create(&hierarchies, name).expect("the remnant is replaced"));
    if limited {
        assert_eq!(again.stats().expect("it counts").pids_limit, None);
    }
}

#[test]
fn nested_paths_take_their_parents_with_them() {
    let Some(probe) = group("nested paths") else {
        return;
    };
    let hierarchies = Hierarchies::detect().expect("it was there");
    let parent = unique();
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let (hierarchies, parent) = (hierarchies.clone(), parent.clone());
            std::thread::spawn(move || {
                for turn in 0..10 {
                    let path = format!("{parent}/pod/{thread}-{turn}");
                    let group = TestGroup(Group::create(&hierarchies, &path).expect("it is made"));
                    drop(Script::start(&group, "sleep 60"));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no failure");
    }
    for directory in probe.directories() {
        let left = directory.path.with_file_name(&parent);
        assert!(!left.exists(), "{} is left", left.display());
    }
}

#[test]
fn an_absolute_path_leaves_the_parents_of_others() {
    let Some(outer) = group("absolute path") else {
        return;
    };
    let hierarchies = Hierarchies::detect().expect("it was there");
    // One whose path is the same in each hierarchy.
    let name = unique();
    let parent = TestGroup(Group::create(&hierarchies, &format!("/{name}")).expect("it is made"));
    let inner = Group::create(&hierarchies, &format!("/{name}/x/y")).expect("it is made");
    inner.remove().expect("it goes");
    for directory in parent.directories() {
        assert!(directory.path.exists() && !directory.path.join("x").exists());
    }
    drop(outer);
}

#[test]
fn a_thread_enters_by_itself() {
    let Some(group) = group("enter") else { return };
    if Hierarchies::detect().expect("it was there").is_unified() {
        eprintln!("left out: enter: version 2 moves whole processes, and this one runs the tests");
        return;
    }
    let groups = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            group.enter(true).expect("it enters");
            std::fs::read_to_string("/proc/thread-self/cgroup").expect("it is there")
        });
        thread.join().expect("no failure")
    });
    for directory in group.directories().filter(|one| !one.unified) {
        let name = directory.path.file_name().and_then(|name| name.to_str()).expect("a name");
        let controllers = directory.controllers.join(",");
        let entered =
            |line: &str| line.contains(&format!(":{controllers}:")) && line.ends_with(name);
        assert!(groups.lines().any(entered), "{controllers}: {groups}");
    }
}

#[test]
fn creation_and_removal_are_quick() {
    let test = "cost";
    let Some(warm) = group(test) else { return };
    let json = r#"{"memory":{"limit":67108864},"cpu":{"shares":512},"pids":{"limit":64},
        "devices":[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":1,"minor":3,"access":"rwm"}]}"#;
    let resources = serde_json::from_str(json).expect("good");
    let mut steps: [Vec<Duration>; 7] = Default::default();
    for _ in 0..40 {
        let mut child = Command::new("sleep").arg("60").spawn().expect("sleep starts");
        let mut at = Instant::now();
        let mut lap = |step: usize| {
            steps[step].push(at.elapsed());
            at = Instant::now();
        };
        let again = Hierarchies::detect().expect("it is there");
        lap(0);
        let group = Group::create(&again, &unique()).expect("it is made");
        lap(1);
        let applied = group.apply(&resources);
        lap(2);
        group.add(child.id()).expect("it joins");
        lap(3);
        group.stats().expect("it counts");
        lap(4);
        group.kill().expect("it kills");
        child.wait().expect("it ends");
        lap(5);
        group.remove().expect("it goes");
        lap(6);
        if let Err(error) = applied {
            eprintln!("left out: {test}: {error}");
        }
    }
    let names = ["detect", "create", "apply", "add", "stats", "kill and wait", "remove"];
    for (name, times) in names.iter().zip(&mut steps) {
        times.sort();
        eprintln!(
            "{name}: median {:?}, worst {:?}",
            times[times.len() / 2],
            times[times.len() - 1]
        );
    }
    // Generous: other tests run at the same time.
    assert!(steps[1][20] + steps[6][20] < Duration::from_millis(50));
    drop(warm);
}

#[test]
fn a_parent_with_processes_is_named_when_it_hands_nothing_down() {
    let test = "internal processes";
    let Some(_probe) = group(test) else { return };
    let hierarchies = Hierarchies::detect().expect("it was there");
    let json = if hierarchies.is_unified() {
        r#"{"pids":{"limit":3}}"#
    } else if hierarchies.is_hybrid() && hierarchies.controllers().any(|one| one == "hugetlb") {
        r#"{"hugepageLimits":[{"pageSize":"2MB","limit":0}]}"#
    } else {
        eprintln!("left out: {test}: no version 2 controller");
        return;
    };
    let name = unique();
    let parent = TestGroup(Group::create(&hierarchies, &format!("/{name}")).expect("it is made"));
    let script = Script::start(&parent, "sleep 60");
    let inner =
        TestGroup(Group::create(&hierarchies, &format!("/{name}/inner")).expect("it is made"));
    let error = inner.apply(&serde_json::from_str(json).expect("good")).expect_err("it can't be");
    assert!(
        matches!(&error, Error::InternalProcesses { path, .. } if path.ends_with(&name)),
        "{error}"
    );
    drop(inner);
    drop(script);
}
