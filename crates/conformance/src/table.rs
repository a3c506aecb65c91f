//! Results for people: a table of one host's, and one of several hosts side by side.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::{CaseResult, Outcome};

/// A line of a result: case, what came of it, time, and why.
pub fn line(result: &CaseResult) -> String {
    let CaseResult { case, area, outcome, reason, millis, .. } = result;
    let why = if reason.is_empty() { String::new() } else { format!("  {reason}") };
    format!("{area:<11} {case:<60} {:<7} {millis:>6} ms{why}", outcome.name())
}

/// How many passed, failed and were skipped.
pub fn sum(results: &[CaseResult]) -> String {
    let count = |outcome| results.iter().filter(|result| result.outcome == outcome).count();
    format!(
        "{} passed, {} failed, {} skipped",
        count(Outcome::Passed),
        count(Outcome::Failed),
        count(Outcome::Skipped)
    )
}

/// A Markdown table with a row for each case and a column for each host, in the
/// order of the results; reasons come below it.
pub fn markdown(results: &[CaseResult]) -> String {
    let mut hosts: Vec<&str> = Vec::new();
    let mut cases: Vec<&CaseResult> = Vec::new();
    let mut cells: BTreeMap<(&str, &str), &CaseResult> = BTreeMap::new();
    for result in results {
        if !hosts.contains(&result.host.as_str()) {
            hosts.push(&result.host);
        }
        if !cases.iter().any(|known| known.case == result.case) {
            cases.push(result);
        }
        cells.insert((&result.case, &result.host), result);
    }
    let mut text = format!("| area | case | {} |\n", hosts.join(" | "));
    text.push_str(&format!("|---|---|{}\n", "---|".repeat(hosts.len())));
    for case in cases {
        let outcome = |host: &&str| match cells.get(&(case.case.as_str(), *host)) {
            Some(result) => result.outcome.name(),
            None => "not run",
        };
        let row: Vec<&str> = hosts.iter().map(outcome).collect();
        // A string takes everything.
        let _ = writeln!(text, "| {} | {} | {} |", case.area, case.case, row.join(" | "));
    }
    for result in results.iter().filter(|result| !result.reason.is_empty()) {
        let CaseResult { case, host, outcome, reason, .. } = result;
        let _ = write!(text, "\n- {host}, {case}: {}: {reason}", outcome.name());
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Area;

    fn result(case: &str, host: &str, outcome: Outcome, reason: &str) -> CaseResult {
        let (case, host, reason) = (case.into(), host.into(), reason.into());
        CaseResult { case, area: Area::Stdio, host, outcome, reason, millis: 1 }
    }

    #[test]
    fn hosts_stand_side_by_side() {
        let results = [
            result("a", "linux", Outcome::Passed, ""),
            result("b", "linux", Outcome::Skipped, "why"),
            result("a", "fake", Outcome::Failed, "seen"),
        ];
        let text = markdown(&results);
        assert!(text.contains("| area | case | linux | fake |"), "{text}");
        assert!(text.contains("| stdio | a | passed | failed |"), "{text}");
        assert!(text.contains("| stdio | b | skipped | not run |"), "{text}");
        assert!(text.contains("- fake, a: failed: seen"), "{text}");
        assert_eq!(sum(&results), "1 passed, 1 failed, 1 skipped");
    }
}
