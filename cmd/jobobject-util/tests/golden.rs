//! The reference's answers to command lines.

#[path = "../../device-util/tests/support/golden.rs"]
mod support;

#[test]
fn golden_command_lines() {
    let rows = support::compare(
        env!("CARGO_BIN_EXE_jobobject-util"),
        env!("CARGO_MANIFEST_DIR"),
        "jobobject-util.jsonl",
        |row| row["stderr"].as_str().is_some_and(|text| text.starts_with("{os-text")),
    );
    assert!(rows >= 9, "{rows}");
}
