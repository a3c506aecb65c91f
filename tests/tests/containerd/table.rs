//! What came of the same calls by our shim and by containerd's own, side by side.

use std::fmt::Write;
use std::path::Path;

use e2e::containerd::{RUNC, RUNHCS};

/// The shims, as the columns of a table are.
pub(crate) const RUNTIMES: [&str; 2] = [RUNHCS, RUNC];

/// The differences that are meant: the row, and why. COMPATIBILITY.md has them too.
const MEANT: &[(&str, &str)] =
    &[("events: in their order", "meant: that an exec is removed is told, as the reference does")];

/// What was seen of one shim: of what, and how it was.
pub(crate) type Seen = Vec<(String, String)>;

/// A table of cases.
#[derive(Default)]
pub(crate) struct Table {
    text: String,
    rows: Vec<(String, [String; 2])>,
    faults: Vec<String>,
}

impl Table {
    /// Takes what a case showed of each shim.
    pub(crate) fn add(&mut self, case: &str, [ours, theirs]: [Seen; 2]) {
        let names = |seen: &Seen| seen.iter().map(|(what, _)| what.clone()).collect::<Vec<_>>();
        assert_eq!(names(&ours), names(&theirs), "{case}: the same is looked at");
        for ((what, ours), (_, theirs)) in ours.into_iter().zip(theirs) {
            let row = format!("{case}: {what}");
            let meant = MEANT.iter().find(|(of, _)| *of == row).map(|(_, why)| *why);
            let verdict = match (ours == theirs, meant) {
                (true, None) => "same",
                (false, Some(why)) => why,
                // Nothing is meant to differ that does not.
                (true, Some(_)) | (false, None) => {
                    self.faults.push(format!("{row}: {ours} | {theirs}"));
                    "FAULT"
                }
            };
            let cell = |text: &str| text.replace('|', "\\|").replace('\n', "\\n");
            let _ = writeln!(
                self.text,
                "| {} | {} | {} | {verdict} |",
                cell(&row),
                cell(&ours),
                cell(&theirs)
            );
            self.rows.push((row, [ours, theirs]));
        }
    }

    /// Prints the table, keeps it in cargo's folder for tests, and fails where a
    /// difference is not meant, or where a row does not have what is expected of both.
    pub(crate) fn finish(mut self, file: &str, expected: &[(&str, &str)]) {
        for (row, part) in expected {
            let found = self.rows.iter().find(|(name, _)| name == row);
            if !found.is_some_and(|(_, said)| said.iter().all(|said| said.contains(part))) {
                self.faults.push(format!("{row}: not {part:?}: {found:?}"));
            }
        }
        let head = format!("| what | {RUNHCS} | {RUNC} | |\n|---|---|---|---|\n");
        let text = head + &self.text;
        println!("{text}");
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
        std::fs::write(&kept, &text).expect("the table");
        println!("{} rows; the table is in {}", self.rows.len(), kept.display());
        assert!(self.faults.is_empty(), "what no one meant: {:#?}", self.faults);
    }
}
