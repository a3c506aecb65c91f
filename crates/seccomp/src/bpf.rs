//! Classic BPF, as much of it as a filter needs.
//!
//! Jumps go forward only, so a program is assembled from its end: whatever a jump leads to is
//! there already and its distance known. Only the instructions are used for which the kernel
//! works out beforehand whether a call is always allowed (`seccomp_is_const_allow`, Linux 5.11).

use std::collections::HashMap;

use crate::error::Error;

/// The most instructions that the kernel takes (`BPF_MAXINSNS`).
pub const MAX_INSTRUCTIONS: usize = 4096;

/// The furthest that a conditional jump goes.
const REACH: usize = u8::MAX as usize;

/// One instruction, laid out as the kernel's `struct sock_filter`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Instruction {
    /// Operation (`BPF_*` of `linux/filter.h`).
    pub code: u16,
    /// How many instructions a conditional jump skips when its test holds.
    pub jt: u8,
    /// How many instructions a conditional jump skips when its test fails.
    pub jf: u8,
    /// Operand.
    pub k: u32,
}

impl Instruction {
    fn plain(code: u16, k: u32) -> Self {
        Self { code, jt: 0, jf: 0, k }
    }
}

const LOAD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
const AND: u16 = 0x54; // BPF_ALU | BPF_AND | BPF_K
const JUMP: u16 = 0x05; // BPF_JMP | BPF_JA
const RETURN: u16 = 0x06; // BPF_RET | BPF_K

/// A comparison of the accumulator with a constant.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Test {
    Equal,
    Greater,
    GreaterOrEqual,
}

impl Test {
    fn code(self) -> u16 {
        match self {
            Self::Equal => 0x15,          // BPF_JMP | BPF_JEQ | BPF_K
            Self::Greater => 0x25,        // BPF_JMP | BPF_JGT | BPF_K
            Self::GreaterOrEqual => 0x35, // BPF_JMP | BPF_JGE | BPF_K
        }
    }
}

/// An assembled instruction: how many follow it in the program.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Label(usize);

/// Where a program goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Target {
    /// It ends with this verdict.
    Return(u32),
    /// It goes on at this instruction.
    At(Label),
}

/// A program under construction, last instruction first.
#[derive(Default)]
pub(crate) struct Assembler {
    reversed: Vec<Instruction>,
    /// The nearest return of each verdict.
    returns: HashMap<u32, Label>,
}

impl Assembler {
    /// Puts a conditional jump in front of the program.
    pub(crate) fn branch(&mut self, test: Test, k: u32, yes: Target, no: Target) -> Target {
        if yes == no {
            return yes;
        }
        let yes = self.within_reach(yes);
        let no = self.within_reach(no);
        let (jt, jf) = (self.skip(yes), self.skip(no));
        self.push(Instruction { code: test.code(), jt, jf, k })
    }

    /// Puts a load of a 32-bit word of `struct seccomp_data` in front of `next`.
    pub(crate) fn load(&mut self, offset: u32, next: Target) -> Target {
        self.lead_to(next);
        self.push(Instruction::plain(LOAD, offset))
    }

    /// Puts a load of the masked word in front of `next`.
    pub(crate) fn load_masked(&mut self, offset: u32, mask: u32, next: Target) -> Target {
        self.lead_to(next);
        if mask != u32::MAX {
            self.push(Instruction::plain(AND, mask));
        }
        self.push(Instruction::plain(LOAD, offset))
    }

    /// The program that starts at `entry`.
    pub(crate) fn finish(mut self, entry: Target) -> Result<Vec<Instruction>, Error> {
        self.lead_to(entry);
        if self.reversed.len() > MAX_INSTRUCTIONS {
            return Err(Error::TooLong { instructions: self.reversed.len() });
        }
        self.reversed.reverse();
        Ok(self.reversed)
    }

    fn push(&mut self, instruction: Instruction) -> Target {
        self.reversed.push(instruction);
        Target::At(Label(self.reversed.len() - 1))
    }

    /// Makes the front of the program lead to `target`.
    fn lead_to(&mut self, target: Target) {
        match target {
            Target::Return(verdict) => self.push_return(verdict),
            Target::At(Label(at)) if at + 1 == self.reversed.len() => {}
            Target::At(label) => self.push_jump(label),
        }
    }

    /// A label that leads to `target` and can be reached by a jump in front of the program even
    /// when one more instruction comes between.
    fn within_reach(&mut self, target: Target) -> Label {
        let label = match target {
            Target::Return(verdict) => self.returns.get(&verdict).copied(),
            Target::At(label) => Some(label),
        };
        if let Some(label) = label.filter(|label| self.reversed.len() - label.0 < REACH) {
            return label;
        }
        match target {
            Target::Return(verdict) => self.push_return(verdict),
            Target::At(label) => self.push_jump(label),
        }
        Label(self.reversed.len() - 1)
    }

    fn push_return(&mut self, verdict: u32) {
        self.returns.insert(verdict, Label(self.reversed.len()));
        self.reversed.push(Instruction::plain(RETURN, verdict));
    }

    fn push_jump(&mut self, label: Label) {
        // Saturated only in programs that are far too long to be handed out.
        let skip = u32::try_from(self.reversed.len() - label.0 - 1).unwrap_or(u32::MAX);
        self.reversed.push(Instruction::plain(JUMP, skip));
    }

    /// How many instructions a jump in front of the program skips to get to `label`.
    fn skip(&self, label: Label) -> u8 {
        u8::try_from(self.reversed.len() - label.0 - 1).expect("label was brought within reach")
    }
}
