//! The layout of a filter: a switch over architectures, in each a search tree over ranges of
//! call numbers, and the tests of arguments at its leaves.

use std::collections::{BTreeMap, HashMap};

use crate::abi::{Abi, X32_BIT};
use crate::bpf::{Assembler, Instruction, Target, Test};
use crate::error::Error;
use crate::rules::{Condition, Operator, Placed, Rule, Rules, verdict};

/// What a filter does for an architecture that the profile does not list.
const BAD_ARCH: u32 = verdict::KILL_THREAD;

/// Places in `struct seccomp_data`; both machines have the low word of an argument first.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const ARGS: u32 = 16;

/// The answer to a call: the verdict of the first rule that matches, or the last word.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Answer {
    rules: Vec<Rule>,
    otherwise: u32,
}

impl Answer {
    fn always(verdict: u32) -> Self {
        Self { rules: Vec::new(), otherwise: verdict }
    }

    fn of(mut rules: Vec<Placed>, default: u32) -> Self {
        rules.sort_by_key(|(place, _)| *place);
        let mut rules: Vec<Rule> = rules.into_iter().map(|(_, rule)| rule).collect();
        let mut otherwise = default;
        if let Some(last) = rules.iter().position(|rule| rule.conditions.is_empty()) {
            otherwise = rules[last].verdict;
            rules.truncate(last);
        }
        while rules.last().is_some_and(|rule| rule.verdict == otherwise) {
            rules.pop();
        }
        Self { rules, otherwise }
    }
}

/// Answers, each for the numbers from its own up to the next one's.
type Ranges = BTreeMap<u32, Answer>;

/// Lays the rules out for the interfaces, of which the first is the machine's own.
pub(crate) fn assemble(rules: &Rules<'_>, abis: &[Abi]) -> Result<Vec<Instruction>, Error> {
    let mut arches: Vec<(u32, Ranges)> = Vec::new();
    for abi in abis {
        let ranges = ranges(rules, *abi);
        match arches.iter_mut().find(|(audit, _)| *audit == abi.audit()) {
            Some((_, shared)) => shared.extend(ranges),
            None => arches.push((abi.audit(), ranges)),
        }
    }
    let mut layout = Layout::default();
    // What is assembled last comes first: the machine's own is the nearest and tested first.
    let mut sections = Vec::new();
    for (audit, ranges) in arches.into_iter().rev() {
        sections.push((audit, layout.section(ranges)));
    }
    let mut next = Target::Return(BAD_ARCH);
    for (audit, section) in sections {
        next = layout.assembler.branch(Test::Equal, audit, section, next);
    }
    let entry = layout.assembler.load(ARCH, next);
    layout.assembler.finish(entry)
}

/// The answers to all calls of an interface.
fn ranges(rules: &Rules<'_>, abi: Abi) -> Ranges {
    let mut calls: BTreeMap<u32, Vec<Placed>> = BTreeMap::new();
    for (name, number) in abi.calls() {
        let of_name = rules.of(name).iter();
        let of_name = of_name.map(|(place, rule)| (*place, fit(rule, abi)));
        if of_name.len() > 0 {
            calls.entry(number).or_default().extend(of_name);
        }
    }
    for name in rules.names() {
        if let Some((number, call)) = abi.multiplexed(name) {
            let of_name = rules.of(name).iter();
            let of_call = of_name.map(|(place, rule)| (*place, multiplexed(rule, call)));
            calls.entry(number).or_default().extend(of_call);
        }
    }

    let mut ranges = Ranges::from([(abi.first(), Answer::always(rules.default))]);
    if abi == Abi::X86_64 {
        // Where x32 is listed, its own ranges take this one's place. A tracer that wants a call
        // skipped makes its number -1.
        ranges.insert(X32_BIT, Answer::always(BAD_ARCH));
        ranges.insert(u32::MAX, Answer::always(rules.default));
    }
    let last = calls.keys().next_back().copied();
    for (number, of_number) in calls {
        ranges.insert(number, Answer::of(of_number, rules.default));
        let after = ranges.entry(number + 1);
        after.or_insert_with(|| Answer::always(rules.default));
    }
    if let Some(last) = last {
        ranges.insert(last + 1, Answer::always(rules.beyond));
    }
    ranges
}

/// The rule with its arguments as wide as the interface has them.
fn fit(rule: &Rule, abi: Abi) -> Rule {
    let mut rule = rule.clone();
    for condition in &mut rule.conditions {
        condition.wide = abi.is_wide();
    }
    rule
}

/// The rule for the older door of a call, whose first argument is the call's number there.
fn multiplexed(rule: &Rule, call: u64) -> Rule {
    let mut rule = fit(rule, Abi::X86);
    rule.conditions.retain(|condition| condition.index != 0);
    let is_call = Condition { index: 0, operator: Operator::Equal, value: call, wide: false };
    rule.conditions.insert(0, is_call);
    rule
}

#[derive(Default)]
struct Layout {
    assembler: Assembler,
    /// The answers that are assembled already, for calls that share one.
    answers: HashMap<Answer, Target>,
}

impl Layout {
    fn section(&mut self, ranges: Ranges) -> Target {
        let mut ranges: Vec<(u32, Answer)> = ranges.into_iter().collect();
        ranges.dedup_by(|next, range| next.1 == range.1);
        let tree = self.tree(&ranges);
        self.assembler.load(NUMBER, tree)
    }

    /// A search tree over the ranges, of which there is at least one.
    fn tree(&mut self, ranges: &[(u32, Answer)]) -> Target {
        if let [(_, answer)] = ranges {
            return self.answer(answer);
        }
        let (low, high) = ranges.split_at(ranges.len() / 2);
        let from = high[0].0;
        let high = self.tree(high);
        let low = self.tree(low);
        self.assembler.branch(Test::GreaterOrEqual, from, high, low)
    }

    fn answer(&mut self, answer: &Answer) -> Target {
        if let Some(target) = self.answers.get(answer) {
            return *target;
        }
        let mut next = Target::Return(answer.otherwise);
        for rule in answer.rules.iter().rev() {
            let mut holds = Target::Return(rule.verdict);
            for condition in rule.conditions.iter().rev() {
                holds = self.condition(*condition, holds, next);
            }
            next = holds;
        }
        self.answers.insert(answer.clone(), next);
        next
    }

    fn condition(&mut self, condition: Condition, yes: Target, no: Target) -> Target {
        let value = condition.value;
        match condition.operator {
            Operator::Equal => self.equal(condition, u64::MAX, yes, no),
            Operator::NotEqual => self.equal(condition, u64::MAX, no, yes),
            Operator::MaskedEqual(mask) => self.equal(condition, mask, yes, no),
            Operator::Greater => self.order(condition, Test::Greater, value, yes, no),
            Operator::LessOrEqual => self.order(condition, Test::Greater, value, no, yes),
            Operator::GreaterOrEqual => self.order(condition, Test::GreaterOrEqual, value, yes, no),
            Operator::Less => self.order(condition, Test::GreaterOrEqual, value, no, yes),
        }
    }

    fn equal(&mut self, condition: Condition, mask: u64, yes: Target, no: Target) -> Target {
        let (mask_high, mask_low) = halves(mask);
        let (high, low) = halves(condition.value);
        let offset = ARGS + 8 * condition.index;
        let low_half = self.half_equal(offset, mask_low, low, yes, no);
        if !condition.wide {
            return low_half;
        }
        self.half_equal(offset + 4, mask_high, high, low_half, no)
    }

    fn half_equal(
        &mut self,
        offset: u32,
        mask: u32,
        value: u32,
        yes: Target,
        no: Target,
    ) -> Target {
        if mask == 0 {
            return if value == 0 { yes } else { no };
        }
        let branch = self.assembler.branch(Test::Equal, value, yes, no);
        self.assembler.load_masked(offset, mask, branch)
    }

    fn order(
        &mut self,
        condition: Condition,
        test: Test,
        value: u64,
        yes: Target,
        no: Target,
    ) -> Target {
        let (high, low) = halves(value);
        let offset = ARGS + 8 * condition.index;
        let low_half = self.assembler.branch(test, low, yes, no);
        let low_half = self.assembler.load(offset, low_half);
        if !condition.wide {
            return low_half;
        }
        let tie = self.assembler.branch(Test::Equal, high, low_half, no);
        let high_half = self.assembler.branch(Test::Greater, high, yes, tie);
        self.assembler.load(offset + 4, high_half)
    }
}

/// The upper and lower 32 bits.
fn halves(value: u64) -> (u32, u32) {
    let [a, b, c, d, e, f, g, h] = value.to_be_bytes();
    (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]))
}
