//! Programs answer as the rules of their profile say, for random profiles and calls.

mod interpreter;

use interpreter::{Call, run};
use oci_spec::runtime::LinuxSeccomp;
use proptest::prelude::*;
use seccomp::{Arch, compile};
use serde_json::{Value, json};

// AUDIT_ARCH_* of linux/audit.h
const X86_64: u32 = 0xc000_003e;
const X86: u32 = 0x4000_0003;
const AARCH64: u32 = 0xc000_00b7;
const ARM: u32 = 0x4000_0028;

const ALLOW: u32 = 0x7fff_0000;
const ENOSYS: u32 = 0x0005_0000 | 38;
const X32_BIT: u32 = 0x4000_0000;

/// Names with arguments in their rules, and names for ranges; those at the end exist on few
/// architectures or none.
const NAMES: &[&str] = &[
    "read",
    "write",
    "open",
    "close",
    "stat",
    "fstat",
    "lstat",
    "poll",
    "lseek",
    "mmap",
    "ioctl",
    "socket",
    "clone",
    "personality",
    "keyctl",
    "openat",
    "statx",
    "clone3",
    "file_setattr",
    "chown32",
    "arch_prctl",
    "execve",
    "cacheflush",
    "no_such_call",
];

const ACTIONS: &[(&str, Option<u32>, u32)] = &[
    ("SCMP_ACT_KILL", None, 0),
    ("SCMP_ACT_KILL_THREAD", None, 0),
    ("SCMP_ACT_KILL_PROCESS", None, 0x8000_0000),
    ("SCMP_ACT_TRAP", None, 0x0003_0000),
    ("SCMP_ACT_ERRNO", None, 0x0005_0001),
    ("SCMP_ACT_ERRNO", Some(13), 0x0005_000d),
    ("SCMP_ACT_TRACE", Some(77), 0x7ff0_004d),
    ("SCMP_ACT_LOG", None, 0x7ffc_0000),
    ("SCMP_ACT_ALLOW", None, ALLOW),
    ("SCMP_ACT_NOTIFY", None, 0x7fc0_0000),
];

const OPERATORS: &[&str] = &["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"];

/// Values on both sides of the words' borders, so that random ones meet.
fn value() -> impl Strategy<Value = u64> {
    let word = prop_oneof![Just(0_u32), Just(1), Just(5), Just(u32::MAX - 1), Just(u32::MAX)];
    (word.clone(), word).prop_map(|(high, low)| u64::from(high) << 32 | u64::from(low))
}

fn rule() -> impl Strategy<Value = Value> {
    let arg = (0_u32..3, prop::sample::select(OPERATORS), value(), value()).prop_map(
        |(index, operator, value, two)| {
            json!({ "index": index, "op": format!("SCMP_CMP_{operator}"),
                    "value": value, "valueTwo": two })
        },
    );
    let names = prop::collection::vec(prop::sample::select(NAMES), 1..5);
    let args = prop::collection::vec(arg, 0..4);
    (names, prop::sample::select(ACTIONS), args).prop_map(|(names, (action, number, _), args)| {
        let names: Vec<_> = match action {
            "SCMP_ACT_NOTIFY" => names.into_iter().filter(|name| *name != "write").collect(),
            _ => names,
        };
        json!({ "names": names, "action": action, "errnoRet": number, "args": args })
    })
}

fn profile() -> impl Strategy<Value = Value> {
    let default = prop::sample::select(&ACTIONS[..9]);
    let arches = vec!["X86_64", "X86", "X32", "AARCH64", "ARM"];
    let arches = prop::sample::subsequence(arches, 0..=5);
    (default, arches, prop::collection::vec(rule(), 0..12)).prop_map(
        |((action, number, _), arches, rules)| {
            let arches: Vec<_> = arches.iter().map(|arch| format!("SCMP_ARCH_{arch}")).collect();
            json!({ "defaultAction": action, "defaultErrnoRet": number, "architectures": arches,
                    "listenerPath": "/agent.sock", "syscalls": rules })
        },
    )
}

fn number(name: &str, arch: u32) -> Option<u32> {
    let parsed = match arch {
        X86_64 => name.parse::<syscalls::x86_64::Sysno>().map(|call| call.id()),
        X86 => name.parse::<syscalls::x86::Sysno>().map(|call| call.id()),
        AARCH64 => name.parse::<syscalls::aarch64::Sysno>().map(|call| call.id()),
        ARM if name == "cacheflush" => Ok(0xf_0002),
        ARM => name.parse::<syscalls::arm::Sysno>().map(|call| call.id()),
        _ => Err(()),
    };
    parsed.ok().map(i32::unsigned_abs)
}

/// What the rules of the profile say, read straight from the document.
fn expected(profile: &Value, machine: Arch, call: &Call) -> u32 {
    let listed = |arch: &str| {
        let arches = profile["architectures"].as_array().expect("a list");
        arches.iter().any(|listed| listed == &format!("SCMP_ARCH_{arch}"))
    };
    let is_known = match (machine, call.arch) {
        (Arch::X86_64, X86_64) => call.number < X32_BIT,
        (Arch::X86_64, X86) => listed("X86"),
        (Arch::Aarch64, AARCH64) => true,
        (Arch::Aarch64, ARM) => listed("ARM"),
        _ => false,
    };
    if !is_known {
        return 0;
    }
    let default = verdict(&profile["defaultAction"], &profile["defaultErrnoRet"]);
    let rules = profile["syscalls"].as_array().expect("a list");
    let names = || rules.iter().flat_map(|rule| rule["names"].as_array().expect("a list"));
    let mut numbers: Vec<u32> =
        names().filter_map(|name| number(name.as_str()?, call.arch)).collect();
    if call.arch == X86 && names().any(|name| name == "socket") {
        numbers.push(102);
    }
    if numbers.iter().max().is_some_and(|last| call.number > *last) {
        let passes = [ALLOW, 0x7ffc_0000].contains(&default) || default >> 16 == 0x7ff0;
        return if passes { default } else { ENOSYS };
    }
    let socketcall = call.arch == X86 && call.number == 102 && word(call, 0) == 1;
    let found = rules.iter().find(|rule| {
        let names = rule["names"].as_array().expect("a list");
        let args = rule["args"].as_array().expect("a list");
        let door = socketcall && names.iter().any(|name| name == "socket");
        let named = names
            .iter()
            .any(|name| number(name.as_str().expect("a name"), call.arch) == Some(call.number));
        let mut indices: Vec<_> = args.iter().map(|arg| arg["index"].as_u64()).collect();
        indices.sort_unstable();
        indices.dedup();
        let test = |arg: &Value| (door && arg["index"] == 0) || holds(arg, call);
        (named || door)
            && if indices.len() < args.len() {
                args.iter().any(test)
            } else {
                args.iter().all(test)
            }
    });
    found.map_or(default, |rule| verdict(&rule["action"], &rule["errnoRet"]))
}

fn verdict(action: &Value, errno: &Value) -> u32 {
    let errno = errno.as_u64();
    let known =
        ACTIONS.iter().find(|(known, number, _)| action == known && number.map(u64::from) == errno);
    known.expect("made from this list").2
}

fn word(call: &Call, index: usize) -> u64 {
    match call.arch {
        X86 | ARM => call.args[index] & 0xffff_ffff,
        _ => call.args[index],
    }
}

fn holds(arg: &Value, call: &Call) -> bool {
    let narrow = [X86, ARM].contains(&call.arch);
    let cut = |value: u64| if narrow { value & 0xffff_ffff } else { value };
    let index = usize::try_from(arg["index"].as_u64().expect("a number")).expect("small");
    let actual = word(call, index);
    let value = cut(arg["value"].as_u64().expect("a number"));
    let two = cut(arg["valueTwo"].as_u64().expect("a number"));
    match arg["op"].as_str().expect("an operator") {
        "SCMP_CMP_NE" => actual != value,
        "SCMP_CMP_LT" => actual < value,
        "SCMP_CMP_LE" => actual <= value,
        "SCMP_CMP_EQ" => actual == value,
        "SCMP_CMP_GE" => actual >= value,
        "SCMP_CMP_GT" => actual > value,
        _ => actual & value == two & value,
    }
}

fn call() -> impl Strategy<Value = Call> {
    let arch = prop::sample::select(&[X86_64, X86, AARCH64, ARM, 8][..]);
    let named = prop::sample::select(NAMES);
    let other = prop_oneof![0_u32..480, any::<u32>(), Just(102)];
    (arch, named, prop::option::weighted(0.2, other), prop::array::uniform6(value())).prop_map(
        |(arch, name, other, args)| {
            let number = other.or(number(name, arch)).unwrap_or(3);
            Call { number, arch, args }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_program_answers_as_the_rules_say(
        profile in profile(),
        machine in prop::sample::select(&[Arch::X86_64, Arch::Aarch64][..]),
        calls in prop::collection::vec(call(), 100),
    ) {
        let parsed: LinuxSeccomp = serde_json::from_value(profile.clone()).expect("a profile");
        let program = compile(&parsed, machine).expect("a valid profile");
        let x32 = profile["architectures"].as_array().expect("a list").contains(&json!("SCMP_ARCH_X32"));
        for call in calls {
            // x32 shares the token of x86-64; libseccomp.rs compares it.
            let is_x32 = call.arch == X86_64 && call.number >= X32_BIT;
            if is_x32 && (x32 || call.number == u32::MAX) {
                continue;
            }
            let (verdict, _) = run(&program.instructions, &call);
            prop_assert_eq!(verdict, expected(&profile, machine, &call), "{:x?}", call);
        }
    }

    #[test]
    fn a_hostile_profile_is_an_error_or_a_program(text in "\\PC{0,12}", index in any::<usize>(), errno in any::<u32>()) {
        let profile = json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
            { "names": [text, "close"], "action": "SCMP_ACT_ERRNO", "errnoRet": errno,
              "args": [{ "index": index, "value": 1, "op": "SCMP_CMP_EQ" }] },
        ]});
        let profile: LinuxSeccomp = serde_json::from_value(profile).expect("a profile");
        let _ = compile(&profile, Arch::X86_64);
    }
}

fn error(profile: Value) -> String {
    let profile: LinuxSeccomp = serde_json::from_value(profile).expect("a profile");
    compile(&profile, Arch::X86_64).expect_err("not a valid profile").to_string()
}

#[test]
fn what_is_wrong_is_named() {
    let rule = |rule: Value| json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule] });
    let errno = "SCMP_ACT_ERRNO";
    let cases = [
        (json!({ "defaultAction": "SCMP_ACT_NOTIFY" }), "SCMP_ACT_NOTIFY can't be the default"),
        (json!({ "defaultAction": "SCMP_ACT_KILL", "defaultErrnoRet": 1 }), "defaultErrnoRet"),
        (rule(json!({ "names": [""], "action": errno })), "syscalls[0].names"),
        (rule(json!({ "names": ["bpf"], "action": errno, "errnoRet": 4096 })), "above 4095"),
        (rule(json!({ "names": ["bpf"], "action": "SCMP_ACT_LOG", "errnoRet": 1 })), "errnoRet"),
        (rule(json!({ "names": ["bpf"], "action": "SCMP_ACT_NOTIFY" })), "listenerPath"),
        (rule(json!({ "names": ["write"], "action": "SCMP_ACT_NOTIFY" })), "action of write"),
        (
            rule(json!({ "names": ["bpf"], "action": errno,
                "args": [{ "index": 6, "value": 0, "op": "SCMP_CMP_EQ" }] })),
            "index 6",
        ),
    ];
    for (profile, part) in cases {
        let message = error(profile);
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_program_that_is_too_long_is_an_error_and_long_jumps_are_not() {
    let rules = |count: u64| {
        let rule = |value| {
            json!({ "names": ["ioctl"], "action": "SCMP_ACT_ERRNO", "errnoRet": value % 4000,
                "args": [{ "index": 1, "value": value, "op": "SCMP_CMP_EQ" }] })
        };
        let rules: Vec<_> = (0..count).map(rule).collect();
        json!({ "defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules })
    };
    assert!(error(rules(2000)).contains("limit of 4096"));
    let profile: LinuxSeccomp = serde_json::from_value(rules(700)).expect("a profile");
    let program = compile(&profile, Arch::X86_64).expect("a valid profile");
    for value in [0, 1, 350, 699, 700] {
        let call = Call { number: 16, arch: X86_64, args: [0, value, 0, 0, 0, 0] };
        let errno = 0x0005_0000 | u32::try_from(value).expect("small");
        let expected = if value < 700 { errno } else { ALLOW };
        assert_eq!(run(&program.instructions, &call).0, expected, "{value}");
    }
}

#[test]
fn the_default_profile_is_answered_in_few_steps() {
    let profile = seccomp::default_profile(&[]);
    for (machine, arch) in [(Arch::X86_64, X86_64), (Arch::Aarch64, AARCH64)] {
        let program = compile(&profile, machine).expect("a valid profile");
        assert_eq!(program.unknown, Vec::<String>::new());
        for name in ["read", "write", "openat", "futex", "epoll_pwait", "getrandom", "statx"] {
            let number = number(name, arch).expect("a known name");
            let (verdict, steps) = run(&program.instructions, &Call { number, arch, args: [0; 6] });
            assert_eq!(verdict, ALLOW, "{name}");
            assert!(steps <= 14, "{name}: {steps} steps");
        }
    }
    let unknown = json!({ "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{ "names": ["bpf", "later", "sooner"], "action": "SCMP_ACT_ERRNO" }] });
    let unknown: LinuxSeccomp = serde_json::from_value(unknown).expect("a profile");
    let program = compile(&unknown, Arch::X86_64).expect("a valid profile");
    assert_eq!(program.unknown, ["later", "sooner"]);
}
