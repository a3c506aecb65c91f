//! What the container sees of files: mounts, devices, masks, and that nothing leads out.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::Path;

use runtime::{ErrorKind, RootFs};
use serde_json::json;

use crate::support::{Bundle, Case, add_mount, exec, spec};

pub(crate) const CASES: &[Case] = &[
    ("mounts_are_as_asked_for", mounts),
    ("bind_mounts", bind_mounts),
    ("tmpcopyup", copy_up),
    ("nothing_is_mounted_on_the_host", host_untouched),
    ("shared_mounts_reach_the_host_when_asked_for", shared),
    ("devices", devices),
    ("masked_and_read_only_paths", masks),
    ("host_devices_bound", bound_devices),
    ("read_only_root", read_only_root),
    ("destinations_stay_inside_the_root", destinations_inside),
    ("proc_through_a_symlink_is_refused", proc_symlink),
    ("overlay_of_many_layers", overlay),
    ("bind_mounts_come_and_go_while_it_runs", while_it_runs),
    ("bind_mounts_while_it_runs_stay_inside", while_it_runs_inside),
    ("without_pivot", no_pivot),
    ("mapped_ids_of_a_bind_mount", mapped_ids),
];

fn mounts() {
    let bundle = Bundle::new();
    let mut plain = spec(&["/bin/cat", "/proc/self/mountinfo"]);
    add_mount(
        &mut plain,
        json!({"destination": "/a/b", "type": "tmpfs", "source": "tmpfs",
        "options": ["ro", "noexec", "noatime", "size=8k", "mode=700"]}),
    );
    add_mount(&mut plain, json!({"destination": "/a/b", "options": ["remount", "nosymfollow"]}));
    let output = bundle.run(&plain).expect("a run").output;
    let line = |point: &str| {
        let found = output.lines().find(|line| line.split(' ').nth(4) == Some(point));
        found.unwrap_or_else(|| panic!("{point} is not in {output}")).to_owned()
    };
    assert!(line("/proc").contains(" rw,relatime - proc proc"), "{output}");
    assert!(line("/dev").contains(" rw,nosuid - tmpfs tmpfs"), "{output}");
    assert!(line("/dev/pts").contains("gid=5,mode=620,ptmxmode=666"), "{output}");
    assert!(line("/dev/shm").contains("rw,nosuid,nodev,noexec,relatime - tmpfs shm"), "{output}");
    assert!(line("/dev/mqueue").contains(" - mqueue "), "{output}");
    assert!(line("/sys").contains("ro,nosuid,nodev,noexec,relatime - sysfs"), "{output}");
    let own = line("/a/b");
    assert!(
        own.contains("ro,noexec,noatime,nosymfollow - tmpfs tmpfs ro,size=8k")
            || own.contains("ro,noexec,noatime,nosymfollow - tmpfs tmpfs rw,size=8k"),
        "{own}"
    );
    let points = output.lines().map(|line| line.split(' ').nth(4));
    assert_eq!(points.filter(|point| *point == Some("/")).count(), 1, "the old root is gone");
}

fn bind_mounts() {
    let bundle = Bundle::new();
    let host = tempfile::tempdir().expect("a directory");
    fs::create_dir(host.path().join("sub")).expect("a directory");
    fs::write(host.path().join("file"), "text").expect("a file");
    let source = host.path().to_str().expect("a path");
    let script = "cat /mnt/f; cat /mnt/d/file; touch /mnt/d/new; touch /mnt/r/x; touch /mnt/r/s/x; \
                  grep ' /mnt/d ' /proc/self/mountinfo";
    let mut plain = spec(&["/bin/sh", "-c", script]);
    add_mount(
        &mut plain,
        json!({"destination": "/mnt/f", "type": "bind",
        "source": format!("{source}/file"), "options": ["bind", "ro"]}),
    );
    add_mount(
        &mut plain,
        json!({"destination": "/mnt/d", "source": source, "type": "none",
        "options": ["rbind", "rw", "nodev", "rprivate"]}),
    );
    add_mount(
        &mut plain,
        json!({"destination": "/mnt/r", "source": source, "type": "bind",
        "options": ["rbind"]}),
    );
    add_mount(&mut plain, json!({"destination": "/mnt/r/sub", "type": "tmpfs", "source": "t"}));
    add_mount(&mut plain, json!({"destination": "/mnt/r", "options": ["remount", "rro"]}));
    let outcome = bundle.run(&plain).expect("a run");
    let output = &outcome.output;
    assert!(output.starts_with("texttext"), "{output}");
    assert!(output.contains("/mnt/r/x: Read-only"), "{output}");
    assert!(output.contains(" rw,nodev,"), "{output}");
    assert!(host.path().join("new").exists());
    assert_eq!(outcome.status.code, 0);
}

fn copy_up() {
    let bundle = Bundle::new();
    let data = bundle.root().join("data");
    fs::create_dir_all(data.join("deep/er")).expect("a directory");
    fs::write(data.join("deep/er/file"), "below").expect("a file");
    symlink("deep", data.join("link")).expect("a symlink");
    std::os::unix::fs::chown(data.join("deep/er/file"), Some(12), Some(34)).expect("an owner");
    let script = "cat /data/link/er/file; stat -c ' %u %g' /data/deep/er/file; touch /data/new";
    let mut plain = spec(&["/bin/sh", "-c", script]);
    add_mount(
        &mut plain,
        json!({"destination": "/data", "type": "tmpfs", "source": "tmpfs",
        "options": ["tmpcopyup"]}),
    );
    assert_eq!(bundle.run(&plain).expect("a run").output, "below 12 34\n");
    assert!(!data.join("new").exists());
}

fn host_untouched() {
    let before = fs::read_to_string("/proc/self/mountinfo").expect("a file");
    let bundle = Bundle::new();
    let container = bundle.reaper(&spec(&["unused"]));
    let during = fs::read_to_string("/proc/self/mountinfo").expect("a file");
    assert_eq!(during, before);
    container.delete().expect("a deletion");
    assert!(fs::read_dir(bundle.root().join("proc")).expect("made").next().is_none());
}

fn shared() {
    // In a name space of the case's own, so that the machine stays as it is.
    let maker = crate::support::fork(|| {
        // SAFETY: the copy has one thread and needs none of its maker's mounts.
        unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNS) }
            .expect("a name space");
        let private = rustix::mount::MountPropagationFlags::PRIVATE
            | rustix::mount::MountPropagationFlags::REC;
        rustix::mount::mount_change("/", private).expect("a change");
        let bundle = Bundle::new();
        let host = bundle.path().join("shared");
        fs::create_dir(&host).expect("a directory");
        let flags = rustix::mount::MountFlags::empty();
        rustix::mount::mount("t", &host, "tmpfs", flags, None).expect("a mount");
        rustix::mount::mount_change(&host, rustix::mount::MountPropagationFlags::SHARED)
            .expect("a change");
        fs::create_dir(host.join("in")).expect("a directory");
        let mut plain = spec(&["/bin/sh", "-c", "mount -t tmpfs t /mnt/in && touch /mnt/in/seen"]);
        for set in ["bounding", "permitted", "effective"] {
            plain["process"]["capabilities"][set] = json!(["CAP_SYS_ADMIN"]);
        }
        plain["linux"]["rootfsPropagation"] = json!("rshared");
        add_mount(
            &mut plain,
            json!({"destination": "/mnt", "source": host, "type": "bind",
            "options": ["rbind", "rshared"]}),
        );
        let mounts = || fs::read_to_string("/proc/self/mountinfo").expect("a file").lines().count();
        let before = mounts();
        let outcome = bundle.run(&plain).expect("a run");
        assert_eq!(outcome.status.code, 0, "{}", outcome.output);
        assert!(host.join("in/seen").exists(), "the container's mount reaches the host");
        assert_eq!(mounts(), before + 1, "and no other");
        rustix::mount::unmount(&host, rustix::mount::UnmountFlags::DETACH).expect("an unmount");
        0
    });
    assert_eq!(crate::support::exit_code(maker), 0);
}

fn devices() {
    let bundle = Bundle::new();
    let script = "cd /dev; for d in null zero full random urandom tty; do stat -c '%n %F %t:%T %a' \
                  $d; done; for l in fd stdin stdout stderr ptmx; do readlink $l; done; stat -c '%n %t:%T %a %u %g' \
                  sub/own pipe; echo x > null; head -c 3 zero | wc -c; echo > full";
    let mut plain = spec(&["/bin/sh", "-c", script]);
    plain["linux"]["devices"] = json!([
        {"path": "/dev/sub/own", "type": "c", "major": 1, "minor": 9, "fileMode": 0o640,
         "uid": 3, "gid": 4},
        {"path": "/dev/pipe", "type": "p"},
    ]);
    let output = bundle.run(&plain).expect("a run").output;
    let mut expected = String::new();
    for (name, number) in [
        ("null", "1:3"),
        ("zero", "1:5"),
        ("full", "1:7"),
        ("random", "1:8"),
        ("urandom", "1:9"),
        ("tty", "5:0"),
    ] {
        expected += &format!("{name} character special file {number} 666\n");
    }
    expected += "/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx\n";
    expected += "sub/own 1:9 640 3 4\npipe 0:0 666 0 0\n3\n";
    assert!(output.starts_with(&expected), "{output}\n{expected}");
    assert!(output.contains("No space left"), "{output}");
}

fn masks() {
    let bundle = Bundle::new();
    fs::create_dir_all(bundle.root().join("secret/sub")).expect("a directory");
    fs::write(bundle.root().join("key"), "secret").expect("a file");
    let script = "cat /key; ls /secret; touch /secret/x; echo 1 > /proc/sys/kernel/panic; \
                  wc -c < /proc/timer_list; touch /ro/x; touch /tmp/ok && echo fine";
    let mut plain = spec(&["/bin/sh", "-c", script]);
    fs::create_dir(bundle.root().join("ro")).expect("a directory");
    let linux = &mut plain["linux"];
    linux["maskedPaths"] = json!(["/key", "/secret", "/mnt", "/proc/timer_list", "/not/there"]);
    linux["readonlyPaths"] = json!(["/proc/sys", "/ro", "/not/there"]);
    let output = bundle.run(&plain).expect("a run").output;
    assert!(!output.contains("secret\n") && !output.contains("sub"), "{output}");
    assert_eq!(output.matches("Read-only file system").count(), 3, "{output}");
    assert!(output.contains("\n0\n") && output.ends_with("fine\n"), "{output}");
}

fn read_only_root() {
    let bundle = Bundle::new();
    let script = "touch /x; touch /tmp/x; touch /dev/x && echo dev";
    let mut plain = spec(&["/bin/sh", "-c", script]);
    plain["root"]["readonly"] = json!(true);
    let output = bundle.run(&plain).expect("a run").output;
    assert_eq!(output.matches("Read-only file system").count(), 2, "{output}");
    assert!(output.ends_with("dev\n"), "{output}");
    assert!(!bundle.root().join("x").exists());
}

fn destinations_inside() {
    let bundle = Bundle::new();
    let outside = tempfile::tempdir().expect("a directory");
    let root = bundle.root();
    symlink(outside.path(), root.join("out")).expect("a symlink");
    symlink("../../../../../../../../..", root.join("up")).expect("a symlink");
    symlink("/run/late/conf", root.join("etc/resolv.conf")).expect("a symlink");
    let mut plain = spec(&["/bin/sh", "-c", "cat /out/there; cat /up/there2; cat /run/late/conf"]);
    let source = outside.path().join("source");
    fs::write(&source, "bound\n").expect("a file");
    for destination in ["/out/there", "/up/there2", "/etc/resolv.conf", "/../up/../../there3"] {
        add_mount(
            &mut plain,
            json!({"destination": destination, "type": "bind",
            "source": source, "options": ["bind"]}),
        );
    }
    add_mount(&mut plain, json!({"destination": "/out/dir", "type": "tmpfs", "source": "t"}));
    let outcome = bundle.run(&plain).expect("a run");
    assert_eq!(outcome.output, "bound\nbound\nbound\n");
    let names: Vec<_> = fs::read_dir(outside.path()).expect("a directory").collect();
    assert_eq!(names.len(), 1, "only the source is outside");
    assert!(!Path::new("/there2").exists() && !Path::new("/there3").exists());
    assert!(root.join("there3").exists());
}

fn proc_symlink() {
    let bundle = Bundle::new();
    symlink("/tmp", bundle.root().join("proc")).expect("a symlink");
    let error = bundle.run(&spec(&["/bin/true"])).expect_err("a symlink");
    assert!(error.to_string().starts_with("mounts[0].destination"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

fn overlay() {
    let bundle = Bundle::new();
    let base = bundle.path();
    let mut lowers = Vec::new();
    for number in 0..150 {
        let layer = base.join(format!("layer{number}"));
        fs::create_dir(&layer).expect("a layer");
        fs::write(layer.join("which"), format!("{number}\n")).expect("a file");
        fs::write(layer.join(format!("only{number}")), "").expect("a file");
        lowers.push(layer);
    }
    let deep = base.join("d".repeat(200)).join("e".repeat(200));
    fs::create_dir_all(&deep).expect("a long path");
    fs::write(deep.join("long"), "").expect("a file");
    lowers.push(deep);
    lowers.push(bundle.root());
    let (upper, work) = (base.join("upper"), base.join("work"));
    fs::create_dir(&upper).expect("a directory");
    fs::create_dir(&work).expect("a directory");
    let script = "cat /which; ls / | grep -c only; test -e /long && echo long; touch /written";
    let outcome = bundle
        .run_with(&spec(&["/bin/sh", "-c", script]), |options| {
            options.rootfs = RootFs::Overlay { lowers, upper: upper.clone(), work };
        })
        .expect("a run");
    assert_eq!(outcome.output, "0\n150\nlong\n");
    assert!(upper.join("written").exists() && !bundle.root().join("written").exists());
}

fn while_it_runs() {
    let bundle = Bundle::new();
    let container = bundle.reaper(&spec(&["unused"]));
    let host = tempfile::tempdir().expect("a directory");
    fs::write(host.path().join("file"), "text\n").expect("a file");
    let at = |path: &'static str| Path::new(path);
    container.mount_bind(host.path(), at("/new/place"), false).expect("a mount");
    container.mount_bind(host.path(), at("/mnt"), true).expect("a mount");
    container.mount_bind(&host.path().join("file"), at("/etc/file"), true).expect("a mount");
    let output = exec(
        &container,
        "cat /new/place/file /mnt/file /etc/file; touch /new/place/w; touch /mnt/w2; echo > /etc/file",
    )
    .output;
    assert!(output.starts_with("text\ntext\ntext\n"), "{output}");
    assert_eq!(output.matches("Read-only file system").count(), 2, "{output}");
    assert!(host.path().join("w").exists() && !host.path().join("w2").exists());
    for path in ["/new/place", "/mnt", "/etc/file"] {
        container.unmount(at(path)).expect(path);
        let error = container.unmount(at(path)).expect_err("nothing is mounted");
        assert_eq!(error.errno(), Some(libc::EINVAL), "{error}");
    }
    assert_eq!(exec(&container, "ls /new/place /mnt | grep file; cat /etc/file").output, "");
    let error = container.mount_bind(at("/nowhere"), at("/x"), false).expect_err("no source");
    assert_eq!(error.errno(), Some(libc::ENOENT), "{error}");
    container.delete().expect("a deletion");
}

fn while_it_runs_inside() {
    let bundle = Bundle::new();
    let container = bundle.reaper(&spec(&["unused"]));
    let outside = tempfile::tempdir().expect("a directory");
    let victim = outside.path().join("victim");
    exec(&container, &format!("ln -s {} /link; ln -s /proc/1/root /magic", victim.display()));
    container.mount_bind(outside.path(), Path::new("/link/x"), false).expect("a mount");
    container.mount_bind(outside.path(), Path::new("/../../y"), false).expect("a mount");
    assert!(!victim.exists() && !Path::new("/y").exists());
    assert!(container.mount_bind(outside.path(), Path::new("/magic/z"), false).is_err());
    container.delete().expect("a deletion");
}

fn no_pivot() {
    let bundle = Bundle::new();
    let outcome = bundle
        .run_with(&spec(&["/bin/sh", "-c", "ls /; cd ..; pwd"]), |options| options.no_pivot = true)
        .expect("a run");
    assert!(outcome.output.contains("bin\n") && outcome.output.ends_with("/\n"), "{outcome:?}");
}

fn mapped_ids() {
    let bundle = Bundle::new();
    let host = bundle.path().join("data");
    fs::create_dir(&host).expect("a directory");
    std::os::unix::fs::chown(&host, Some(1000), Some(1000)).expect("an owner");
    let map = json!([{"containerID": 1000, "hostID": 5000, "size": 10}]);
    let mut plain = spec(&["/bin/sh", "-c", "stat -c '%u %g' /mnt"]);
    add_mount(
        &mut plain,
        json!({"destination": "/mnt", "type": "bind", "source": host,
        "options": ["bind"], "uidMappings": map, "gidMappings": map}),
    );
    match bundle.run(&plain) {
        Ok(outcome) => assert_eq!(outcome.output, "5000 5000\n"),
        Err(error) if error.errno() == Some(libc::EINVAL) => {
            eprintln!("left out: mapped_ids: the file system of {} has none", host.display());
        }
        Err(error) => panic!("{error}"),
    }
    assert_eq!(fs::metadata(&host).expect("there").uid(), 1000);
}

/// A `/dev` that is bound is left as it is, even an empty one.
fn bound_devices() {
    let bundle = Bundle::new();
    let dev = bundle.path().join("dev");
    fs::create_dir(&dev).expect("a directory");
    fs::write(bundle.root().join("key"), "secret").expect("a file");
    let mut plain = spec(&["/bin/sh", "-c", "ls /dev; cat /key; echo done"]);
    plain["mounts"][1] =
        json!({"destination": "/dev/", "type": "bind", "source": dev, "options": ["rbind", "ro"]});
    plain["mounts"].as_array_mut().expect("a list").drain(2..5);
    plain["linux"]["maskedPaths"] = json!(["/key"]);
    assert_eq!(bundle.run(&plain).expect("a run").output, "done\n");
    assert_eq!(fs::read_dir(&dev).expect("a directory").count(), 0);
}
