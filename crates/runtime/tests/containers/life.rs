//! From create to delete; programs that join; ends of all kinds.

use std::fs;
use std::os::fd::{AsFd as _, AsRawFd as _};

use runtime::{ErrorKind, Init, ProcessIo, signal};
use serde_json::json;

use crate::support::{
    Bundle, Case, captured, exec, exit_code, fork, is_alive, parse_process, process, read,
    readable, spec, wait,
};

pub(crate) const CASES: &[Case] = &[
    ("exit_codes", exit_codes),
    ("created_containers_wait_and_can_be_ended", created_containers_wait),
    ("start_twice_is_refused", start_twice),
    ("programs_that_can_not_be_executed_are_told_at_start", bad_programs),
    ("environment_is_the_specifications_only", environment),
    ("terminal", terminal),
    ("exec_in_a_container", exec_in_a_container),
    ("exec_with_a_terminal", exec_terminal),
    ("failing_execs_leave_nothing", failing_execs),
    ("reaper_reaps_and_ends_on_sigterm", reaper),
    ("reaper_shows_nothing_of_its_maker", reaper_hides),
    ("descriptors_are_preserved_and_no_others", preserved),
    ("everything_dies_with_the_maker", dies_with_maker),
    ("threads_are_refused", threads),
    ("control_group", control_group),
];

fn exit_codes() {
    let bundle = Bundle::new();
    assert_eq!(bundle.shell("exit 0").status.code, 0);
    assert_eq!(bundle.shell("exit 42").status.code, 42);
    let mut container =
        runtime::create(bundle.options(&spec(&["/bin/sleep", "60"]))).expect("a container");
    container.start().expect("a start");
    assert!(is_alive(container.init()));
    signal(&container.init().pidfd, libc::SIGKILL).expect("a signal");
    let status = wait(&container.init().pidfd);
    assert_eq!((status.code, status.signal), (137, Some(9)));
    container.delete().expect("a deletion");
}

fn created_containers_wait() {
    let bundle = Bundle::new();
    let plain = spec(&["/bin/touch", "/ran"]);
    let container = runtime::create(bundle.options(&plain)).expect("a container");
    assert!(is_alive(container.init()));
    assert!(container.init().start_time > 0);
    assert!(!bundle.root().join("ran").exists());
    let pid = container.init().pid;
    let stat = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process");
    assert!(stat.contains("NSpid:") && stat.contains("\t1\n"), "{stat}");
    signal(&container.init().pidfd, libc::SIGTERM).expect("a signal");
    assert_eq!(wait(&container.init().pidfd).code, 143);
    container.delete().expect("a deletion");

    let container = runtime::create(bundle.options(&plain)).expect("a container");
    container.delete().expect("a deletion of one that runs");
    assert!(!bundle.root().join("ran").exists());
}

fn start_twice() {
    let bundle = Bundle::new();
    let mut container =
        runtime::create(bundle.options(&spec(&["/bin/sleep", "60"]))).expect("a container");
    container.start().expect("a start");
    assert_eq!(container.start().expect_err("a second start").kind(), ErrorKind::State);
    container.delete().expect("a deletion");
}

fn bad_programs() {
    let bundle = Bundle::new();
    fs::write(bundle.root().join("bin/text"), "x").expect("a file");
    let cases = [
        ("/bin/nowhere", ErrorKind::NotFound),
        ("nowhere", ErrorKind::NotFound),
        ("/bin/text", ErrorKind::PermissionDenied),
        ("text", ErrorKind::PermissionDenied),
        ("/etc", ErrorKind::PermissionDenied),
        ("/bin/sh/x", ErrorKind::NotFound),
    ];
    for (program, kind) in cases {
        let options = bundle.options(&spec(&[program]));
        let mut container = runtime::create(options).expect("a container");
        let error = container.start().expect_err(program);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(program), "{error}");
        container.delete().expect("a deletion");
    }
}

fn environment() {
    let bundle = Bundle::new();
    let mut plain = spec(&["env"]);
    plain["process"]["env"] = json!(["PATH=/nowhere:/bin", "A=b c"]);
    let output = bundle.run(&plain).expect("a run").output;
    assert_eq!(output, "PATH=/nowhere:/bin\nA=b c\nHOME=/root\n");
    plain["process"]["env"] = json!(["PATH=/bin", "HOME=/x"]);
    assert_eq!(bundle.run(&plain).expect("a run").output, "PATH=/bin\nHOME=/x\n");
    plain["process"]["env"] = json!([]);
    plain["process"]["user"] = json!({"uid": 1000, "gid": 1000});
    assert_eq!(bundle.run(&plain).expect("a run").output, "HOME=/home/u\n");
}

fn terminal() {
    let bundle = Bundle::new();
    let script = "tty; stty size; stat -c %u $(tty); echo x > /dev/console; echo y > /dev/tty";
    let mut plain = spec(&["/bin/sh", "-c", script]);
    plain["process"]["terminal"] = json!(true);
    plain["process"]["consoleSize"] = json!({"height": 30, "width": 100});
    plain["process"]["user"] = json!({"uid": 1000, "gid": 1000});
    let mut options = bundle.options(&plain);
    options.io = ProcessIo::Terminal { height: 0, width: 0 };
    let mut container = runtime::create(options).expect("a container");
    let console = container.take_console().expect("a console");
    container.start().expect("a start");
    assert_eq!(wait(&container.init().pidfd).code, 0);
    let mut text = String::new();
    let mut buffer = [0; 512];
    while readable(&console, 100)
        && let Ok(length @ 1..) = rustix::io::read(&console, &mut buffer)
    {
        text += &String::from_utf8_lossy(&buffer[..length]);
    }
    assert_eq!(text, "/dev/pts/0\r\n30 100\r\n1000\r\nx\r\ny\r\n");
    container.delete().expect("a deletion");

    let error = runtime::create(bundle.options(&plain)).expect_err("no terminal given");
    assert!(error.to_string().starts_with("process.terminal"), "{error}");
}

fn exec_in_a_container() {
    let bundle = Bundle::new();
    let container = bundle.reaper(&spec(&["unused"]));
    let outcome = exec(&container, "hostname; id -u; pwd; readlink /proc/1/ns/pid; exit 7");
    assert_eq!(outcome.status.code, 7);
    assert!(outcome.output.starts_with("inside\n0\n/\n"), "{}", outcome.output);
    for kind in ["pid", "mnt", "net", "ipc", "uts", "cgroup"] {
        let script = format!("readlink /proc/self/ns/{kind}");
        let host = fs::read_link(format!("/proc/self/ns/{kind}")).expect("a link");
        let first = fs::read_link(format!("/proc/{}/ns/{kind}", container.init().pid));
        let inside = exec(&container, &script).output;
        assert_eq!(inside.trim(), first.expect("a link").to_string_lossy(), "{kind}");
        assert_ne!(inside.trim(), host.to_string_lossy(), "{kind}");
    }
    let mut joining = spec(&["/bin/sh", "-c", "id; pwd; umask; echo $A; kill -9 $$"]);
    joining["process"]["user"] =
        json!({"uid": 1000, "gid": 100, "additionalGids": [5, 6], "umask": 0o77});
    joining["process"]["cwd"] = json!("/tmp");
    joining["process"]["env"] = json!(["PATH=/bin", "A=1"]);
    let (output, io) = captured();
    let spawned =
        container.exec(&parse_process(&joining["process"]), io, None, Vec::new()).expect("an exec");
    assert!(spawned.pid > 1 && spawned.start_time >= container.init().start_time);
    let status = wait(&spawned.pidfd);
    assert_eq!((status.code, status.signal), (137, Some(9)));
    assert_eq!(read(output), "uid=1000(u) gid=100 groups=5,6\n/tmp\n0077\n1\n");
    container.delete().expect("a deletion");
}

fn exec_terminal() {
    let bundle = Bundle::new();
    let container = bundle.reaper(&spec(&["unused"]));
    let io = ProcessIo::Terminal { height: 10, width: 20 };
    let mut spawned = container
        .exec(&process(&["/bin/sh", "-c", "stty size; read a; echo got $a"]), io, None, Vec::new())
        .expect("an exec");
    let console = spawned.console.take().expect("a console");
    rustix::io::write(&console, b"word\n").expect("a write");
    assert_eq!(wait(&spawned.pidfd).code, 0);
    let mut text = String::new();
    let mut buffer = [0; 512];
    while readable(&console, 100)
        && let Ok(length @ 1..) = rustix::io::read(&console, &mut buffer)
    {
        text += &String::from_utf8_lossy(&buffer[..length]);
    }
    assert!(text.contains("10 20") && text.contains("got word"), "{text}");
    container.delete().expect("a deletion");
}

fn failing_execs() {
    let bundle = Bundle::new();
    fs::write(bundle.root().join("bin/text"), "x").expect("a file");
    let container = bundle.reaper(&spec(&["unused"]));
    let before = (crate::support::open_descriptors(), crate::support::children());
    let mut bad_cwd = spec(&["/bin/true"]);
    bad_cwd["process"]["cwd"] = json!("/nowhere");
    let bad_cwd = parse_process(&bad_cwd["process"]);
    for _ in 0..50 {
        for (process, kind) in [
            (process(&["/bin/nowhere"]), ErrorKind::NotFound),
            (process(&["/bin/text"]), ErrorKind::PermissionDenied),
            (bad_cwd.clone(), ErrorKind::Kernel),
        ] {
            let error = container.exec(&process, ProcessIo::null(), None, Vec::new());
            assert_eq!(error.expect_err("a failure").kind(), kind);
        }
    }
    let after = (crate::support::open_descriptors(), crate::support::children());
    assert_eq!(after, before);
    assert_eq!(exec(&container, "ps | wc -l").output, "5\n", "header, init, sh, ps, wc");
    container.delete().expect("a deletion");
}

fn reaper() {
    let bundle = Bundle::new();
    let container = bundle.reaper(&spec(&["unused"]));
    exec(&container, "for i in 1 2 3 4 5; do setsid sh -c 'sleep 0.05 &' ; done; sleep 0.3");
    let states = exec(&container, "cat /proc/[0-9]*/stat | grep -c ' Z '").output;
    assert_eq!(states, "0\n", "no zombie is left");
    signal(&container.init().pidfd, libc::SIGTERM).expect("a signal");
    assert_eq!(wait(&container.init().pidfd).code, 0);
    container.delete().expect("a deletion");
}

fn reaper_hides() {
    let bundle = Bundle::new();
    let mut plain = spec(&["unused"]);
    for set in ["bounding", "permitted", "effective"] {
        plain["process"]["capabilities"][set] = json!(["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"]);
    }
    let container = bundle.reaper(&plain);
    let pid = container.init().pid;
    for file in ["cmdline", "environ"] {
        let text = fs::read(format!("/proc/{pid}/{file}")).expect("a file");
        assert!(text.iter().all(|byte| *byte == 0), "{file}: {}", String::from_utf8_lossy(&text));
    }
    let outcome = exec(&container, "cat /proc/1/environ; readlink /proc/1/exe; cat /proc/1/comm");
    assert!(!outcome.output.contains("containers-"), "{}", outcome.output);
    assert!(outcome.output.ends_with("init\n"), "{}", outcome.output);
    let open = fs::read_dir(format!("/proc/{pid}/fd")).expect("a directory").count();
    assert!(open <= 8, "the reaper holds {open} descriptors");
    container.delete().expect("a deletion");
}

fn preserved() {
    let bundle = Bundle::new();
    let (read_end, write_end) = rustix::pipe::pipe().expect("a pipe without close-on-exec");
    let list = "ls /proc/self/fd | grep -v -x 6; echo to4 >&4";
    let outcome = bundle
        .run_with(&spec(&["/bin/sh", "-c", list]), |options| {
            let null = fs::File::open("/dev/null").expect("a file").into();
            options.preserve_fds = vec![null, write_end.try_clone().expect("a descriptor")];
        })
        .expect("a run");
    // 5 is the directory that ls reads.
    assert_eq!(outcome.output, "0\n1\n2\n3\n4\n5\n");
    let container = bundle.reaper(&spec(&["unused"]));
    let (output, io) = captured();
    let spawned = container
        .exec(
            &process(&["/bin/sh", "-c", "ls /proc/self/fd; echo to3 >&3"]),
            io,
            None,
            vec![write_end.try_clone().expect("a descriptor")],
        )
        .expect("an exec");
    assert_eq!(wait(&spawned.pidfd).code, 0);
    assert_eq!(read(output), "0\n1\n2\n3\n4\n");
    container.delete().expect("a deletion");
    drop(write_end);
    assert_eq!(read(read_end), "to4\nto3\n");
}

/// The maker is a copy of this program, which is then killed.
fn dies_with_maker() {
    let bundle = Bundle::new();
    for init in [Init::Process, Init::Reaper] {
        let (read_end, write_end) = rustix::pipe::pipe().expect("a pipe");
        let maker = fork(|| {
            let mut options = bundle.options(&spec(&["/bin/sleep", "60"]));
            options.init = init;
            let mut container = runtime::create(options).expect("a container");
            container.start().expect("a start");
            let joined = container
                .exec(&process(&["/bin/sleep", "60"]), ProcessIo::null(), None, Vec::new())
                .expect("an exec");
            let pids = [container.init().pid, joined.pid].map(u32::to_le_bytes).concat();
            rustix::io::write(&write_end, &pids).expect("a write");
            loop {
                rustix::event::pause();
            }
        });
        let mut pids = [0; 8];
        rustix::io::read(&read_end, &mut pids).expect("the ids");
        let fds: Vec<_> = pids
            .chunks(4)
            .map(|pid| i32::from_le_bytes(pid.try_into().expect("four bytes")))
            .map(|pid| rustix::process::Pid::from_raw(pid).expect("an id"))
            .map(|pid| {
                rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())
                    .expect("a process")
            })
            .collect();
        rustix::process::kill_process(maker, rustix::process::Signal::KILL).expect("a signal");
        exit_code(maker);
        for fd in &fds {
            assert!(readable(fd, 5000), "{init:?}: a process has outlived its maker");
        }
    }
}

fn threads() {
    let bundle = Bundle::new();
    let options = bundle.options(&spec(&["/bin/true"]));
    let maker = fork(|| {
        let (send, receive) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || receive.recv());
        let error = runtime::create(options).expect_err("two threads");
        drop(send);
        let _ = thread.join();
        i32::from(error.kind() != ErrorKind::State)
    });
    assert_eq!(exit_code(maker), 0);
}

fn control_group() {
    let Ok(hierarchies) = cgroup::Hierarchies::detect() else {
        eprintln!("left out: control_group: no cgroup hierarchy is mounted");
        return;
    };
    let name = format!("runtime-test-{}", std::process::id());
    let group = match cgroup::Group::create(&hierarchies, &format!("/{name}")) {
        Ok(group) => group,
        Err(error) => {
            eprintln!("left out: control_group: {error}");
            return;
        }
    };
    let bundle = Bundle::new();
    let mut plain = spec(&["/bin/sh", "-c", "cat /proc/self/cgroup; ls /sys/fs/cgroup"]);
    crate::support::add_mount(
        &mut plain,
        json!({"destination": "/sys/fs/cgroup",
        "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "ro"]}),
    );
    for own_view in [true, false] {
        if !own_view {
            plain["linux"]["namespaces"].as_array_mut().expect("a list").pop();
        }
        let (output, io) = captured();
        let mut options = bundle.options(&plain);
        options.io = io;
        options.cgroup = Some(&group);
        let mut container = runtime::create(options).expect("a container");
        let pid = container.init().pid;
        let seen = fs::read_to_string(format!("/proc/{pid}/cgroup")).expect("a file");
        assert!(seen.contains(&name), "{seen}");
        container.start().expect("a start");
        assert_eq!(wait(&container.init().pidfd).code, 0);
        container.delete().expect("a deletion");
        let output = read(output);
        assert_eq!(output.contains(&name), !own_view, "{output}");
        if !hierarchies.is_unified() {
            assert!(output.lines().any(|line| line == "memory"), "{output}");
        }
    }
    let container = bundle.reaper(&spec(&["unused"]));
    let (output, io) = captured();
    let spawned = container
        .exec(&process(&["/bin/cat", "/proc/self/cgroup"]), io, Some(&group), Vec::new())
        .expect("an exec");
    wait(&spawned.pidfd);
    // Below the first process's place, which is this program's own.
    assert!(read(output).contains(&name));
    container.delete().expect("a deletion");
    assert!(group.unified_dir().is_none_or(|dir| dir.as_fd().as_raw_fd() >= 0));
    group.remove().expect("a removal");
}
