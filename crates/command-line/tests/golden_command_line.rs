//! Arguments become the command line that the reference makes of them.

use std::path::PathBuf;

use command_line::{escape_windows, parse_windows};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    args: Vec<String>,
    command_line: String,
}

#[test]
fn golden_command_lines_are_made_and_read() {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let folder = std::env::var_os("HCSSHIM_GOLDEN").map_or(own, PathBuf::from);
    let text = std::fs::read_to_string(folder.join("oci/escape.jsonl")).expect("golden data");
    let rows: Vec<Row> =
        text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
    assert!(rows.len() >= 20);
    for row in rows {
        assert_eq!(escape_windows(&row.args), row.command_line);
        // A program's name cannot have a quotation mark: read them as arguments.
        let parsed = parse_windows(&format!("x {}", row.command_line));
        assert_eq!(parsed[1..], row.args);
    }
}
