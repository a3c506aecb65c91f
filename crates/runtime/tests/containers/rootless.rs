//! Containers made without privileges.

use std::fs;
use std::os::unix::fs::chown;

use runtime::{ErrorKind, Init};
use serde_json::{Value, json};

use crate::support::{Bundle, Case, add_mount, exec, exit_code, fork, spec};

pub(crate) const CASES: &[Case] =
    &[("rootless_container", container), ("rootless_needs_a_user_namespace", no_namespace)];

const USER: u32 = 65534;

/// Runs code as an ordinary user.
fn as_user(work: impl FnOnce()) -> i32 {
    exit_code(fork(|| {
        // SAFETY: the calls take numbers and an empty list.
        unsafe {
            libc::setgroups(0, std::ptr::null());
            libc::setresgid(USER, USER, USER);
            libc::setresuid(USER, USER, USER);
            libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0);
        }
        work();
        0
    }))
}

fn may_not() -> bool {
    let allowed = exit_code(fork(|| {
        // SAFETY: the calls take numbers only.
        unsafe {
            libc::setresuid(USER, USER, USER);
            i32::from(libc::unshare(libc::CLONE_NEWUSER) != 0)
        }
    }));
    allowed != 0
}

fn own(bundle: &Bundle) {
    let everything = std::process::Command::new("chown")
        .args(["-R", &format!("{USER}:{USER}")])
        .arg(bundle.path())
        .status();
    assert!(everything.expect("chown").success());
    chown(bundle.path(), Some(USER), Some(USER)).expect("an owner");
}

fn rootless(args: &[&str]) -> Value {
    let mut plain = spec(args);
    plain["linux"]["namespaces"].as_array_mut().expect("a list").push(json!({"type": "user"}));
    let map = json!([{"containerID": 0, "hostID": USER, "size": 1}]);
    plain["linux"]["uidMappings"] = map.clone();
    plain["linux"]["gidMappings"] = map;
    plain
}

fn container() {
    if may_not() {
        eprintln!("left out: rootless_container: no user name spaces for users");
        return;
    }
    let bundle = Bundle::new();
    own(&bundle);
    let code = as_user(|| {
        let script = "id -u; cat /proc/self/uid_map; echo x > /dev/null; stat -c %t:%T /dev/zero; \
                      hostname; touch /tmp/mine; grep -c . /proc/self/mountinfo >/dev/null; tty";
        let outcome = bundle.run(&rootless(&["/bin/sh", "-c", script])).expect("a run");
        let words: Vec<_> = outcome.output.split_whitespace().collect();
        assert_eq!(words, ["0", "0", "65534", "1", "1:5", "inside", "not", "a", "tty"]);
        assert!(bundle.root().join("tmp/mine").exists());

        let mut options = bundle.options(&rootless(&["unused"]));
        options.init = Init::Reaper;
        let mut container = runtime::create(options).expect("a container");
        container.start().expect("a start");
        for _ in 0..3 {
            let outcome = exec(&container, "id -u; hostname; exit 4");
            assert_eq!((outcome.output.as_str(), outcome.status.code), ("0\ninside\n", 4));
        }
        container.delete().expect("a deletion");

        let options = bundle.options(&rootless(&["/bin/sleep", "60"]));
        let mut container = runtime::create(options).expect("a container");
        container.start().expect("a start");
        assert_eq!(exec(&container, "id -u; hostname").output, "0\ninside\n");
        container.delete().expect("a deletion");

        // The host's network: sysfs is not the container's to mount.
        let mut shared = rootless(&["/bin/ls", "/sys"]);
        let list = shared["linux"]["namespaces"].as_array_mut().expect("a list");
        list.retain(|one| one["type"] != "network");
        let outcome = bundle.run(&shared).expect("a run");
        assert!(outcome.output.contains("kernel"), "{}", outcome.output);

        let mut groups = rootless(&["/bin/true"]);
        groups["process"]["user"]["additionalGids"] = json!([5]);
        let error = bundle.run(&groups).expect_err("no groups");
        assert!(error.to_string().starts_with("process.user.additionalGids"), "{error}");

        let mut range = rootless(&["/bin/true"]);
        range["linux"]["uidMappings"] = json!([{"containerID": 0, "hostID": 100000, "size": 10}]);
        let error = bundle.run(&range).expect_err("a range without a helper");
        assert!(error.to_string().starts_with("linux.uidMappings"), "{error}");

        let mut bind = rootless(&["/bin/cat", "/mnt/f"]);
        fs::write(bundle.path().join("f"), "bound\n").expect("a file");
        add_mount(
            &mut bind,
            json!({"destination": "/mnt/f", "type": "bind",
            "source": bundle.path().join("f"), "options": ["bind", "ro"]}),
        );
        assert_eq!(bundle.run(&bind).expect("a run").output, "bound\n");
    });
    assert_eq!(code, 0);
}

fn no_namespace() {
    let bundle = Bundle::new();
    let code = as_user(|| {
        let error = bundle.run(&spec(&["/bin/true"])).expect_err("no privileges");
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains("user name space"), "{error}");
    });
    assert_eq!(code, 0);
}
