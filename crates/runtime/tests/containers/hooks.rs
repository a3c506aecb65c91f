//! Hooks: where, when and with what they run, and what their failure undoes.

use std::fs;
use std::time::Instant;

use runtime::ErrorKind;
use serde_json::{Value, json};

use crate::support::{Bundle, Case, spec, wait};

pub(crate) const CASES: &[Case] = &[
    ("hooks_run_in_order_with_the_state", order),
    ("hooks_that_fail_undo_the_container", failures),
    ("hooks_time_out", time_out),
];

const KINDS: [&str; 6] =
    ["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"];

/// A hook that runs a script of the container's shell, found where hooks of its kind are.
fn hook(bundle: &Bundle, kind: &str, script: &str) -> Value {
    let path = if kind == "startContainer" {
        "/bin/sh".to_owned()
    } else {
        bundle.root().join("bin/sh").to_string_lossy().into_owned()
    };
    json!({"path": path, "args": ["sh", "-c", script], "env": ["PATH=/bin:/usr/bin"]})
}

fn order() {
    let bundle = Bundle::new();
    let log = bundle.path().join("log");
    let mut plain = spec(&["/bin/sh", "-c", "echo program >> /log"]);
    plain["annotations"] = json!({"who": "me"});
    fs::write(bundle.root().join("log"), "").expect("a file");
    let inside = bundle.root().join("log");
    for kind in KINDS {
        let file = if kind == "startContainer" { "/log".into() } else { inside.clone() };
        let script = format!("echo {kind} $A $(hostname) $(cat) >> {}; echo noise", file.display());
        let mut one = hook(&bundle, kind, &script);
        one["env"] = json!(["PATH=/bin:/usr/bin", "A=b"]);
        plain["hooks"][kind] = json!([one]);
    }
    let mut container = runtime::create(bundle.options(&plain)).expect("a container");
    let pid = container.init().pid;
    container.start().expect("a start");
    wait(&container.init().pidfd);
    container.delete().expect("a deletion");
    let text = fs::read_to_string(&inside).expect("a log");
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut names = Vec::new();
    for line in text.lines().filter(|line| *line != "program") {
        let mut words = line.splitn(4, ' ');
        let (kind, value, name) = (words.next(), words.next(), words.next());
        let state: Value = serde_json::from_str(words.next().expect("a state")).expect("JSON");
        let kind = kind.expect("a kind");
        names.push(kind.to_owned());
        assert_eq!(value, Some("b"));
        let in_container = matches!(kind, "createContainer" | "startContainer");
        assert_eq!(name == Some("inside"), in_container, "{line} {host}");
        assert_eq!((&state["id"], &state["annotations"]["who"]), (&json!("test"), &json!("me")));
        assert_eq!(state["bundle"], json!(bundle.path()));
        let status = match kind {
            "prestart" | "createRuntime" | "createContainer" => "creating",
            "startContainer" => "created",
            "poststart" => "running",
            _ => "stopped",
        };
        assert_eq!(state["status"], json!(status), "{line}");
        let has_pid = kind != "poststop";
        assert_eq!(state["pid"].as_u64(), has_pid.then_some(u64::from(pid)), "{line}");
    }
    assert_eq!(names, KINDS);
    let program = text.lines().position(|line| line == "program").expect("it ran");
    assert!(program >= 4, "{text}");
    assert!(!log.exists());
}

fn failures() {
    let bundle = Bundle::new();
    for kind in KINDS {
        let mut plain = spec(&["/bin/sleep", "60"]);
        let good = hook(&bundle, kind, "true");
        let bad = hook(&bundle, kind, "echo why >&2; exit 3");
        plain["hooks"][kind] = json!([good, bad]);
        let check = |error: runtime::Error| {
            assert_eq!(error.kind(), ErrorKind::Hook, "{error}");
            let text = error.to_string();
            assert!(text.starts_with(&format!("hooks.{kind}[1]")), "{text}");
            assert!(text.contains("exit code 3") && text.contains("why"), "{text}");
        };
        match runtime::create(bundle.options(&plain)) {
            Err(error) => {
                assert!(KINDS[..3].contains(&kind), "{kind}");
                check(error);
            }
            Ok(mut container) => match container.start() {
                Err(error) => {
                    assert!(KINDS[3..5].contains(&kind), "{kind}");
                    check(error);
                    container.delete().expect("a deletion");
                }
                Ok(()) => check(container.delete().expect_err("poststop")),
            },
        }
        assert_eq!(crate::support::children(), 0, "{kind}");
    }
    let mut plain = spec(&["/bin/true"]);
    plain["hooks"]["createRuntime"] = json!([{"path": "/nowhere/at/all"}]);
    let error = runtime::create(bundle.options(&plain)).expect_err("no such hook");
    assert!(error.to_string().contains("No such file"), "{error}");
}

fn time_out() {
    let bundle = Bundle::new();
    let mut plain = spec(&["/bin/true"]);
    let mut slow = hook(&bundle, "createRuntime", "exec /bin/sleep 60");
    slow["timeout"] = json!(1);
    plain["hooks"]["createRuntime"] = json!([slow]);
    let begin = Instant::now();
    let error = runtime::create(bundle.options(&plain)).expect_err("too slow");
    assert!(begin.elapsed().as_secs() < 20 && error.to_string().contains("longer than 1 s"));
}
