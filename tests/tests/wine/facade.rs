//! The facade in a Windows program: its example.

use e2e::wine::windows_path;

use super::under_wine;

#[test]
fn the_example_lives_a_container_s_life() {
    under_wine("the_example_lives_a_container_s_life", |stage, wine| {
        let layer = windows_path(&stage.layer());
        let told = wine.run("examples/lifecycle.exe", &[&layer]).ok();
        for line in ["it writes: example: hello from outside", "exit code 3", "ended with 137"] {
            assert!(told.contains(line), "{line:?} is not in {told}");
        }
        assert!(told.contains("11. Nothing is left of it."), "{told}");
    });
}
