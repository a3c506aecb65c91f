//! What every compute host has to do, as one suite that runs against any of them.
//!
//! Does: run the same cases ([`CASES`]) over the traits of [`compute`] against the
//! Linux host, the Windows host (on Windows, or under Wine before the stand-in
//! DLLs) and the recording fake ([`Host`]), print what came of each, and put the
//! results of several hosts into one table.
//!
//! Does not: look inside a host. A case knows the traits, and what a [`Bed`] tells
//! it of its host: ids, documents, and programs to run in a container.
//!
//! # A case
//! An `async fn(&Bed) -> Outcome` in one of the modules of `cases`, with a line in
//! that module's table. It runs in a thread and a runtime of its own, for at most
//! [`LIMIT`]; a panic is a failure of that case. What it leaves behind is a
//! failure too, and is removed.
//!
//! ```
//! use conformance::{Host, Outcome, Plan, run};
//!
//! let plan = Plan { only: vec!["exit codes".into()], jobs: 2 };
//! let results = run(&Host::fake(), &plan, |_| ());
//! assert!(!results.is_empty());
//! assert!(results.iter().all(|result| result.outcome != Outcome::Failed));
//! ```

#![forbid(unsafe_code)]

mod bed;
mod case;
mod cases;
mod drive;
mod failure;
mod host;
mod program;
mod puppet;
mod result;
mod runner;
pub mod table;

pub use bed::Bed;
pub use case::{Area, Case, HostKind, Need};
pub use cases::CASES;
pub use failure::Failure;
pub use host::{Containers, Host};
pub use program::Program;
pub use result::{CaseResult, Outcome};
pub use runner::{LIMIT, Plan, run};
