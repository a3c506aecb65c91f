//! config.md: process; config-linux.md: capabilities; hostname.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;

use e2e::Stage;
use e2e::bundle::Bundle;
use e2e::oci::Runtime;
use serde_json::json;

use crate::row::{Fault, Made, Outcome, Row, ensure, equal, refused, row, shown};

/// One set of capabilities, as bits: CAP_CHOWN 0, CAP_KILL 5, CAP_SYS_ADMIN 21.
fn capability(stage: &Stage, runtime: &Runtime, set: &str, field: &str, wanted: &str) -> Outcome {
    let all = json!(["CAP_CHOWN", "CAP_KILL"]);
    let mut sets = json!({"bounding": all, "permitted": all, "effective": all, "inheritable": all, "ambient": all});
    let chosen = json!(["CAP_KILL"]);
    // What is taken from one set cannot stay in those that need it.
    for needed in match set {
        "permitted" => &["permitted", "effective", "ambient"][..],
        "inheritable" => &["inheritable", "ambient"],
        "bounding" => &["bounding", "permitted", "effective", "inheritable", "ambient"],
        other => std::slice::from_ref(match other {
            "effective" => &"effective",
            _ => &"ambient",
        }),
    } {
        sets[*needed] = chosen.clone();
    }
    // Not root: the kernel gives root all that its bounding set has.
    let bundle = Bundle::new(stage, "b")
        .set("/process/capabilities", sets)
        .set("/process/user", json!({"uid": 1000, "gid": 1000}));
    // A program gets of the first process's sets what the kernel passes on;
    // the shell asks before it runs one.
    let script = format!(
        "while read name value; do [ $name = {field}: ] && echo $value; done < /proc/$$/status; true"
    );
    equal(&shown(stage, runtime, bundle, &script)?, wanted)
}

/// The console that a runtime sends to a socket.
fn console(listener: &UnixListener) -> Result<OwnedFd, Fault> {
    use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
    listener.set_nonblocking(false).map_err(|error| Fault::Fails(error.to_string()))?;
    let (stream, _) = listener.accept().map_err(|error| Fault::Fails(error.to_string()))?;
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut bytes = [0; 256];
    let received = recvmsg(
        &stream,
        &mut [std::io::IoSliceMut::new(&mut bytes)],
        &mut control,
        RecvFlags::CMSG_CLOEXEC,
    );
    received.map_err(|error| Fault::Fails(error.to_string()))?;
    let mut files = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut files) => files.next(),
        _ => None,
    });
    files.next().ok_or_else(|| Fault::Fails("no console came".into()))
}

pub(crate) const ROWS: &[Row] = &[
    row("Process", "the arguments are given as they are", |stage, runtime| {
        let bundle = Bundle::new(stage, "b")
            .set("/process/args", json!(["printf", "%s|", "a b", "", "$HOME", "*"]));
        equal(&runtime.run(stage, &bundle).out, "a b||$HOME|*|")
    }),
    row("Process", "the program is looked for in the PATH of its environment", |stage, runtime| {
        let bundle = Bundle::new(stage, "b");
        let _ = std::fs::create_dir_all(bundle.rootfs().join("own")).and_then(|()| {
            std::os::unix::fs::symlink("/bin/busybox", bundle.rootfs().join("own/uname"))
        });
        let bundle =
            bundle.set("/process/env", json!(["PATH=/own"])).set("/process/args", json!(["uname"]));
        equal(runtime.run(stage, &bundle).out.trim_end(), "Linux")
    }),
    row("Process", "the environment is the given one", |stage, runtime| {
        let bundle = Bundle::new(stage, "b")
            .set("/process/env", json!(["PATH=/bin", "A=1", "B=two words", "EMPTY="]))
            .set("/process/args", json!(["/bin/env"]));
        let ran = runtime.run(stage, &bundle);
        let mut lines: Vec<&str> =
            ran.out.lines().filter(|line| !line.starts_with("HOME=")).collect();
        lines.sort_unstable();
        equal(&lines.join("|"), "A=1|B=two words|EMPTY=|PATH=/bin")
    }),
    row("Process", "the working directory is the given one", |stage, runtime| {
        equal(
            &shown(
                stage,
                runtime,
                Bundle::new(stage, "b").set("/process/cwd", json!("/usr/bin")),
                "pwd",
            )?,
            "/usr/bin",
        )
    }),
    row("Process", "a relative working directory is refused", |stage, runtime| {
        refused(stage, runtime, &Bundle::new(stage, "b").set("/process/cwd", json!("usr")))
            .map(drop)
    }),
    row("Process", "an empty list of arguments is refused", |stage, runtime| {
        let ran = runtime.run(stage, &Bundle::new(stage, "b").set("/process/args", json!([])));
        ensure(ran.code != 0 && !ran.err.is_empty(), ran)
    }),
    row("POSIX process", "user and group are the given ones", |stage, runtime| {
        let bundle =
            Bundle::new(stage, "b").set("/process/user", json!({"uid": 1234, "gid": 4321}));
        equal(&shown(stage, runtime, bundle, "id -u; id -g; id -G")?, "1234\n4321\n4321")
    }),
    row("User", "the additional groups are the given ones", |stage, runtime| {
        let bundle = Bundle::new(stage, "b")
            .set("/process/user", json!({"uid": 1234, "gid": 4321, "additionalGids": [7, 9]}));
        equal(&shown(stage, runtime, bundle, "grep Groups: /proc/self/status | cut -f2")?, "7 9")
    }),
    row("User", "the umask is the given one", |stage, runtime| {
        let bundle = Bundle::new(stage, "b")
            .set("/process/user", json!({"uid": 0, "gid": 0, "umask": 0o137}));
        equal(&shown(stage, runtime, bundle, "umask; touch /x; stat -c %a /x")?, "0137\n640")
    }),
    row("Linux Process", "the bounding set is the given one", |stage, runtime| {
        capability(stage, runtime, "bounding", "CapBnd", "0000000000000020")
    }),
    row("Linux Process", "the permitted set is the given one", |stage, runtime| {
        capability(stage, runtime, "permitted", "CapPrm", "0000000000000020")
    }),
    row("Linux Process", "the effective set is the given one", |stage, runtime| {
        // What a program of another user starts with is its ambient set.
        capability(stage, runtime, "permitted", "CapEff", "0000000000000020")
    }),
    row("Linux Process", "the inheritable set is the given one", |stage, runtime| {
        capability(stage, runtime, "inheritable", "CapInh", "0000000000000020")
    }),
    row("Linux Process", "the ambient set is the given one", |stage, runtime| {
        capability(stage, runtime, "ambient", "CapAmb", "0000000000000020")
    }),
    row("Linux Process", "without capabilities root has none", |stage, runtime| {
        let mut bundle = Bundle::new(stage, "b");
        bundle.config["process"]["capabilities"] = json!({});
        let seen = shown(
            stage,
            runtime,
            bundle,
            "grep -E 'Cap(Prm|Eff|Bnd)' /proc/self/status | cut -f2 | sort -u; chown 1 /bin 2>&1; true",
        )?;
        ensure(seen.starts_with("0000000000000000\nchown: "), seen)
    }),
    row("Linux Process", "resource limits are the given ones", |stage, runtime| {
        let bundle = Bundle::new(stage, "b").set("/process/rlimits", json!([
            {"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_FSIZE", "soft": 512, "hard": 1024},
        ]));
        let seen = shown(
            stage,
            runtime,
            bundle,
            "grep -E '^Max (open files|file size)' /proc/self/limits | awk '{print $4, $5}'",
        )?;
        equal(&seen, "512 1024\n100 200")
    }),
    row("Linux Process", "a resource limit that is given twice is refused", |stage, runtime| {
        let limit = json!({"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200});
        refused(
            stage,
            runtime,
            &Bundle::new(stage, "b").set("/process/rlimits", json!([limit, limit])),
        )
        .map(drop)
    }),
    row("Linux Process", "a resource limit that no one knows is refused", |stage, runtime| {
        let limit = json!({"type": "RLIMIT_WISHES", "soft": 3, "hard": 3});
        refused(stage, runtime, &Bundle::new(stage, "b").set("/process/rlimits", json!([limit])))
            .map(drop)
    }),
    row("Linux Process", "noNewPrivileges holds, and holds only if asked for", |stage, runtime| {
        for (asked, wanted) in [(true, "1"), (false, "0")] {
            let bundle = Bundle::new(stage, "b").set("/process/noNewPrivileges", json!(asked));
            equal(
                &shown(stage, runtime, bundle, "grep NoNewPrivs /proc/self/status | cut -f2")?,
                wanted,
            )?;
        }
        Ok(())
    }),
    row("Linux Process", "oomScoreAdj is the given one", |stage, runtime| {
        let bundle = Bundle::new(stage, "b").set("/process/oomScoreAdj", json!(456));
        equal(&shown(stage, runtime, bundle, "cat /proc/self/oom_score_adj")?, "456")
    }),
    row("Linux Process", "without oomScoreAdj it is the runtime's own", |stage, runtime| {
        let own = std::fs::read_to_string("/proc/self/oom_score_adj").unwrap_or_default();
        equal(
            &shown(stage, runtime, Bundle::new(stage, "b"), "cat /proc/self/oom_score_adj")?,
            own.trim(),
        )
    }),
    row("Linux Process", "the scheduler is the given one", |stage, runtime| {
        let bundle = Bundle::new(stage, "b")
            .set("/process/scheduler", json!({"policy": "SCHED_BATCH", "nice": 7}));
        equal(&shown(stage, runtime, bundle, "cut -d' ' -f19,41 /proc/self/stat")?, "7 3")
    }),
    row("Linux Process", "the input and output priority is the given one", |stage, runtime| {
        let bundle = Bundle::new(stage, "b")
            .set("/process/ioPriority", json!({"class": "IOPRIO_CLASS_BE", "priority": 6}));
        let seen = shown(stage, runtime, bundle, "ionice -p $$")?;
        ensure(seen.contains("best-effort") && seen.contains('6'), seen)
    }),
    row("Process", "without a terminal there is none", |stage, runtime| {
        equal(
            &shown(
                stage,
                runtime,
                Bundle::new(stage, "b"),
                "tty <&1; cut -d' ' -f7 /proc/self/stat",
            )?
            .replace("not a tty\n", ""),
            "0",
        )
    }),
    row("Process", "a terminal has the given size and is sent to the caller", |stage, runtime| {
        let script =
            "test -t 0 && test -t 1 && test -t 2 && stty size; tty; stat -c %n /dev/console";
        let bundle = Bundle::new(stage, "b")
            .sh(script)
            .set("/process/terminal", json!(true))
            .set("/process/consoleSize", json!({"height": 33, "width": 111}));
        let socket = stage.path().join("console");
        let listener =
            UnixListener::bind(&socket).map_err(|error| Fault::Fails(error.to_string()))?;
        // A short wait for a runtime that never connects.
        let watcher = std::thread::spawn(move || console(&listener));
        let id = stage.name("c");
        let path = bundle.write().display().to_string();
        let mut command = runtime.command(&["create", "--bundle", &path, "--console-socket"]);
        command.arg(&socket).arg(&id);
        let ran = runtime.detached(command, &bundle);
        if ran.code != 0 {
            // Lets the watcher go.
            drop(std::os::unix::net::UnixStream::connect(&socket));
            let _ = watcher.join();
            return ensure(false, ran);
        }
        let made = Made { runtime, id, bundle };
        let console = watcher.join().map_err(|_| Fault::Fails("the watcher".into()))??;
        made.works(&["start"])?;
        let mut text = Vec::new();
        // The last process's end reads as an error.
        let _ = std::fs::File::from(console).read_to_end(&mut text);
        let text = String::from_utf8_lossy(&text).replace('\r', "");
        ensure(
            text == "33 111\n/dev/pts/0\n/dev/console\n"
                || text == "33 111\n/dev/console\n/dev/console\n",
            text,
        )
    }),
    row("Hostname", "it is the given one", |stage, runtime| {
        equal(
            &shown(
                stage,
                runtime,
                Bundle::new(stage, "b").set("/hostname", json!("given")),
                "hostname",
            )?,
            "given",
        )
    }),
    row("Hostname", "the host's stays", |stage, runtime| {
        let own = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        shown(
            stage,
            runtime,
            Bundle::new(stage, "b").set("/hostname", json!("given")),
            "hostname",
        )?;
        equal(&std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default(), &own)
    }),
    row("Hostname", "without a namespace for it, it is refused", |stage, runtime| {
        refused(stage, runtime, &Bundle::new(stage, "b").without_namespace("uts")).map(drop)
    }),
    row("Domainname", "it is the given one", |stage, runtime| {
        let bundle = Bundle::new(stage, "b").set("/domainname", json!("given.example"));
        equal(&shown(stage, runtime, bundle, "cat /proc/sys/kernel/domainname")?, "given.example")
    }),
];
