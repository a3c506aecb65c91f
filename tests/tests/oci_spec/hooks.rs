//! config.md: POSIX-platform hooks.

use std::fs;

use e2e::Stage;
use e2e::bundle::Bundle;
use e2e::oci::Runtime;
use serde_json::{Value, json};

use crate::row::{Made, Row, ensure, equal, refused, row};

/// A hook of the host's shell.
fn hook(script: &str) -> Value {
    json!({"path": "/bin/sh", "args": ["sh", "-c", script]})
}

/// A bundle whose hooks write to this file of the host.
fn noting(stage: &Stage, kinds: &[&str], what: &str) -> (Bundle, std::path::PathBuf) {
    let notes = stage.folder("notes").join("notes");
    let mut bundle = Bundle::new(stage, "b").sh("exec sleep 1000");
    for kind in kinds {
        let script = format!("{what} >> {}", notes.display()).replace("KIND", kind);
        bundle = bundle.push(&format!("/hooks/{kind}"), hook(&script));
    }
    (bundle, notes)
}

fn read(path: &std::path::Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The namespaces that a hook ran in, against this process's.
fn is_host(link: &str, kind: &str) -> bool {
    fs::read_link(format!("/proc/self/ns/{kind}")).is_ok_and(|host| host.as_os_str() == link.trim())
}

const BEFORE: [&str; 2] = ["prestart", "createRuntime"];

pub(crate) const ROWS: &[Row] = &[
    row(
        "Prestart, CreateRuntime Hooks",
        "they run at the create, before the program",
        |stage, runtime| {
            let (bundle, notes) = noting(stage, &BEFORE, "echo KIND");
            let _made = Made::create(stage, runtime, "c", bundle)?;
            equal(&read(&notes), "prestart\ncreateRuntime\n")
        },
    ),
    row(
        "Prestart, CreateRuntime Hooks",
        "they run in the runtime's namespaces",
        |stage, runtime| {
            let (bundle, notes) = noting(stage, &["createRuntime"], "readlink /proc/self/ns/mnt");
            let _made = Made::create(stage, runtime, "c", bundle)?;
            ensure(is_host(&read(&notes), "mnt"), read(&notes))
        },
    ),
    row(
        "Prestart, CreateRuntime Hooks",
        "the container's namespaces are there by then",
        |stage, runtime| {
            let script = "p=$(sed -E 's/.*\"pid\": ?([0-9]+).*/\\1/' | tr -d '\\n'); readlink /proc/$p/ns/net";
            let (bundle, notes) = noting(stage, &["createRuntime"], script);
            let _made = Made::create(stage, runtime, "c", bundle)?;
            ensure(read(&notes).starts_with("net:") && !is_host(&read(&notes), "net"), read(&notes))
        },
    ),
    row(
        "CreateContainer Hooks",
        "they run at the create, in the container's namespaces",
        |stage, runtime| {
            let (bundle, notes) = noting(stage, &["createContainer"], "readlink /proc/self/ns/mnt");
            let _made = Made::create(stage, runtime, "c", bundle)?;
            ensure(read(&notes).starts_with("mnt:") && !is_host(&read(&notes), "mnt"), read(&notes))
        },
    ),
    row(
        "StartContainer Hooks",
        "they run at the start, inside, before the program",
        |stage, runtime| {
            let inside = json!({"path": "/bin/sh", "args": ["sh", "-c", "echo hook in $(hostname) > /order"]});
            let bundle =
                Bundle::new(stage, "b").push("/hooks/startContainer", inside).sh("cat /order");
            let made = Made::create(stage, runtime, "c", bundle)?;
            ensure(!made.bundle.rootfs().join("order").exists(), "it ran at the create")?;
            made.works(&["start"])?;
            made.writes("hook in e2e\n")
        },
    ),
    row("Poststart Hooks", "they run once the program is started", |stage, runtime| {
        let (bundle, notes) = noting(stage, &["poststart"], "echo KIND");
        let made = Made::create(stage, runtime, "c", bundle)?;
        equal(&read(&notes), "")?;
        made.works(&["start"])?;
        equal(&read(&notes), "poststart\n")
    }),
    row("Poststop Hooks", "they run once the container is deleted", |stage, runtime| {
        let (bundle, notes) = noting(stage, &["poststop"], "echo KIND");
        let made = Made::start(stage, runtime, "c", bundle.sh("true"))?;
        made.comes_to("stopped")?;
        equal(&read(&notes), "")?;
        made.works(&["delete"])?;
        equal(&read(&notes), "poststop\n")
    }),
    row("Hooks", "all kinds run in their order", |stage, runtime| {
        let (bundle, notes) = noting(
            stage,
            &["poststop", "poststart", "createContainer", "createRuntime", "prestart"],
            "echo KIND",
        );
        let made = Made::start(stage, runtime, "c", bundle.sh("true"))?;
        made.comes_to("stopped")?;
        made.works(&["delete"])?;
        equal(&read(&notes), "prestart\ncreateRuntime\ncreateContainer\npoststart\npoststop\n")
    }),
    row("Hooks", "the hooks of a kind run in the order of their list", |stage, runtime| {
        let (mut bundle, notes) = noting(stage, &[], "");
        for number in 1..=4 {
            bundle = bundle
                .push("/hooks/prestart", hook(&format!("echo {number} >> {}", notes.display())));
        }
        let _made = Made::create(stage, runtime, "c", bundle)?;
        equal(&read(&notes), "1\n2\n3\n4\n")
    }),
    row("Hooks", "a hook reads the container's state", |stage, runtime| {
        let (bundle, notes) = noting(stage, &["createRuntime"], "cat");
        let made =
            Made::create(stage, runtime, "c", bundle.set("/annotations", json!({"k": "v"})))?;
        let state: Value = serde_json::from_str(&read(&notes)).unwrap_or_default();
        ensure(
            state["id"] == made.id.as_str()
                && state["bundle"] == made.bundle.path.display().to_string()
                && state["pid"].as_u64() == Some(made.pid())
                && state["annotations"]["k"] == "v"
                && (state["status"] == "creating" || state["status"] == "created"),
            read(&notes),
        )
    }),
    row("Hooks", "a poststop hook reads a state that is stopped", |stage, runtime| {
        let (bundle, notes) = noting(stage, &["poststop"], "cat");
        let made = Made::start(stage, runtime, "c", bundle.sh("true"))?;
        made.comes_to("stopped")?;
        made.works(&["delete"])?;
        let state: Value = serde_json::from_str(&read(&notes)).unwrap_or_default();
        ensure(state["status"] == "stopped", read(&notes))
    }),
    row(
        "Hooks",
        "a hook has the arguments and the environment that are given, and no more",
        |stage, runtime| {
            let notes = stage.folder("notes").join("notes");
            let script = format!("echo \"$0 $1\" > {0}; /usr/bin/env >> {0}", notes.display());
            let hook = json!({"path": "/bin/sh", "args": ["name", "-c", script, "zero", "one"], "env": ["ONLY=this"]});
            let _made = Made::create(
                stage,
                runtime,
                "c",
                Bundle::new(stage, "b").push("/hooks/prestart", hook),
            )?;
            let mut lines: Vec<String> = read(&notes).lines().map(str::to_owned).collect();
            // The shell sets these itself.
            lines.retain(|line| {
                !["PWD=", "SHLVL=", "_=", "OLDPWD="].iter().any(|own| line.starts_with(own))
            });
            equal(&lines.join("|"), "zero one|ONLY=this")
        },
    ),
    row("Hooks", "a hook's path has to be absolute", |stage, runtime| {
        let bundle = Bundle::new(stage, "b").push("/hooks/prestart", json!({"path": "sh"}));
        refused(stage, runtime, &bundle).map(drop)
    }),
    row("Lifecycle", "a prestart hook that fails stops the creation", |stage, runtime| {
        let bundle = Bundle::new(stage, "b").push("/hooks/prestart", hook("exit 4"));
        refused(stage, runtime, &bundle).map(drop)
    }),
    row("Lifecycle", "a createRuntime hook that fails stops the creation", |stage, runtime| {
        let bundle = Bundle::new(stage, "b").push("/hooks/createRuntime", hook("exit 4"));
        refused(stage, runtime, &bundle).map(drop)
    }),
    row("Lifecycle", "a createContainer hook that fails stops the creation", |stage, runtime| {
        let bundle = Bundle::new(stage, "b").push("/hooks/createContainer", hook("exit 4"));
        refused(stage, runtime, &bundle).map(drop)
    }),
    row("Lifecycle", "a startContainer hook that fails stops the start", |stage, runtime| {
        let failing = json!({"path": "/bin/sh", "args": ["sh", "-c", "exit 4"]});
        let bundle = Bundle::new(stage, "b").push("/hooks/startContainer", failing).sh("echo ran");
        let made = Made::create(stage, runtime, "c", bundle)?;
        made.fails(&["start"])?;
        equal(&Runtime::written(&made.bundle), "")
    }),
    row("Lifecycle", "a poststop hook that fails does not stop the others", |stage, runtime| {
        let (bundle, notes) = noting(stage, &[], "");
        let bundle = bundle
            .push("/hooks/poststop", hook("exit 4"))
            .push("/hooks/poststop", hook(&format!("echo second > {}", notes.display())));
        let made = Made::start(stage, runtime, "c", bundle.sh("true"))?;
        made.comes_to("stopped")?;
        made.call(&["delete"]);
        equal(&read(&notes), "second\n")
    }),
    row("Hooks", "a hook that takes longer than its timeout has failed", |stage, runtime| {
        let slow = json!({"path": "/bin/sh", "args": ["sh", "-c", "sleep 15"], "timeout": 1});
        let since = std::time::Instant::now();
        refused(stage, runtime, &Bundle::new(stage, "b").push("/hooks/prestart", slow))?;
        ensure(since.elapsed().as_secs() < 15, since.elapsed())
    }),
];
