//! The whole suite against the fake.

use conformance::{Host, Outcome, Plan, run, table};

#[test]
fn the_fake_does_what_a_host_has_to_do() {
    let results = run(&Host::fake(), &Plan { only: Vec::new(), jobs: 2 }, |_| ());
    let failed: Vec<_> = results
        .iter()
        .filter(|result| result.outcome == Outcome::Failed)
        .map(table::line)
        .collect();
    assert!(failed.is_empty(), "{}\n{}", table::sum(&results), failed.join("\n"));
    assert!(results.iter().all(|one| one.outcome != Outcome::Skipped || !one.reason.is_empty()));
}
