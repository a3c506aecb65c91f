//! Any text splits without a panic, and what was split is the same after it
//! has been joined and split again.
#![no_main]

use compute::command_line::{escape_windows, parse_posix, parse_windows};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = parse_posix(text);
    let words = parse_windows(text);
    // A program cannot be written with a mark, or with marks around a last
    // backslash: the rules have no way to.
    if let Some((program, arguments)) = words.split_first() {
        let line =
            escape_windows(std::iter::once("x.exe").chain(arguments.iter().map(String::as_str)));
        assert_eq!(parse_windows(&line)[1..], *arguments, "{program} {line}");
    }
});
