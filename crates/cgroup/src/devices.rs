//! `linux.resources.devices`: which device nodes may be made, read and written.

use oci_spec::runtime::{LinuxDeviceCgroup, LinuxDeviceType, LinuxResources};

use crate::controller::{Controller, Version};
use crate::{Error, Group};

#[allow(unsafe_code)] // The bpf(2) system call has no safe wrapper.
mod bpf;
mod program;
mod v1;

pub(crate) const FIELD: &str = "linux.resources.devices";

/// More rules than any document has; they are compared with each other.
const MOST_RULES: usize = 4_096;

/// The three accesses, with the kernel's numbers (`BPF_DEVCG_ACC_*`).
pub(crate) const MKNOD: u8 = 1;
pub(crate) const READ: u8 = 2;
pub(crate) const WRITE: u8 = 4;
pub(crate) const EVERY_ACCESS: u8 = MKNOD | READ | WRITE;

/// A type of device, with the kernel's numbers (`BPF_DEVCG_DEV_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Block = 1,
    Char = 2,
}

/// Some devices; an absent part stands for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pattern {
    pub(crate) kind: Option<Kind>,
    pub(crate) major: Option<u32>,
    pub(crate) minor: Option<u32>,
}

/// One rule of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) allow: bool,
    pub(crate) pattern: Pattern,
    pub(crate) access: u8,
}

impl Rule {
    /// Whether it speaks of every access to every device.
    pub(crate) fn is_total(&self) -> bool {
        let Pattern { kind, major, minor } = self.pattern;
        self.access == EVERY_ACCESS && kind.is_none() && major.is_none() && minor.is_none()
    }
}

/// The rules of a document, in order.
pub(crate) fn rules(resources: &LinuxResources) -> Result<Vec<Rule>, Error> {
    let devices = resources.devices().as_deref().unwrap_or_default();
    if devices.len() > MOST_RULES {
        return Err(Error::invalid(FIELD, devices.len(), "rules are too many: 4096 at most"));
    }
    devices.iter().map(rule).collect()
}

fn rule(device: &LinuxDeviceCgroup) -> Result<Rule, Error> {
    let kind = match device.typ() {
        None | Some(LinuxDeviceType::A) => None,
        Some(LinuxDeviceType::B) => Some(Kind::Block),
        Some(LinuxDeviceType::C | LinuxDeviceType::U) => Some(Kind::Char),
        Some(LinuxDeviceType::P) => {
            let why = "is no device type that is controlled: a, b or c";
            return Err(Error::invalid(format!("{FIELD}.type"), "p", why));
        }
    };
    let pattern = Pattern {
        kind,
        major: number("major", device.major())?,
        minor: number("minor", device.minor())?,
    };
    let access = match device.access().as_deref() {
        None | Some("") => EVERY_ACCESS,
        Some(letters) => access(letters)?,
    };
    Ok(Rule { allow: device.allow(), pattern, access })
}

/// A device number; -1 and absence stand for all.
fn number(part: &str, value: Option<i64>) -> Result<Option<u32>, Error> {
    match value {
        None | Some(-1) => Ok(None),
        Some(value) => match u32::try_from(value) {
            Ok(number) if i32::try_from(number).is_ok() => Ok(Some(number)),
            _ => Err(Error::invalid(format!("{FIELD}.{part}"), value, "is no device number")),
        },
    }
}

fn access(letters: &str) -> Result<u8, Error> {
    letters.chars().try_fold(0, |access, letter| match letter {
        'm' => Ok(access | MKNOD),
        'r' => Ok(access | READ),
        'w' => Ok(access | WRITE),
        _ => Err(Error::invalid(
            format!("{FIELD}.access"),
            letters,
            "has letters other than r, w, m",
        )),
    })
}

/// What has to be done for the rules, checked but not yet done.
pub(crate) enum Change {
    List(v1::List),
    Program(Vec<program::Instruction>),
}

impl Change {
    /// `None` where there is no rule: the devices stay as they are.
    pub(crate) fn plan(group: &Group, rules: &[Rule]) -> Result<Option<Self>, Error> {
        if rules.is_empty() {
            return Ok(None);
        }
        if group.version_of(Controller::Devices) == Some(Version::V1) {
            return v1::List::new(rules).map(Self::List).map(Some);
        }
        if group.unified().is_none() {
            return Err(Error::unsupported(FIELD, "this machine has no devices controller"));
        }
        program::generate(rules).map(Self::Program).map(Some)
    }

    pub(crate) fn make(self, group: &Group) -> Result<(), Error> {
        match self {
            Self::List(list) => list.write(group.limiting(Controller::Devices, FIELD)?),
            Self::Program(program) => match group.unified() {
                Some(dir) => bpf::attach(dir.fd(), &program).map_err(|error| {
                    Error::io("attaching the device program to", dir.path(), error)
                }),
                None => Ok(()),
            },
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the document says, in the plainest way: each access by itself, the
    /// last rule that matches it wins, and what none matches is denied.
    pub(crate) fn allowed(rules: &[Rule], kind: Kind, major: u32, minor: u32, access: u8) -> bool {
        [MKNOD, READ, WRITE].into_iter().filter(|bit| access & bit != 0).all(|bit| {
            let matches = |rule: &&Rule| {
                rule.access & bit != 0
                    && rule.pattern.kind.is_none_or(|one| one == kind)
                    && rule.pattern.major.is_none_or(|one| one == major)
                    && rule.pattern.minor.is_none_or(|one| one == minor)
            };
            rules.iter().rev().find(matches).is_some_and(|rule| rule.allow)
        })
    }

    /// Rules over few devices, so that they meet.
    pub(crate) fn some_rules() -> impl Strategy<Value = Vec<Rule>> {
        let kind = prop_oneof![Just(None), Just(Some(Kind::Block)), Just(Some(Kind::Char))];
        let rule = (
            any::<bool>(),
            kind,
            proptest::option::of(0_u32..3),
            proptest::option::of(0_u32..3),
            1_u8..=7,
        );
        let rule = rule.prop_map(|(allow, kind, major, minor, access)| Rule {
            allow,
            pattern: Pattern { kind, major, minor },
            access,
        });
        proptest::collection::vec(rule, 0..12)
    }

    /// Every request that the rules can tell apart.
    pub(crate) fn requests() -> impl Iterator<Item = (Kind, u32, u32, u8)> {
        [Kind::Block, Kind::Char].into_iter().flat_map(|kind| {
            (0..4).flat_map(move |major| {
                (0..4)
                    .flat_map(move |minor| (0..=7).map(move |access| (kind, major, minor, access)))
            })
        })
    }

    #[test]
    fn fields_are_understood_or_refused_by_name() {
        let parse = |json: &str| rule(&serde_json::from_str(json).unwrap());
        let all = parse(r#"{"allow":false}"#).unwrap();
        assert!(all.is_total() && !all.allow);
        assert!(
            parse(r#"{"allow":true,"type":"a","major":-1,"minor":-1,"access":"rwm"}"#)
                .unwrap()
                .is_total()
        );
        let null = parse(r#"{"allow":true,"type":"u","major":1,"minor":3,"access":"rw"}"#).unwrap();
        assert_eq!(
            null.pattern,
            Pattern { kind: Some(Kind::Char), major: Some(1), minor: Some(3) }
        );
        assert_eq!(null.access, READ | WRITE);
        for (json, field) in [
            (r#"{"allow":true,"type":"p"}"#, "linux.resources.devices.type"),
            (r#"{"allow":true,"type":"c","major":-2}"#, "linux.resources.devices.major"),
            (r#"{"allow":true,"type":"c","minor":4294967295}"#, "linux.resources.devices.minor"),
            (r#"{"allow":true,"type":"c","access":"rx"}"#, "linux.resources.devices.access"),
        ] {
            assert!(
                matches!(parse(json), Err(Error::Invalid { field: named, .. }) if named == field)
            );
        }
    }
}
