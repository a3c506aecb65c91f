//! Running cases: each in a thread and a runtime of its own.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;

use crate::{Bed, CASES, Case, CaseResult, Host, Outcome};

/// How long a case may take.
pub const LIMIT: Duration = Duration::from_secs(60);
/// How much longer the clearing after a case, or a call that blocks its thread, may take.
const GRACE: Duration = Duration::from_secs(45);

/// Which cases run, and how many at a time.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Cases whose name or area has one of these, where `*` stands for anything;
    /// all where there is none.
    pub only: Vec<String>,
    /// How many run at a time.
    pub jobs: usize,
}

impl Plan {
    /// The cases of the plan, in the order of the table.
    pub fn cases(&self) -> impl Iterator<Item = &'static Case> {
        CASES.iter().flat_map(|area| area.iter()).filter(|case| self.selects(case))
    }

    fn selects(&self, case: &Case) -> bool {
        self.only.is_empty()
            || self
                .only
                .iter()
                .any(|pattern| matches(pattern, case.name) || matches(pattern, case.area.name()))
    }
}

/// Whether a text holds a pattern, where `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut rest = text;
    pattern.split('*').all(|piece| match rest.find(piece) {
        Some(at) => {
            rest = rest.get(at + piece.len()..).unwrap_or_default();
            true
        }
        None => false,
    })
}

/// Runs the cases of a plan against a host. `done` is told each result at once;
/// all of them come back in the order of the table.
pub fn run(host: &Host, plan: &Plan, done: impl Fn(&CaseResult) + Sync) -> Vec<CaseResult> {
    let queue: Mutex<VecDeque<(usize, &Case)>> = Mutex::new(plan.cases().enumerate().collect());
    let results = Mutex::new(Vec::new());
    // Writable layers that were named are shared by all cases.
    let jobs = if host.scratches.is_empty() { plan.jobs.max(1) } else { 1 };
    let lock = |()| queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some((at, case)) = lock(()) {
                    let result = one(host, case);
                    let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                    // Under the lock, so that two lines never mix.
                    done(&result);
                    results.push((at, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

fn one(host: &Host, case: &'static Case) -> CaseResult {
    let started = Instant::now();
    let (outcome, reason) = match left_out(host, case) {
        Some(reason) => (Outcome::Skipped, reason),
        None => match in_a_thread(host, case) {
            Ok(()) => (Outcome::Passed, String::new()),
            Err(reason) => (Outcome::Failed, reason),
        },
    };
    CaseResult {
        case: case.name.to_owned(),
        area: case.area,
        host: host.name().to_owned(),
        outcome,
        reason,
        millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
    }
}

/// Why a case is not for a host.
fn left_out(host: &Host, case: &Case) -> Option<String> {
    let no_layers = case.containers && host.layers.is_empty();
    let no_layers = no_layers.then_some("no layer was named for its containers (--layer)");
    let lacks = case.needs.iter().find_map(|need| host.lacks(*need)).or(no_layers);
    let skip = || case.skips.iter().find(|(kind, _)| *kind == host.kind).map(|(_, why)| *why);
    lacks.or_else(skip).map(str::to_owned)
}

/// Runs a case in a thread, which is left behind where it blocks for good.
fn in_a_thread(host: &Host, case: &'static Case) -> Result<(), String> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let host = host.clone();
    let thread = std::thread::Builder::new().name(case.name.into());
    let spawned = thread.spawn(move || {
        // Nobody listens where the limit has passed.
        let _ = sender.send(in_a_runtime(&host, case));
    });
    if let Err(error) = spawned {
        return Err(format!("no thread for the case: {error}"));
    }
    match receiver.recv_timeout(LIMIT + GRACE) {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout) => {
            Err(format!("took longer than {} s, and blocks its thread", LIMIT.as_secs()))
        }
        Err(RecvTimeoutError::Disconnected) => Err("the thread of the case panicked".into()),
    }
}

fn in_a_runtime(host: &Host, case: &'static Case) -> Result<(), String> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime for the case: {error}"))?;
    let outcome = runtime.block_on(async {
        let bed = Bed::new(host);
        let run = AssertUnwindSafe((case.run)(&bed)).catch_unwind();
        let outcome = match tokio::time::timeout(LIMIT, run).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(failure))) => Err(failure.to_string()),
            Ok(Err(panic)) => Err(format!("panicked: {}", panic_text(panic.as_ref()))),
            Err(_) => Err(format!("took longer than {} s", LIMIT.as_secs())),
        };
        let cleared = bed.clear().await.map_err(|failure| failure.to_string());
        outcome.and(cleared)
    });
    runtime.shutdown_background();
    outcome
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no words")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_part_of_a_name_and_a_star_is_anything() {
        assert!(matches("exit", "the exit code"));
        assert!(matches("the*code", "the exit code"));
        assert!(!matches("code*the", "the exit code"));
        assert!(matches("", "anything"));
    }

    #[test]
    fn without_layers_runs_what_makes_no_containers() {
        let mut host = Host::fake();
        host.layers.clear();
        let plan = Plan { only: vec!["life-cycle".into()], jobs: 2 };
        let results = run(&host, &plan, |_| ());
        for (case, result) in plan.cases().zip(&results) {
            let outcome = if case.containers { Outcome::Skipped } else { Outcome::Passed };
            assert_eq!(result.outcome, outcome, "{result:?}");
            assert_eq!(result.reason.is_empty(), !case.containers, "{result:?}");
        }
        assert!(results.iter().any(|result| result.outcome == Outcome::Passed));
    }

    #[test]
    fn a_case_for_more_writable_layers_than_there_are_is_skipped() {
        let plan = Plan { only: vec!["side by side".into(), "listed by".into()], jobs: 1 };
        let outcomes = |count: usize| {
            let scratches = (0..count).map(|number| number.to_string()).collect();
            let results = run(&Host::fake().with_scratches(scratches), &plan, |_| ());
            let skipped = |result: &&CaseResult| result.outcome == Outcome::Skipped;
            results.iter().filter(skipped).map(|result| result.case.clone()).collect::<Vec<_>>()
        };
        let [listed, systems] =
            ["systems are listed by id, owner, name and type", "systems live side by side"];
        assert_eq!(outcomes(0), [""; 0]);
        assert_eq!(outcomes(2), [listed, systems]);
        assert_eq!(outcomes(7), [systems]);
        assert_eq!(outcomes(8), [""; 0]);
    }

    #[test]
    fn every_name_is_there_once() {
        let all = Plan { only: Vec::new(), jobs: 1 };
        let mut names: Vec<_> = all.cases().map(|case| case.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
