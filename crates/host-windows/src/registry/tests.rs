use serde_json::json;
use windows_sys::Win32::Foundation::ERROR_CHILD_MUST_BE_VOLATILE;
use windows_sys::Win32::System::Registry::{KEY_ALL_ACCESS, RegCreateKeyW};

use super::*;
use crate::wide::Wide;

/// A root of one test, gone with it.
struct Scratch(StateRoot);

impl Scratch {
    fn new(hive: Hive) -> Self {
        Self(StateRoot::new(hive, &format!(r"test\{}", uuid::Uuid::new_v4())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.0.remove_all().expect("remove");
    }
}

#[test]
fn a_state_is_made_read_changed_and_removed() {
    for hive in [Hive::LocalMachine, Hive::CurrentUser] {
        let scratch = Scratch::new(hive);
        let root = &scratch.0;
        assert!(root.ids().expect("ids").is_empty());
        let value = json!({"ID": "a", "Spec": {"x": ["é\u{0}", 1.5, null]}});
        root.create("a", "state", &Json(value.clone())).expect("create");
        root.create("b/c", "ready", &true).expect("create");
        let mut ids = root.ids().expect("ids");
        ids.sort();
        assert_eq!(ids, ["a", "b/c"]);

        root.set("a", "shim", &-1i64).expect("set");
        root.set("a", "note", &"text".to_owned()).expect("set");
        assert_eq!(root.get::<Json<serde_json::Value>>("a", "state").expect("get").0, value);
        assert_eq!(root.get::<i64>("a", "shim").expect("get"), -1);
        assert_eq!(root.get::<String>("a", "note").expect("get"), "text");
        assert!(root.get::<bool>("b/c", "ready").expect("get"));
        root.set("a", "shim", &7i64).expect("set");
        assert_eq!(root.get::<i64>("a", "shim").expect("get"), 7);
        root.clear("a", "shim").expect("clear");
        assert!(matches!(root.get::<i64>("a", "shim"), Err(StateError::NoState { .. })));

        root.remove("a").expect("remove");
        assert_eq!(root.ids().expect("ids"), ["b/c"]);
        root.remove_all().expect("remove");
        root.remove_all().expect("remove again");
        assert!(root.ids().expect("ids").is_empty());
    }
}

#[test]
fn failures_have_the_reference_s_words() {
    let scratch = Scratch::new(Hive::LocalMachine);
    let root = &scratch.0;
    let text = |error: StateError| error.to_string();
    let missing = "ID 'x' was not found";
    assert_eq!(text(root.get::<bool>("x", "k").unwrap_err()), missing);
    assert_eq!(text(root.set("x", "k", &true).unwrap_err()), missing);
    assert_eq!(text(root.clear("x", "k").unwrap_err()), missing);
    assert_eq!(text(root.remove("x").unwrap_err()), missing);
    root.create("x", "k", &true).expect("create");
    assert_eq!(text(root.create("x", "k", &true).unwrap_err()), "container x already exists");
    let no_state = "state 'l' is not present for ID 'x'";
    assert_eq!(text(root.get::<bool>("x", "l").unwrap_err()), no_state);
    assert_eq!(text(root.clear("x", "l").unwrap_err()), no_state);
    assert!(matches!(root.get::<String>("x", "k"), Err(StateError::Value { .. })));
    root.remove("x").expect("remove");
    assert_eq!(text(root.remove("x").unwrap_err()), missing);
}

#[test]
fn a_state_that_cannot_be_written_is_not_left() {
    let scratch = Scratch::new(Hive::LocalMachine);
    let error = scratch.0.create("x", "a\0b", &true).unwrap_err();
    assert!(matches!(error, StateError::Registry { .. }), "{error}");
    assert!(scratch.0.ids().expect("ids").is_empty());
    let long = "n".repeat(300);
    let error = scratch.0.create(&long, "a", &true).unwrap_err();
    assert!(error.to_string().contains(r"HKEY_LOCAL_MACHINE\SOFTWARE"), "{error}");
}

#[test]
fn states_end_with_the_next_boot() {
    let scratch = Scratch::new(Hive::LocalMachine);
    let root = &scratch.0;
    root.create("x", "k", &true).expect("create");
    for path in [root.path(), root.path_of("x")] {
        let key = Key::open(HKEY_LOCAL_MACHINE, &path, KEY_ALL_ACCESS).expect("open");
        let name = Wide::new("lasting").unwrap();
        let mut child = std::ptr::null_mut();
        // SAFETY: the key is open, the name ends with a NUL.
        let code = unsafe { RegCreateKeyW(key.raw(), name.as_ptr(), &raw mut child) };
        assert_eq!(code, ERROR_CHILD_MUST_BE_VOLATILE, "{path}");
    }
}

#[test]
fn big_values_come_back() {
    let scratch = Scratch::new(Hive::LocalMachine);
    let text = "x".repeat(3 << 20);
    scratch.0.create("x", "k", &Json(text.clone())).expect("create");
    assert_eq!(scratch.0.get::<Json<String>>("x", "k").expect("get").0, text);
    scratch.0.set("x", "empty", &Json(())).expect("set");
    scratch.0.get::<Json<()>>("x", "empty").expect("get");
    assert_eq!(StateRoot::new(Hive::LocalMachine, "").name, "%");
}

#[test]
fn one_of_many_makes_an_id() {
    let scratch = Scratch::new(Hive::LocalMachine);
    let made: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8i64)
            .map(|number| {
                let root = &scratch.0;
                scope.spawn(move || (number, root.create("x", "who", &number)))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("thread")).collect()
    });
    let winners: Vec<_> = made.iter().filter(|(_, made)| made.is_ok()).collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(scratch.0.get::<i64>("x", "who").expect("get"), winners[0].0);
}
