//! What a process may do: users, capabilities, limits, filters, name spaces.

use std::fs;
use std::io::Read as _;
use std::os::unix::net::UnixListener;

use runtime::ErrorKind;
use serde_json::json;

use crate::support::{Bundle, Case, captured, exec, parse_process, read, spec, wait};

pub(crate) const CASES: &[Case] = &[
    ("namespaces_are_its_own", namespaces),
    ("namespaces_are_joined_by_path", joined),
    ("time_namespace_and_its_offsets", time),
    ("user_namespace_of_root", user_namespace),
    ("capabilities_are_as_asked_for", capabilities),
    ("capabilities_of_a_user", ambient),
    ("user_groups_and_umask", user),
    ("limits_and_scheduling", limits),
    ("seccomp_denies", seccomp),
    ("seccomp_without_no_new_privileges", seccomp_privileged),
    ("seccomp_listener_gets_the_notifications", seccomp_listener),
    ("sysctl", sysctl),
    ("working_directory", working_directory),
    ("no_new_privileges_and_oom_score", small_settings),
];

fn namespaces() {
    let bundle = Bundle::new();
    let script = "for n in pid net ipc uts mnt cgroup user; do readlink /proc/self/ns/$n; done; \
                  hostname; cat /sys/class/net/lo/flags; ls /sys/class/net; echo $$; \
                  cat /proc/sys/kernel/domainname";
    let mut plain = spec(&["/bin/sh", "-c", script]);
    plain["domainname"] = json!("realm");
    let output = bundle.run(&plain).expect("a run").output;
    let lines: Vec<_> = output.lines().collect();
    for (kind, inside) in ["pid", "net", "ipc", "uts", "mnt", "cgroup"].iter().zip(&lines) {
        let host = fs::read_link(format!("/proc/self/ns/{kind}")).expect("a link");
        assert_ne!(*inside, host.to_string_lossy(), "{kind}");
    }
    let host = fs::read_link("/proc/self/ns/user").expect("a link");
    assert_eq!(lines[6], host.to_string_lossy());
    assert_eq!(&lines[7..], ["inside", "0x9", "lo", "1", "realm"], "{output}");
}

fn joined() {
    let bundle = Bundle::new();
    let pod = bundle.reaper(&spec(&["unused"]));
    let mut plain = spec(&[
        "/bin/sh",
        "-c",
        "readlink /proc/self/ns/net; \
        readlink /proc/self/ns/uts; readlink /proc/self/ns/ipc; readlink /proc/self/ns/pid; \
        hostname",
    ]);
    let at = |kind: &str| format!("/proc/{}/ns/{kind}", pod.init().pid);
    plain["hostname"] = json!(null);
    plain["linux"]["namespaces"] = json!([
        {"type": "pid", "path": at("pid")}, {"type": "network", "path": at("net")},
        {"type": "ipc", "path": at("ipc")}, {"type": "uts", "path": at("uts")}, {"type": "mount"},
    ]);
    let outcome = bundle.run(&plain).expect("a run");
    let link = |kind: &str| fs::read_link(at(kind)).expect("a link").to_string_lossy().into_owned();
    let expected =
        format!("{}\n{}\n{}\n{}\ninside\n", link("net"), link("uts"), link("ipc"), link("pid"));
    assert_eq!(outcome.output, expected);
    plain["linux"]["namespaces"][0]["path"] = json!(at("net"));
    let error = bundle.run(&plain).expect_err("a wrong kind");
    assert!(error.to_string().starts_with("linux.namespaces[0].path"), "{error}");
    pod.delete().expect("a deletion");
}

fn time() {
    let bundle = Bundle::new();
    let mut plain = spec(&["/bin/cat", "/proc/uptime"]);
    plain["linux"]["namespaces"].as_array_mut().expect("a list").push(json!({"type": "time"}));
    plain["linux"]["timeOffsets"] = json!({"boottime": {"secs": 1_000_000, "nanosecs": 0}});
    let output = bundle.run(&plain).expect("a run").output;
    let seconds: f64 = output.split('.').next().and_then(|text| text.parse().ok()).expect(&output);
    assert!(seconds > 1_000_000.0, "{output}");
    let container = bundle.reaper(&plain);
    assert!(exec(&container, "cat /proc/uptime").output.len() > 14);
    container.delete().expect("a deletion");
}

fn user_namespace() {
    let bundle = Bundle::new();
    let script = "id -u; cat /proc/self/uid_map; touch /tmp/mine; stat -c %u /tmp/mine; \
                  echo x > /dev/null && echo null; stat -c %t:%T /dev/zero; cat /mnt/f";
    let mut plain = spec(&["/bin/sh", "-c", script]);
    let secret = bundle.path().join("private");
    fs::create_dir(&secret).expect("a directory");
    fs::write(secret.join("f"), "bound\n").expect("a file");
    let mode = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700);
    fs::set_permissions(&secret, mode).expect("a mode");
    crate::support::add_mount(
        &mut plain,
        json!({"destination": "/mnt/f", "type": "bind",
        "source": secret.join("f"), "options": ["bind", "ro"]}),
    );
    let tmp = bundle.root().join("tmp");
    std::os::unix::fs::chown(&tmp, Some(100_000), Some(100_000)).expect("an owner");
    for name in ["", "mnt", "dev", "proc", "sys"] {
        let _ = fs::create_dir(bundle.root().join(name));
        let path = bundle.root().join(name);
        std::os::unix::fs::chown(path, Some(100_000), Some(100_000)).expect("an owner");
    }
    plain["linux"]["namespaces"].as_array_mut().expect("a list").push(json!({"type": "user"}));
    let map = json!([{"containerID": 0, "hostID": 100_000, "size": 65536}]);
    plain["linux"]["uidMappings"] = map.clone();
    plain["linux"]["gidMappings"] = map;
    let output = bundle.run(&plain).expect("a run").output;
    let words: Vec<_> = output.split_whitespace().collect();
    assert_eq!(words, ["0", "0", "100000", "65536", "0", "null", "1:5", "bound"], "{output}");
    use std::os::unix::fs::MetadataExt as _;
    assert_eq!(fs::metadata(tmp.join("mine")).expect("a file").uid(), 100_000);
    let container = bundle.reaper(&plain);
    assert_eq!(exec(&container, "id -u; touch /tmp/two; stat -c %u /tmp/two").output, "0\n0\n");
    container.mount_bind(bundle.path(), std::path::Path::new("/tmp/bundle"), true).expect("mount");
    assert_eq!(exec(&container, "ls -d /tmp/bundle/rootfs").output, "/tmp/bundle/rootfs\n");
    container.delete().expect("a deletion");
    plain["process"]["user"]["uid"] = json!(70000);
    let error = bundle.run(&plain).expect_err("an unmapped user");
    assert!(error.to_string().starts_with("process.user.uid"), "{error}");
}

/// The capability lines of a process's status, without their names.
fn sets(output: &str) -> Vec<u64> {
    let lines = output.lines().filter_map(|line| line.strip_prefix("Cap"));
    lines.map(|line| u64::from_str_radix(&line[5..], 16).expect("a mask")).collect()
}

const STATUS: [&str; 3] = ["/bin/grep", "Cap", "/proc/self/status"];

fn capabilities() {
    let bundle = Bundle::new();
    let output = bundle.run(&spec(&STATUS)).expect("a run").output;
    let default = 1 << 29 | 1 << 5 | 1 << 10;
    assert_eq!(sets(&output), [0, default, default, default, 0], "{output}");
    let mut none = spec(&STATUS);
    none["process"]["capabilities"] = json!(null);
    let output = bundle.run(&none).expect("a run").output;
    assert_eq!(sets(&output), [0; 5], "{output}");
    let mut odd = spec(&STATUS);
    odd["process"]["capabilities"]["ambient"] = json!(["CAP_KILL"]);
    let container = runtime::create(bundle.options(&odd)).expect("a container");
    assert!(container.warnings()[0].contains("ambient: CAP_KILL"), "{:?}", container.warnings());
    container.delete().expect("a deletion");
}

fn ambient() {
    let bundle = Bundle::new();
    let mut plain = spec(&STATUS);
    plain["process"]["user"] = json!({"uid": 1000, "gid": 1000});
    for set in ["bounding", "permitted", "effective", "inheritable", "ambient"] {
        plain["process"]["capabilities"][set] = json!(["CAP_NET_RAW", "CAP_CHOWN"]);
    }
    let both = 1 << 13 | 1;
    assert_eq!(sets(&bundle.run(&plain).expect("a run").output), [both; 5]);
    plain["process"]["capabilities"]["ambient"] = json!([]);
    plain["process"]["noNewPrivileges"] = json!(false);
    assert_eq!(sets(&bundle.run(&plain).expect("a run").output), [both, 0, 0, both, 0]);
}

fn user() {
    let bundle = Bundle::new();
    let mut plain = spec(&["/bin/sh", "-c", "id; umask; grep Groups /proc/self/status"]);
    plain["process"]["user"] =
        json!({"uid": 1000, "gid": 7, "additionalGids": [8, 9], "umask": 0o27});
    let output = bundle.run(&plain).expect("a run").output;
    assert_eq!(output, "uid=1000(u) gid=7 groups=8,9\n0027\nGroups:\t8 9 \n");
    let output = bundle.shell("umask; grep Groups /proc/self/status").output;
    assert_eq!(output, "0022\nGroups:\t \n");
}

fn limits() {
    let bundle = Bundle::new();
    let script = "ulimit -n; ulimit -Hn; ulimit -c; cut() { :; }; cat /proc/self/limits | grep msg";
    let mut plain = spec(&["/bin/sh", "-c", script]);
    plain["process"]["rlimits"] = json!([
        {"type": "RLIMIT_NOFILE", "hard": 100, "soft": 50},
        {"type": "RLIMIT_CORE", "hard": 0, "soft": 0},
        {"type": "RLIMIT_MSGQUEUE", "hard": 4096, "soft": 1024},
    ]);
    plain["process"]["scheduler"] = json!({"policy": "SCHED_BATCH", "nice": 5});
    plain["process"]["ioPriority"] = json!({"class": "IOPRIO_CLASS_BE", "priority": 6});
    let mut options = bundle.options(&plain);
    let (output, io) = captured();
    options.io = io;
    let mut container = runtime::create(options).expect("a container");
    let pid = i32::try_from(container.init().pid).expect("an id");
    // SAFETY: both calls take numbers only.
    let (policy, priority) =
        unsafe { (libc::sched_getscheduler(pid), libc::syscall(libc::SYS_ioprio_get, 1, pid)) };
    assert_eq!((policy, priority), (libc::SCHED_BATCH, 2 << 13 | 6));
    container.start().expect("a start");
    wait(&container.init().pidfd);
    container.delete().expect("a deletion");
    let output = read(output);
    assert!(output.starts_with("50\n100\n0\n"), "{output}");
    assert!(output.contains("1024") && output.contains("4096"), "{output}");
    let container = bundle.reaper(&plain);
    plain["process"]["execCPUAffinity"] = json!({"initial": "0", "final": "1"});
    plain["process"]["args"] = json!(["/bin/grep", "Cpus_allowed_list", "/proc/self/status"]);
    let (output, io) = captured();
    let process = parse_process(&plain["process"]);
    match container.exec(&process, io, None, Vec::new()) {
        Ok(spawned) => {
            wait(&spawned.pidfd);
            assert_eq!(read(output), "Cpus_allowed_list:\t1\n");
        }
        // A machine with one processor.
        Err(error) => assert_eq!(error.errno(), Some(libc::EINVAL), "{error}"),
    }
    container.delete().expect("a deletion");
}

fn deny(names: &[&str], action: &str) -> serde_json::Value {
    json!({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [{"names": names, "action": action}]})
}

fn seccomp() {
    let bundle = Bundle::new();
    let mut plain = spec(&["/bin/sh", "-c", "mkdir /tmp/x; grep Seccomp: /proc/self/status"]);
    plain["linux"]["seccomp"] = deny(&["mkdir", "mkdirat"], "SCMP_ACT_ERRNO");
    let output = bundle.run(&plain).expect("a run").output;
    assert!(output.contains("Operation not permitted"), "{output}");
    assert!(output.ends_with("Seccomp:\t2\n"), "{output}");
    let container = bundle.reaper(&plain);
    assert!(exec(&container, "mkdir /tmp/y").output.contains("Operation not permitted"));
    container.delete().expect("a deletion");
    // A filter must not be in the way of what is still to be set up.
    plain["linux"]["seccomp"] = deny(
        &["setuid", "setgid", "setgroups", "mount", "prctl", "chdir", "rt_sigaction", "capset"],
        "SCMP_ACT_ERRNO",
    );
    plain["process"]["args"] = json!(["/bin/true"]);
    plain["process"]["user"] = json!({"uid": 1000, "gid": 1000});
    assert_eq!(bundle.run(&plain).expect("a run").status.code, 0);
}

fn seccomp_privileged() {
    let bundle = Bundle::new();
    let mut plain = spec(&["/bin/sh", "-c", "mkdir /tmp/x; grep -E 'Cap|NoNew' /proc/self/status"]);
    plain["process"]["noNewPrivileges"] = json!(false);
    plain["process"]["user"] = json!({"uid": 1000, "gid": 1000});
    plain["linux"]["seccomp"] = deny(&["mkdir", "mkdirat"], "SCMP_ACT_ERRNO");
    let output = bundle.run(&plain).expect("a run").output;
    assert!(output.contains("Operation not permitted") && output.contains("NoNewPrivs:\t0"));
    let default = 1 << 29 | 1 << 5 | 1 << 10;
    assert_eq!(sets(&output), [0, 0, 0, default, 0], "{output}");
}

fn seccomp_listener() {
    let bundle = Bundle::new();
    let path = bundle.path().join("listener");
    let socket = UnixListener::bind(&path).expect("a socket");
    let mut plain = spec(&["/bin/mkdir", "/tmp/x"]);
    plain["linux"]["seccomp"] = deny(&["mkdir", "mkdirat"], "SCMP_ACT_NOTIFY");
    plain["linux"]["seccomp"]["listenerPath"] = json!(path);
    plain["linux"]["seccomp"]["listenerMetadata"] = json!("a \"b\"");
    let mut container = runtime::create(bundle.options(&plain)).expect("a container");
    container.start().expect("a start");
    let (mut stream, _) = socket.accept().expect("a connection");
    let mut bytes = [0; 4096];
    let (length, listener) = receive(&mut stream, &mut bytes);
    let message: serde_json::Value = serde_json::from_slice(&bytes[..length]).expect("JSON");
    assert_eq!(message["fds"], json!(["seccompFd"]));
    assert_eq!(message["pid"], json!(container.init().pid));
    assert_eq!(message["metadata"], json!("a \"b\""));
    assert_eq!(message["state"]["id"], json!("test"));
    assert!(crate::support::readable(&listener, 5000), "mkdir waits for an answer");
    drop(listener);
    // Nobody answers any more: the call fails, with ENOSYS.
    assert_eq!(wait(&container.init().pidfd).code, 1);
    container.delete().expect("a deletion");
    plain["linux"]["seccomp"] = deny(&["write"], "SCMP_ACT_NOTIFY");
    plain["linux"]["seccomp"]["listenerPath"] = json!(path);
    let error = bundle.run(&plain).expect_err("a dead lock");
    assert!(error.to_string().starts_with("linux.seccomp"), "{error}");
    let mut rest = Vec::new();
    assert_eq!(stream.read_to_end(&mut rest).expect("an end"), 0);
}

fn receive(
    stream: &mut std::os::unix::net::UnixStream,
    bytes: &mut [u8],
) -> (usize, std::os::fd::OwnedFd) {
    use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags};
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [std::io::IoSliceMut::new(bytes)];
    let received = rustix::net::recvmsg(stream, &mut parts, &mut control, RecvFlags::CMSG_CLOEXEC)
        .expect("a message");
    let fd = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    (received.bytes, fd.expect("a descriptor"))
}

fn sysctl() {
    let bundle = Bundle::new();
    let mut plain =
        spec(&["/bin/sh", "-c", "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax"]);
    plain["linux"]["sysctl"] = json!({"net.ipv4.ip_forward": "1", "kernel.msgmax": "4321"});
    assert_eq!(bundle.run(&plain).expect("a run").output, "1\n4321\n");
    plain["linux"]["sysctl"] = json!({"net.ipv4.not_there": "1"});
    let error = bundle.run(&plain).expect_err("no such parameter");
    assert!(error.to_string().starts_with("linux.sysctl[\"net.ipv4.not_there\"]"), "{error}");
}

fn working_directory() {
    let bundle = Bundle::new();
    let mut plain = spec(&["/bin/pwd"]);
    plain["process"]["cwd"] = json!("/made/for/it");
    assert_eq!(bundle.run(&plain).expect("a run").output, "/made/for/it\n");
    // A descriptor of the host's root that leaks in would be a way out.
    let outside = fs::File::open("/").expect("a directory");
    for number in 3..12 {
        plain["process"]["cwd"] = json!(format!("/proc/self/fd/{number}"));
        let error = bundle.run(&plain).expect_err("outside");
        assert!(error.to_string().starts_with("process.cwd"), "{error}");
    }
    drop(outside);
    // Only the user may enter it.
    let own = bundle.root().join("own");
    fs::create_dir(&own).expect("a directory");
    let mode = <fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o700);
    fs::set_permissions(&own, mode).expect("a mode");
    std::os::unix::fs::chown(&own, Some(1000), Some(1000)).expect("an owner");
    plain["process"]["cwd"] = json!("/own");
    plain["process"]["user"] = json!({"uid": 1000, "gid": 1000});
    assert_eq!(bundle.run(&plain).expect("a run").output, "/own\n");
    plain["process"]["user"] = json!({"uid": 1001, "gid": 1000});
    let error = bundle.run(&plain).expect_err("not allowed");
    assert_eq!((error.kind(), error.errno()), (ErrorKind::Kernel, Some(libc::EACCES)), "{error}");
}

fn small_settings() {
    let bundle = Bundle::new();
    let script = "grep NoNew /proc/self/status; cat /proc/self/oom_score_adj; uname -m";
    let mut plain = spec(&["/bin/sh", "-c", script]);
    plain["process"]["oomScoreAdj"] = json!(321);
    plain["linux"]["personality"] = json!({"domain": "LINUX32"});
    let output = bundle.run(&plain).expect("a run").output;
    assert!(output.starts_with("NoNewPrivs:\t1\n321\n"), "{output}");
    if cfg!(target_arch = "x86_64") {
        assert!(output.ends_with("i686\n"), "{output}");
    }
}
