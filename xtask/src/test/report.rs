//! What became of the lanes, as a table.

use std::fmt;
use std::time::Duration;

/// What became of a lane.
pub(super) enum Outcome {
    /// All it ran passed.
    Passed,
    /// Something in it failed.
    Failed(String),
    /// This machine lacks what it needs.
    Missing(String),
}

impl From<anyhow::Result<()>> for Outcome {
    fn from(result: anyhow::Result<()>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(error) => Self::Failed(format!("{error:#}")),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::Failed(why) => write!(f, "FAILED: {why}"),
            Self::Missing(why) => write!(f, "NOT RUN: {why}"),
        }
    }
}

/// The outcomes in the order they came.
#[derive(Default)]
pub(super) struct Report(Vec<(&'static str, Duration, Outcome)>);

impl Report {
    pub(super) fn add(&mut self, lane: &'static str, taken: Duration, outcome: Outcome) {
        self.0.push((lane, taken, outcome));
    }

    /// Whether the run as a whole failed.
    pub(super) fn is_failure(&self, allow_missing: bool) -> bool {
        self.0.iter().any(|(_, _, outcome)| match outcome {
            Outcome::Passed => false,
            Outcome::Failed(_) => true,
            Outcome::Missing(_) => !allow_missing,
        })
    }

    fn count(&self, is: fn(&Outcome) -> bool) -> usize {
        self.0.iter().filter(|(_, _, outcome)| is(outcome)).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<12} {:>8}  result", "lane", "seconds")?;
        for (lane, taken, outcome) in &self.0 {
            writeln!(f, "{lane:<12} {:>8.1}  {}", taken.as_secs_f64(), first_line(outcome))?;
        }
        let passed = self.count(|outcome| matches!(outcome, Outcome::Passed));
        let failed = self.count(|outcome| matches!(outcome, Outcome::Failed(_)));
        let missing = self.count(|outcome| matches!(outcome, Outcome::Missing(_)));
        write!(f, "lanes: {passed} passed, {failed} failed")?;
        if missing > 0 {
            write!(f, ", {missing} skipped")?;
        }
        writeln!(f)?;
        for (lane, _, outcome) in &self.0 {
            if let Outcome::Failed(why) = outcome {
                writeln!(f, "\n{lane}: {why}")?;
            }
        }
        Ok(())
    }
}

/// Without what failed in it, which follows the table.
fn first_line(outcome: &Outcome) -> String {
    outcome.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let mut report = Report::default();
        report.add("unit", Duration::from_millis(1500), Outcome::Passed);
        report.add("e2e", Duration::ZERO, Outcome::Missing("needs root".into()));
        report
    }

    #[test]
    fn a_lane_that_did_not_run_fails_the_run_unless_that_is_allowed() {
        assert!(report().is_failure(false));
        assert!(!report().is_failure(true));
    }

    #[test]
    fn what_failed_follows_the_table() {
        let mut report = report();
        report.add("wine", Duration::ZERO, Outcome::Failed("2 tests\n    a\n    b".into()));
        let text = report.to_string();
        assert!(text.contains("FAILED: 2 tests\nlanes: "), "{text}");
        assert!(text.ends_with("\nwine: 2 tests\n    a\n    b\n"), "{text}");
    }

    #[test]
    fn the_table_closes_with_the_counts() {
        let text = report().to_string();
        assert!(text.contains("unit              1.5  passed\n"), "{text}");
        assert!(text.contains("NOT RUN: needs root\n"), "{text}");
        assert!(text.ends_with("\nlanes: 1 passed, 0 failed, 1 skipped\n"), "{text}");
    }
}
