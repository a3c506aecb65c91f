//! The reference's answers to command lines.

#[path = "support/golden.rs"]
mod support;

#[test]
fn golden_command_lines() {
    let rows = support::compare(
        env!("CARGO_BIN_EXE_device-util"),
        env!("CARGO_MANIFEST_DIR"),
        "device-util.jsonl",
        |row| row["stdout"] == "\n",
    );
    assert!(rows >= 6, "{rows}");
}
