//! C programs that know nothing of this project, but the documented headers.

use e2e::wine::{compile, windows_path};
use serde_json::json;

use super::under_wine;

/// Each step of such a program is a line that ends in `ok`, and it tells how many
/// did not.
fn run(source: &str, libraries: &[&str]) {
    under_wine(source, |stage, wine| {
        let program = stage.path().join(source).with_extension("exe");
        compile(source, &program, libraries);
        let document = json!({
            "Owner": "stranger",
            "SchemaVersion": {"Major": 2, "Minor": 1},
            "Container": {"Storage": {"Layers": [{"Path": windows_path(&stage.layer())}]}},
        });
        let mut command = wine.wine();
        command.arg(&program).args([stage.name("c"), document.to_string()]);
        let output = command.output().expect("wine");
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && told.contains("0 failures"), "{told}");
    });
}

#[test]
fn the_second_generation_serves_strangers() {
    run("hcs.c", &["-lcomputecore", "-lcomputenetwork", "-lole32"]);
}

#[test]
fn the_first_generation_serves_strangers() {
    run("vmcompute.c", &["-lole32"]);
}
