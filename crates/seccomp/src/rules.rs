//! The rules of a profile, checked and in the terms of the kernel.

use std::collections::{HashMap, HashSet};

use oci_spec::runtime::{
    LinuxSeccomp, LinuxSeccompAction, LinuxSeccompArg, LinuxSeccompOperator, LinuxSyscall,
};

use crate::abi::Abi;
use crate::error::Error;

/// Values of `linux/seccomp.h` for what a filter returns.
pub(crate) mod verdict {
    pub(crate) const KILL_PROCESS: u32 = 0x8000_0000;
    pub(crate) const KILL_THREAD: u32 = 0;
    pub(crate) const TRAP: u32 = 0x0003_0000;
    pub(crate) const ERRNO: u32 = 0x0005_0000;
    pub(crate) const NOTIFY: u32 = 0x7fc0_0000;
    pub(crate) const TRACE: u32 = 0x7ff0_0000;
    pub(crate) const LOG: u32 = 0x7ffc_0000;
    pub(crate) const ALLOW: u32 = 0x7fff_0000;
}

const EPERM: u32 = 1;
const ENOSYS: u32 = 38;

/// The last error number that a system call can return (the kernel's `MAX_ERRNO`).
const MAX_ERRNO: u32 = 4095;
/// The last number that fits a verdict (`SECCOMP_RET_DATA`).
const MAX_DATA: u32 = 0xffff;

/// A test of one argument.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Condition {
    pub(crate) index: u32,
    pub(crate) operator: Operator,
    pub(crate) value: u64,
    /// Whether the upper 32 bits count.
    pub(crate) wide: bool,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    /// The bits of the argument in this mask are equal to the value.
    MaskedEqual(u64),
}

/// A verdict, and the conditions that must all hold for it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Rule {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) verdict: u32,
}

/// A rule and its place in the document.
pub(crate) type Placed = (usize, Rule);

/// A profile's rules.
#[derive(Debug)]
pub(crate) struct Rules<'a> {
    by_name: HashMap<&'a str, Vec<Placed>>,
    /// The names in document order, each once.
    names: Vec<&'a str>,
    /// The verdict where no rule matches.
    pub(crate) default: u32,
    /// The verdict of calls that are newer than the profile.
    pub(crate) beyond: u32,
    /// Whether some rule asks a listener.
    pub(crate) notifies: bool,
}

impl<'a> Rules<'a> {
    pub(crate) fn read(profile: &'a LinuxSeccomp) -> Result<Self, Error> {
        let action = profile.default_action();
        let default = verdict(action, profile.default_errno_ret(), || "defaultErrnoRet".into())?;
        let beyond = match action {
            LinuxSeccompAction::ScmpActNotify => return Err(Error::NotifyByDefault),
            LinuxSeccompAction::ScmpActAllow
            | LinuxSeccompAction::ScmpActLog
            | LinuxSeccompAction::ScmpActTrace => default,
            _ => verdict::ERRNO | ENOSYS,
        };
        let mut rules =
            Self { by_name: HashMap::new(), names: Vec::new(), default, beyond, notifies: false };
        let mut place = 0..;
        let syscalls = profile.syscalls().as_deref().unwrap_or_default();
        for (position, syscall) in syscalls.iter().enumerate() {
            if syscall.action() == LinuxSeccompAction::ScmpActNotify {
                check_notify(profile, position, syscall)?;
                rules.notifies = true;
            }
            for (place, rule) in place.by_ref().zip(read_rule(position, syscall)?) {
                rules.add(place, syscall.names(), &rule);
            }
        }
        Ok(rules)
    }

    fn add(&mut self, place: usize, names: &'a [String], rule: &Rule) {
        for name in names {
            let of_name = self.by_name.entry(name).or_insert_with(|| {
                self.names.push(name);
                Vec::new()
            });
            of_name.push((place, rule.clone()));
        }
    }

    /// The rules of a call, in document order.
    pub(crate) fn of(&self, name: &str) -> &[Placed] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// The names that the profile's rules have.
    pub(crate) fn names(&self) -> &[&'a str] {
        &self.names
    }

    /// The names that no known architecture has.
    pub(crate) fn unknown(&self) -> Vec<String> {
        let calls = Abi::ALL.into_iter().flat_map(Abi::calls);
        let known: HashSet<&str> = calls.map(|(name, _)| name).collect();
        let is_known = |name| known.contains(name) || Abi::X86.multiplexed(name).is_some();
        let unknown = self.names.iter().filter(|name| !is_known(name));
        unknown.map(ToString::to_string).collect()
    }
}

fn check_notify(profile: &LinuxSeccomp, rule: usize, syscall: &LinuxSyscall) -> Result<(), Error> {
    if syscall.names().iter().any(|name| name == "write") {
        return Err(Error::NotifyOnWrite { rule });
    }
    match profile.listener_path() {
        Some(path) if !path.as_os_str().is_empty() => Ok(()),
        _ => Err(Error::NoListener { rule }),
    }
}

/// One entry of the profile's `syscalls`: a rule, or one for each argument when two of them test
/// the same one.
fn read_rule(rule: usize, syscall: &LinuxSyscall) -> Result<Vec<Rule>, Error> {
    if syscall.names().iter().any(String::is_empty) {
        return Err(Error::EmptyName { rule });
    }
    let field = || format!("syscalls[{rule}].errnoRet");
    let verdict = verdict(syscall.action(), syscall.errno_ret(), field)?;
    let mut seen = [false; 6];
    let mut repeated = false;
    let mut conditions = Vec::new();
    for arg in syscall.args().as_deref().unwrap_or_default() {
        let index = arg.index();
        let seen = seen.get_mut(index).ok_or(Error::ArgumentIndex { rule, index })?;
        repeated |= std::mem::replace(seen, true);
        conditions.push(condition(arg));
    }
    if !repeated {
        return Ok(vec![Rule { conditions, verdict }]);
    }
    let apart = conditions.into_iter();
    Ok(apart.map(|condition| Rule { conditions: vec![condition], verdict }).collect())
}

fn condition(arg: &LinuxSeccompArg) -> Condition {
    let (operator, value) = match arg.op() {
        LinuxSeccompOperator::ScmpCmpEq => (Operator::Equal, arg.value()),
        LinuxSeccompOperator::ScmpCmpNe => (Operator::NotEqual, arg.value()),
        LinuxSeccompOperator::ScmpCmpLt => (Operator::Less, arg.value()),
        LinuxSeccompOperator::ScmpCmpLe => (Operator::LessOrEqual, arg.value()),
        LinuxSeccompOperator::ScmpCmpGt => (Operator::Greater, arg.value()),
        LinuxSeccompOperator::ScmpCmpGe => (Operator::GreaterOrEqual, arg.value()),
        LinuxSeccompOperator::ScmpCmpMaskedEq => {
            // libseccomp masks the expected value too, where the runtime specification says
            // nothing.
            let mask = arg.value();
            (Operator::MaskedEqual(mask), arg.value_two().unwrap_or(0) & mask)
        }
    };
    // The caller checked the index.
    let index = u32::try_from(arg.index()).unwrap_or(u32::MAX);
    Condition { index, operator, value, wide: true }
}

/// The verdict of an action with the number that stands beside it in the profile.
fn verdict(
    action: LinuxSeccompAction,
    number: Option<u32>,
    field: impl Fn() -> String,
) -> Result<u32, Error> {
    let (verdict, limit) = match action {
        LinuxSeccompAction::ScmpActErrno => (verdict::ERRNO, MAX_ERRNO),
        LinuxSeccompAction::ScmpActTrace => (verdict::TRACE, MAX_DATA),
        // Only these two take a number; the runtime specification wants it refused elsewhere.
        _ if number.is_some() => {
            return Err(Error::NumberUnused { field: field(), action });
        }
        LinuxSeccompAction::ScmpActKill | LinuxSeccompAction::ScmpActKillThread => {
            return Ok(verdict::KILL_THREAD);
        }
        LinuxSeccompAction::ScmpActKillProcess => return Ok(verdict::KILL_PROCESS),
        LinuxSeccompAction::ScmpActTrap => return Ok(verdict::TRAP),
        LinuxSeccompAction::ScmpActNotify => return Ok(verdict::NOTIFY),
        LinuxSeccompAction::ScmpActLog => return Ok(verdict::LOG),
        LinuxSeccompAction::ScmpActAllow => return Ok(verdict::ALLOW),
    };
    match number.unwrap_or(EPERM) {
        number if number > limit => {
            Err(Error::NumberTooLarge { field: field(), number, limit, action })
        }
        number => Ok(verdict | number),
    }
}
