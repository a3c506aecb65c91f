//! Device rules as a program of the kernel (`BPF_PROG_TYPE_CGROUP_DEVICE`).
//!
//! The kernel runs it for each access, with the type of device, the accesses
//! wanted and the device number, and denies unless it returns 1. The program
//! goes through the rules from the last to the first. It keeps the set of
//! accesses no rule has spoken of: an allowing rule takes its own out of the set,
//! and the answer is yes once that is empty; a denying rule that meets one of
//! the set answers no.

use super::{FIELD, Rule};
use crate::Error;

/// What kernels before 5.2 load at most.
const LONGEST: usize = 4_096;

/// One instruction, in the layout of `struct bpf_insn`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub(crate) struct Instruction {
    pub(crate) code: u8,
    /// The destination in the low half, the source in the high half.
    pub(crate) registers: u8,
    pub(crate) offset: i16,
    pub(crate) immediate: i32,
}

/// Codes of the few instructions used (linux/bpf.h, linux/bpf_common.h).
pub(crate) const LOAD_WORD: u8 = 0x61;
pub(crate) const AND: u8 = 0x57;
pub(crate) const SHIFT_RIGHT: u8 = 0x77;
pub(crate) const MOVE: u8 = 0xb7;
pub(crate) const COPY: u8 = 0xbf;
pub(crate) const JUMP_EQUAL: u8 = 0x15;
pub(crate) const JUMP_NOT_EQUAL: u8 = 0x55;
pub(crate) const EXIT: u8 = 0x95;

/// The register with the answer, and the one with the context at the start.
const ANSWER: u8 = 0;
const CONTEXT: u8 = 1;
const WANTED: u8 = 2;
const KIND: u8 = 3;
const MAJOR: u8 = 4;
const MINOR: u8 = 5;
/// The context is of no more use once it is read.
const MET: u8 = CONTEXT;

const fn op(code: u8, register: u8, immediate: i32) -> Instruction {
    Instruction { code, registers: register, offset: 0, immediate }
}

const fn jump(code: u8, register: u8, immediate: i32, offset: i16) -> Instruction {
    Instruction { code, registers: register, offset, immediate }
}

const fn load(register: u8, offset: i16) -> Instruction {
    Instruction { code: LOAD_WORD, registers: register | CONTEXT << 4, offset, immediate: 0 }
}

const fn copy(to: u8, from: u8) -> Instruction {
    Instruction { code: COPY, registers: to | from << 4, offset: 0, immediate: 0 }
}

/// The program for rules that are in the order of the document.
pub(crate) fn generate(rules: &[Rule]) -> Result<Vec<Instruction>, Error> {
    // struct bpf_cgroup_dev_ctx: accesses and type in one word, major, minor.
    let mut program = vec![
        load(WANTED, 0),
        copy(KIND, WANTED),
        op(AND, KIND, 0xffff),
        op(SHIFT_RIGHT, WANTED, 16),
        load(MAJOR, 4),
        load(MINOR, 8),
    ];
    for rule in rules.iter().rev() {
        one_rule(rule, &mut program)?;
        if rule.is_total() {
            break;
        }
    }
    program.extend([
        op(MOVE, ANSWER, 0),
        jump(JUMP_NOT_EQUAL, WANTED, 0, 1),
        op(MOVE, ANSWER, 1),
        op(EXIT, 0, 0),
    ]);
    if program.len() > LONGEST {
        let why = format!("{} rules are more than the kernel takes: use fewer", rules.len());
        return Err(Error::unsupported(FIELD, why));
    }
    Ok(program)
}

fn one_rule(rule: &Rule, program: &mut Vec<Instruction>) -> Result<(), Error> {
    let access = i32::from(rule.access);
    let body = match rule.allow {
        true => vec![
            op(AND, WANTED, !access),
            jump(JUMP_NOT_EQUAL, WANTED, 0, 2),
            op(MOVE, ANSWER, 1),
            op(EXIT, 0, 0),
        ],
        false => vec![
            copy(MET, WANTED),
            op(AND, MET, access),
            jump(JUMP_EQUAL, MET, 0, 2),
            op(MOVE, ANSWER, 0),
            op(EXIT, 0, 0),
        ],
    };
    let number = |value: u32| {
        i32::try_from(value).map_err(|_| Error::invalid(FIELD, value, "is no device number"))
    };
    let mut tests = Vec::with_capacity(3);
    if let Some(kind) = rule.pattern.kind {
        tests.push((KIND, i32::from(kind as u8)));
    }
    if let Some(major) = rule.pattern.major {
        tests.push((MAJOR, number(major)?));
    }
    if let Some(minor) = rule.pattern.minor {
        tests.push((MINOR, number(minor)?));
    }
    // A test that fails jumps over the later tests and the body: 7 at most.
    let mut over = tests.len() + body.len();
    for (register, value) in tests {
        over -= 1;
        program.push(jump(
            JUMP_NOT_EQUAL,
            register,
            value,
            i16::try_from(over).unwrap_or(i16::MAX),
        ));
    }
    program.extend(body);
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{allowed, requests, some_rules};
    use super::super::{EVERY_ACCESS, Kind, Pattern};
    use super::*;

    /// Runs a program as the kernel would, refusing what its verifier refuses.
    fn run(program: &[Instruction], kind: Kind, major: u32, minor: u32, access: u8) -> u64 {
        let context = [u32::from(access) << 16 | u32::from(kind as u8), major, minor];
        let mut registers: [Option<u64>; 6] = [None; 6];
        let mut at = 0;
        loop {
            let Instruction { code, registers: named, offset, immediate } = program[at];
            let (to, from) = (usize::from(named & 15), usize::from(named >> 4));
            let value = i64::from(immediate).cast_unsigned();
            let forward = usize::try_from(offset).expect("a jump goes forward");
            at += 1;
            match code {
                LOAD_WORD => {
                    assert!(from == 1 && registers[1].is_none(), "the context is in register 1");
                    registers[to] = Some(u64::from(context[forward / 4]));
                }
                COPY => registers[to] = Some(registers[from].expect("the source was set")),
                MOVE => registers[to] = Some(value),
                AND => registers[to] = Some(registers[to].expect("it was set") & value),
                SHIFT_RIGHT => registers[to] = Some(registers[to].expect("it was set") >> value),
                JUMP_EQUAL if registers[to].expect("it was set") == value => at += forward,
                JUMP_NOT_EQUAL if registers[to].expect("it was set") != value => at += forward,
                JUMP_EQUAL | JUMP_NOT_EQUAL => {}
                EXIT => return registers[0].expect("the answer was set"),
                other => panic!("unknown code {other:#x}"),
            }
        }
    }

    proptest! {
        #[test]
        fn program_answers_as_the_rules_say(rules in some_rules()) {
            let program = generate(&rules).unwrap();
            for (kind, major, minor, access) in requests() {
                let wanted = allowed(&rules, kind, major, minor, access);
                let got = run(&program, kind, major, minor, access);
                prop_assert_eq!(got, u64::from(wanted), "{:?} {}:{} {}", kind, major, minor, access);
            }
        }
    }

    #[test]
    fn too_many_rules_are_refused() {
        let pattern = Pattern { kind: Some(Kind::Char), major: Some(1), minor: None };
        let rule = Rule { allow: true, pattern, access: EVERY_ACCESS };
        assert!(generate(&vec![rule; 500]).is_ok());
        assert!(matches!(generate(&vec![rule; 5_000]), Err(Error::Unsupported { .. })));
    }
}
