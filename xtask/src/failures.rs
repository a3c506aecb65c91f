//! Runs of tests: what they print goes through, and what failed is kept, to be told
//! once more where a long log ends.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::command;

/// How many lines of each failed test are kept: its panic stands first.
const LINES: usize = 25;

/// Runs tests to their end.
///
/// # Errors
/// Tests failed: what they printed follows the first line.
pub(crate) fn run_tests(tests: &mut Command) -> Result<()> {
    let text = command::text(tests);
    println!("$ {text}");
    let mut child =
        tests.stdout(Stdio::piped()).spawn().with_context(|| format!("starting {text}"))?;
    let mut failures = Failures::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            println!("{line}");
            failures.add(&line);
        }
    }
    let status = child.wait().with_context(|| format!("waiting for {text}"))?;
    if !status.success() {
        bail!("{text} ended with {status}{}", failures.text());
    }
    Ok(())
}

/// What libtest's output tells of failed tests.
#[derive(Default)]
struct Failures {
    kept: Vec<String>,
    /// How many more lines of the present test are kept.
    left: usize,
}

impl Failures {
    fn add(&mut self, line: &str) {
        let is_name = line.starts_with("test ") && line.ends_with(" FAILED");
        if line.starts_with("---- ") && line.ends_with(" ----") {
            self.left = LINES;
        } else if line == "failures:" || line.starts_with("test result:") {
            self.left = 0;
        }
        if is_name || (self.left > 0 && !line.trim().is_empty()) {
            self.left = self.left.saturating_sub(1);
            self.kept.push(format!("\n    {line}"));
        }
    }

    fn text(&self) -> String {
        self.kept.concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_and_the_panic_of_a_failed_test_are_kept() {
        let mut failures = Failures::default();
        let output = "running 2 tests\n\
            test a::good ... ok\n\
            test a::bad ... FAILED\n\
            \n\
            failures:\n\
            \n\
            ---- a::bad stdout ----\n\
            thread 'a::bad' panicked at src/a.rs:1:2:\n\
            left is not right\n\
            \n\
            failures:\n    a::bad\n\
            \n\
            test result: FAILED. 1 passed; 1 failed\n";
        output.lines().for_each(|line| failures.add(line));
        assert_eq!(
            failures.text(),
            "\n    test a::bad ... FAILED\
             \n    ---- a::bad stdout ----\
             \n    thread 'a::bad' panicked at src/a.rs:1:2:\
             \n    left is not right"
        );
    }

    #[test]
    fn of_a_long_output_the_beginning_is_kept() {
        let mut failures = Failures::default();
        failures.add("---- a::bad stdout ----");
        (0..1000).for_each(|_| failures.add("more"));
        assert_eq!(failures.kept.len(), LINES);
    }
}
