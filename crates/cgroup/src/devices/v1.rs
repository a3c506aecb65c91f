//! Device rules as the list of version 1 (`devices.allow`, `devices.deny`).
//!
//! The kernel keeps one default and a list of exceptions from it, and drops an
//! exception only under the very pattern it was made with. So the rules are
//! worked through here, and only what comes out is written. Rules that such a
//! list can't express (allowed as a whole, denied in part) are refused.

use std::os::fd::AsFd;

use rustix::fs::OFlags;

use super::{EVERY_ACCESS, FIELD, Kind, MKNOD, Pattern, READ, Rule, WRITE};
use crate::Error;
use crate::dir::{Dir, write_once};

/// A default and the exceptions from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct List {
    allow: bool,
    exceptions: Vec<Exception>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Exception {
    pattern: Pattern,
    access: u8,
}

impl List {
    pub(crate) fn new(rules: &[Rule]) -> Result<Self, Error> {
        let mut list = Self { allow: false, exceptions: Vec::new() };
        for rule in rules {
            if rule.is_total() {
                list = Self { allow: rule.allow, exceptions: Vec::new() };
                continue;
            }
            let kinds = match rule.pattern.kind {
                Some(kind) => vec![kind],
                None => vec![Kind::Block, Kind::Char],
            };
            for kind in kinds {
                let pattern = Pattern { kind: Some(kind), ..rule.pattern };
                match rule.allow == list.allow {
                    true => list.take_back(pattern, rule.access)?,
                    false => list.except(pattern, rule.access),
                }
            }
        }
        list.join_overlaps();
        Ok(list)
    }

    fn except(&mut self, pattern: Pattern, access: u8) {
        match self.exceptions.iter_mut().find(|one| one.pattern == pattern) {
            Some(known) => known.access |= access,
            None => self.exceptions.push(Exception { pattern, access }),
        }
    }

    fn take_back(&mut self, pattern: Pattern, access: u8) -> Result<(), Error> {
        for one in &mut self.exceptions {
            if one.access & access == 0 || !one.pattern.meets(&pattern) {
                continue;
            }
            if !pattern.covers(&one.pattern) {
                let why = format!(
                    "version 1 can't take {} out of {}, which an earlier rule names as a whole",
                    line(&pattern, access),
                    line(&one.pattern, one.access),
                );
                return Err(Error::unsupported(FIELD, why));
            }
            one.access &= !access;
        }
        self.exceptions.retain(|one| one.access != 0);
        Ok(())
    }

    /// The kernel allows an access of two kinds (reading and writing) only by
    /// one exception that has both, so each gets what wider ones allow.
    fn join_overlaps(&mut self) {
        if self.allow {
            return;
        }
        let wider = self.exceptions.clone();
        for one in &mut self.exceptions {
            let joined = wider.iter().filter(|other| other.pattern.covers(&one.pattern));
            one.access |= joined.fold(0, |access, other| access | other.access);
        }
    }

    /// Writes what differs from the list of the group now.
    pub(crate) fn write(&self, dir: &Dir) -> Result<(), Error> {
        let failed = |error| Error::io("writing the device list of", dir.path(), error);
        let present = dir.read("devices.list").map_err(failed)?;
        let allow = dir.file("devices.allow", OFlags::WRONLY).map_err(failed)?;
        let deny = dir.file("devices.deny", OFlags::WRONLY).map_err(failed)?;
        // The list shows the exceptions only where the default is denial.
        let present_allows = present.lines().any(|line| line.starts_with('a'));
        let (default, other) = if self.allow { (&allow, &deny) } else { (&deny, &allow) };
        let keep = !self.allow && !present_allows;
        if !keep {
            write_once(default.as_fd(), "a").map_err(failed)?;
        }
        let present: Vec<&str> = if keep { present.lines().collect() } else { Vec::new() };
        let wanted: Vec<String> =
            self.exceptions.iter().map(|one| line(&one.pattern, one.access)).collect();
        for one in wanted.iter().filter(|one| !present.contains(&one.as_str())) {
            write_once(other.as_fd(), one).map_err(failed)?;
        }
        for one in present {
            let surplus = self.surplus(one);
            if let Some(surplus) = surplus {
                write_once(deny.as_fd(), &surplus).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// What a line of the present list allows beyond this list.
    fn surplus(&self, present: &str) -> Option<String> {
        let (pattern, letters) = present.rsplit_once(' ')?;
        let has = |letter: char, bit: u8| if letters.contains(letter) { bit } else { 0 };
        let access = has('m', MKNOD) | has('r', READ) | has('w', WRITE);
        let same = |one: &&Exception| line(&one.pattern, EVERY_ACCESS) == format!("{pattern} rwm");
        let wanted = self.exceptions.iter().find(same).map_or(0, |one| one.access);
        let surplus = access & !wanted;
        (surplus != 0).then(|| format!("{pattern} {}", letters_of(surplus)))
    }
}

impl Pattern {
    fn covers(&self, other: &Self) -> bool {
        self.kind.is_none_or(|one| other.kind == Some(one))
            && self.major.is_none_or(|one| other.major == Some(one))
            && self.minor.is_none_or(|one| other.minor == Some(one))
    }

    fn meets(&self, other: &Self) -> bool {
        fn agree<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
            one.is_none() || other.is_none() || one == other
        }
        agree(self.kind, other.kind)
            && agree(self.major, other.major)
            && agree(self.minor, other.minor)
    }
}

fn line(pattern: &Pattern, access: u8) -> String {
    let kind = match pattern.kind {
        None => 'a',
        Some(Kind::Block) => 'b',
        Some(Kind::Char) => 'c',
    };
    let number = |part: Option<u32>| part.map_or("*".to_owned(), |number| number.to_string());
    format!("{kind} {}:{} {}", number(pattern.major), number(pattern.minor), letters_of(access))
}

fn letters_of(access: u8) -> String {
    let letters = [(READ, 'r'), (WRITE, 'w'), (MKNOD, 'm')];
    letters.into_iter().filter(|(bit, _)| access & bit != 0).map(|(_, letter)| letter).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{allowed, requests, some_rules};
    use super::*;

    /// Whether the kernel allows a request under a list (its `devices` controller).
    fn answers(list: &List, kind: Kind, major: u32, minor: u32, access: u8) -> bool {
        let device = Pattern { kind: Some(kind), major: Some(major), minor: Some(minor) };
        let mut matching = list.exceptions.iter().filter(|one| one.pattern.covers(&device));
        match list.allow {
            true => !matching.any(|one| one.access & access != 0),
            false => matching.any(|one| access & !one.access == 0),
        }
    }

    proptest! {
        #[test]
        fn list_answers_as_the_rules_say_or_is_refused(rules in some_rules()) {
            let Ok(list) = List::new(&rules) else { return Ok(()) };
            for (kind, major, minor, access) in requests().filter(|(.., access)| access.count_ones() == 1) {
                let wanted = allowed(&rules, kind, major, minor, access);
                prop_assert_eq!(answers(&list, kind, major, minor, access), wanted);
            }
        }
    }

    fn rule(
        allow: bool,
        kind: Option<Kind>,
        major: Option<u32>,
        minor: Option<u32>,
        access: u8,
    ) -> Rule {
        Rule { allow, pattern: Pattern { kind, major, minor }, access }
    }

    #[test]
    fn usual_rules_become_a_short_list() {
        let list = List::new(&[
            rule(true, None, None, None, EVERY_ACCESS),
            rule(false, None, None, None, EVERY_ACCESS),
            rule(true, Some(Kind::Char), None, None, MKNOD),
            rule(true, Some(Kind::Char), Some(1), Some(3), READ | WRITE),
            rule(true, Some(Kind::Char), Some(1), Some(5), READ),
            rule(false, Some(Kind::Char), Some(1), Some(5), READ),
        ])
        .unwrap();
        let lines: Vec<String> =
            list.exceptions.iter().map(|one| line(&one.pattern, one.access)).collect();
        assert_eq!(lines, ["c *:* m", "c 1:3 rwm"]);
        assert_eq!(list.surplus("c 1:3 rwm"), None);
        assert_eq!(list.surplus("c *:* rwm").as_deref(), Some("c *:* rw"));
        assert_eq!(list.surplus("b 8:0 r").as_deref(), Some("b 8:0 r"));
    }

    #[test]
    fn part_of_an_exception_is_refused() {
        let rules = [
            rule(true, Some(Kind::Char), Some(1), None, EVERY_ACCESS),
            rule(false, Some(Kind::Char), Some(1), Some(1), EVERY_ACCESS),
        ];
        let error = List::new(&rules).unwrap_err().to_string();
        assert!(error.contains("c 1:1 rwm") && error.contains("c 1:* rwm"), "{error}");
    }
}
