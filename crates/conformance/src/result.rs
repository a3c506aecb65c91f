//! What came of a case.

use serde::{Deserialize, Serialize};

use crate::Area;

/// What came of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The host does it.
    Passed,
    /// The host does not; the reason says what was seen.
    Failed,
    /// The case is not for this host; the reason says why.
    Skipped,
}

impl Outcome {
    /// Its name, as the results have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One case on one host, as `--json` writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseResult {
    /// The case's name.
    pub case: String,
    /// What it is about.
    pub area: Area,
    /// The host's name.
    pub host: String,
    /// What came of it.
    #[serde(rename = "result")]
    pub outcome: Outcome,
    /// Why it failed or was skipped; else empty.
    pub reason: String,
    /// How long it took, in milliseconds.
    pub millis: u64,
}
