//! runtime.md: state, lifecycle, operations.

use e2e::Stage;
use e2e::bundle::Bundle;
use e2e::oci::Runtime;
use serde_json::json;

use crate::row::{Made, Outcome, Row, ensure, equal, refused, row};

fn waiting(stage: &Stage) -> Bundle {
    Bundle::new(stage, "b").sh("echo runs; exec sleep 1000")
}

fn ended<'a>(stage: &Stage, runtime: &'a Runtime) -> Result<Made<'a>, crate::row::Fault> {
    let made = Made::start(stage, runtime, "c", Bundle::new(stage, "b").sh("exit 3"))?;
    made.comes_to("stopped")?;
    Ok(made)
}

fn unknown(stage: &Stage, runtime: &Runtime, words: &[&str]) -> Outcome {
    let id = stage.name("unknown");
    let mut words = words.to_vec();
    words.insert(1, &id);
    let ran = runtime.call(&words);
    ensure(ran.code != 0 && !ran.err.trim().is_empty(), ran)
}

pub(crate) const ROWS: &[Row] = &[
    row(
        "Create",
        "create makes a container that is created, and does not run its program",
        |stage, runtime| {
            let made = Made::create(stage, runtime, "c", waiting(stage))?;
            made.has_status("created")?;
            std::thread::sleep(std::time::Duration::from_millis(50));
            equal(&Runtime::written(&made.bundle), "")
        },
    ),
    row(
        "Create",
        "an id that is in use is refused, and its container is unharmed",
        |stage, runtime| {
            let made = Made::start(stage, runtime, "c", waiting(stage))?;
            made.writes("runs")?;
            let again = runtime.create(&made.id, &Bundle::new(stage, "other").sh("true"));
            ensure(again.code != 0, again)?;
            made.has_status("running")
        },
    ),
    row("Create", "a bundle without config.json is refused", |stage, runtime| {
        let empty = stage.folder("empty").display().to_string();
        let ran = runtime.call(&["create", "--bundle", &empty, &stage.name("c")]);
        ensure(ran.code != 0 && runtime.state(&stage.name("c")).is_none(), ran)
    }),
    row(
        "Create",
        "what config.json is changed to after the create has no effect",
        |stage, runtime| {
            let made = Made::create(stage, runtime, "c", Bundle::new(stage, "b").sh("echo first"))?;
            made.bundle.clone().sh("echo second").write();
            made.works(&["start"])?;
            made.comes_to("stopped")?;
            equal(&Runtime::written(&made.bundle), "first\n")
        },
    ),
    row("Create", "a configuration with a value that cannot be is refused", |stage, runtime| {
        let bundle = waiting(stage).push("/linux/namespaces", json!({"type": "bogus"}));
        refused(stage, runtime, &bundle).map(drop)
    }),
    row("Extensibility", "a property that is not known is no error", |stage, runtime| {
        let bundle = Bundle::new(stage, "b")
            .set("/org.example.new", json!(1))
            .set("/linux/newer", json!({"a": 1}));
        equal(&crate::row::shown(stage, runtime, bundle, "echo fine")?, "fine")
    }),
    row("Start", "start runs the program", |stage, runtime| {
        let made = Made::start(stage, runtime, "c", waiting(stage))?;
        made.writes("runs")?;
        made.has_status("running")
    }),
    row(
        "Start",
        "start of a running container is an error, and changes nothing",
        |stage, runtime| {
            let made = Made::start(stage, runtime, "c", waiting(stage))?;
            made.fails(&["start"])?;
            made.has_status("running")
        },
    ),
    row("Start", "start of a stopped container is an error", |stage, runtime| {
        ended(stage, runtime)?.fails(&["start"])
    }),
    row("Start", "start of an unknown container is an error", |stage, runtime| {
        unknown(stage, runtime, &["start"])
    }),
    row("Start", "a program that is not there is an error", |stage, runtime| {
        let bundle = Bundle::new(stage, "b").set("/process/args", json!(["/not/there"]));
        let ran = runtime.run(stage, &bundle);
        ensure(ran.code != 0 && ran.err.contains("/not/there"), ran)
    }),
    row("Start", "a container without a process cannot be started", |stage, runtime| {
        let mut bundle = waiting(stage);
        if let Some(config) = bundle.config.as_object_mut() {
            config.remove("process");
        }
        // Refused at the create or, as the specification has it, at the start.
        let id = stage.name("c");
        let created = runtime.create(&id, &bundle);
        let started = runtime.call(&["start", &id]);
        runtime.call(&["delete", "--force", &id]);
        ensure(created.code != 0 || started.code != 0, started)
    }),
    row("Kill", "kill sends the signal to the container's process", |stage, runtime| {
        let script = "trap 'echo usr1; exit 0' USR1; echo runs; while :; do sleep 0.01; done";
        let made = Made::start(stage, runtime, "c", Bundle::new(stage, "b").sh(script))?;
        made.writes("runs")?;
        let ran = made.kill("USR1");
        ensure(ran.code == 0, ran)?;
        made.writes("usr1")
    }),
    row("Kill", "a signal can be given by its number", |stage, runtime| {
        let made = Made::start(stage, runtime, "c", waiting(stage))?;
        let ran = made.kill("9");
        ensure(ran.code == 0, ran)?;
        made.comes_to("stopped")
    }),
    row("Kill", "kill of a created container works", |stage, runtime| {
        let made = Made::create(stage, runtime, "c", waiting(stage))?;
        let ran = made.kill("KILL");
        ensure(ran.code == 0, ran)?;
        made.comes_to("stopped")
    }),
    row("Kill", "kill of a stopped container is an error", |stage, runtime| {
        let made = ended(stage, runtime)?;
        let ran = made.kill("KILL");
        ensure(ran.code != 0, ran)
    }),
    row("Kill", "kill of an unknown container is an error", |stage, runtime| {
        unknown(stage, runtime, &["kill", "KILL"])
    }),
    row(
        "Delete",
        "delete of a running container is an error, and changes nothing",
        |stage, runtime| {
            let made = Made::start(stage, runtime, "c", waiting(stage))?;
            made.fails(&["delete"])?;
            made.has_status("running")
        },
    ),
    row(
        "Delete",
        "delete of a created container is an error, and changes nothing",
        |stage, runtime| {
            let made = Made::create(stage, runtime, "c", waiting(stage))?;
            made.fails(&["delete"])?;
            made.has_status("created")
        },
    ),
    row(
        "Delete",
        "delete of a stopped container removes it, and its id is free",
        |stage, runtime| {
            let made = ended(stage, runtime)?;
            made.works(&["delete"])?;
            ensure(runtime.state(&made.id).is_none(), "it is still there")?;
            let again = runtime.create(&made.id, &made.bundle);
            ensure(again.code == 0, again)
        },
    ),
    row("Delete", "delete leaves alone what the runtime did not make", |stage, runtime| {
        let made = ended(stage, runtime)?;
        made.works(&["delete"])?;
        ensure(made.bundle.rootfs().join("bin/busybox").exists(), "the root file system is gone")
    }),
    row("Delete", "delete of an unknown container is an error", |stage, runtime| {
        unknown(stage, runtime, &["delete"])
    }),
    row("Query State", "state of an unknown container is an error", |stage, runtime| {
        unknown(stage, runtime, &["state"])
    }),
    row("State", "the state has ociVersion, id, status, pid and bundle", |stage, runtime| {
        let made = Made::create(stage, runtime, "c", waiting(stage))?;
        let state = made.state();
        let version = state["ociVersion"].as_str().unwrap_or_default().split('.').count() >= 3;
        let here = state["id"] == made.id.as_str()
            && state["bundle"] == made.bundle.path.display().to_string();
        ensure(version && here && state["status"] == "created", &state)?;
        let alive = std::path::Path::new("/proc").join(made.pid().to_string());
        ensure(made.pid() > 0 && alive.exists(), &state)
    }),
    row("State", "the pid of the state is the program's", |stage, runtime| {
        let made = Made::start(stage, runtime, "c", waiting(stage))?;
        made.writes("runs")?;
        let path = format!("/proc/{}/cmdline", made.pid());
        let name = std::fs::read_to_string(path).unwrap_or_default();
        ensure(name.starts_with("sleep"), name)
    }),
    row("State", "the bundle of the state is an absolute path", |stage, runtime| {
        let bundle = waiting(stage);
        let id = stage.name("c");
        let folder = bundle.write().to_owned();
        let mut command = runtime.command(&["create", &id]);
        command.current_dir(&folder);
        let ran = runtime.detached(command, &bundle);
        let state = runtime.state(&id).unwrap_or_default();
        runtime.call(&["delete", "--force", &id]);
        ensure(state["bundle"] == folder.display().to_string(), (ran, state))
    }),
    row("State", "annotations are in the state", |stage, runtime| {
        let bundle = waiting(stage).set("/annotations", json!({"org.example.key": "a value"}));
        let made = Made::create(stage, runtime, "c", bundle)?;
        let state = made.state();
        ensure(state["annotations"]["org.example.key"] == "a value", state)
    }),
    row(
        "State",
        "a stopped container's state can be asked for until it is deleted",
        |stage, runtime| {
            let made = ended(stage, runtime)?;
            made.has_status("stopped")?;
            made.has_status("stopped")
        },
    ),
    row(
        "Lifecycle",
        "the container stops when its program ends, with all that it started",
        |stage, runtime| {
            let script = "sleep 1000 & echo $!; exit 0";
            let made = Made::start(stage, runtime, "c", Bundle::new(stage, "b").sh(script))?;
            made.comes_to("stopped")?;
            made.works(&["delete"])
        },
    ),
];
