//! Command lines: one text that names a program and its arguments.
//!
//! A document of a Windows container carries its command line by the rules of
//! the Microsoft C runtime ([`parse_windows`], [`escape_windows`]); one for Linux
//! by those of a POSIX shell ([`parse_posix`]).

#![forbid(unsafe_code)]

/// Why a text is not a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCommandLine {
    /// A quotation mark has no end.
    #[error("the command line has a quotation mark without its end: close it, or write it as \\\"")]
    UnfinishedQuote,
}

/// Splits a Windows command line into its arguments, as a program that was
/// built with the Microsoft C runtime sees them.
///
/// - The first word is the program: quotation marks group it, a backslash means
///   itself, and a space before it makes it empty.
/// - Arguments are separated by spaces and tabs. A `"` begins and ends a part
///   that has them; in such a part `""` is one mark that does not end it.
/// - 2n backslashes before a `"` are n backslashes, and the mark groups; 2n+1
///   are n backslashes and the mark itself. Elsewhere a backslash means itself.
/// - A part that is not ended goes to the end of the text.
///
/// An empty text has no arguments (a Windows program gets its own path there).
///
/// Source: "Parsing C command-line arguments" in the documentation of the
/// Microsoft C runtime (the rules since 2008).
///
/// ```
/// use command_line::parse_windows;
///
/// assert_eq!(parse_windows(r#""C:\my app\x.exe" /c "a ""b"" c" \"d\" e\\"#),
///     [r"C:\my app\x.exe", "/c", r#"a "b" c"#, r#""d""#, r"e\\"]);
/// ```
pub fn parse_windows(command_line: &str) -> Vec<String> {
    if command_line.is_empty() {
        return Vec::new();
    }
    let (program, mut rest) = split_program(command_line);
    let mut arguments = vec![program];
    loop {
        rest = rest.trim_start_matches(is_blank);
        if rest.is_empty() {
            return arguments;
        }
        let (argument, after) = split_argument(rest);
        arguments.push(argument);
        rest = after;
    }
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t'
}

/// The program and what follows it.
fn split_program(text: &str) -> (String, &str) {
    let mut quoted = false;
    let end = text.find(|c| {
        quoted ^= c == '"';
        !quoted && is_blank(c)
    });
    let (program, rest) = text.split_at(end.unwrap_or(text.len()));
    (program.replace('"', ""), rest)
}

/// The first argument of a text that begins with one, and what follows it.
fn split_argument(text: &str) -> (String, &str) {
    let mut argument = String::new();
    let mut quoted = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '\\' {
            let after = rest.trim_start_matches('\\');
            let backslashes = rest.len() - after.len();
            let literal = if after.starts_with('"') { backslashes / 2 } else { backslashes };
            argument.extend(std::iter::repeat_n('\\', literal));
            rest = after;
            // The last of an odd number of backslashes belongs to the mark.
            if backslashes % 2 == 1
                && let Some(after_mark) = after.strip_prefix('"')
            {
                argument.push('"');
                rest = after_mark;
            }
        } else if c == '"' {
            rest = &rest[1..];
            match rest.strip_prefix('"') {
                Some(after_mark) if quoted => {
                    argument.push('"');
                    rest = after_mark;
                }
                _ => quoted = !quoted,
            }
        } else if is_blank(c) && !quoted {
            break;
        } else {
            argument.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    (argument, rest)
}

/// Joins arguments to a Windows command line that [`parse_windows`] splits into
/// the same ones, as the reference does (Go's `windows.ComposeCommandLine` for
/// everything but its program).
///
/// The rules have no way to write a program (the first argument) with a
/// quotation mark in it, or one that ends in a backslash and needs quotation
/// marks; neither can be the name of a Windows file.
///
/// ```
/// use command_line::escape_windows;
///
/// assert_eq!(escape_windows(["cmd", "/c", "a b", "", r#"say "x""#]),
///     r#"cmd /c "a b" "" "say \"x\"""#);
/// ```
pub fn escape_windows<A: AsRef<str>>(arguments: impl IntoIterator<Item = A>) -> String {
    let mut line = String::new();
    for (at, argument) in arguments.into_iter().enumerate() {
        if at > 0 {
            line.push(' ');
        }
        push_escaped(&mut line, argument.as_ref());
    }
    line
}

fn push_escaped(line: &mut String, argument: &str) {
    let quoted = argument.is_empty() || argument.contains(is_blank);
    if quoted {
        line.push('"');
    }
    let mut backslashes = 0;
    for c in argument.chars() {
        if c == '"' {
            // As many again for those before the mark, and one for itself.
            line.extend(std::iter::repeat_n('\\', backslashes + 1));
        }
        backslashes = if c == '\\' { backslashes + 1 } else { 0 };
        line.push(c);
    }
    if quoted {
        line.extend(std::iter::repeat_n('\\', backslashes));
        line.push('"');
    }
}

/// Splits a command line into words as a POSIX shell does, without expanding
/// anything in them.
///
/// # Errors
/// A quotation mark has no end.
///
/// ```
/// use command_line::parse_posix;
///
/// assert_eq!(parse_posix(r#"sh -c 'echo "$HOME"' a\ b"#)?, ["sh", "-c", "echo \"$HOME\"", "a b"]);
/// # Ok::<(), command_line::InvalidCommandLine>(())
/// ```
pub fn parse_posix(command_line: &str) -> Result<Vec<String>, InvalidCommandLine> {
    shell_words::split(command_line).map_err(|_| InvalidCommandLine::UnfinishedQuote)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The examples of the Microsoft documentation, behind a program's name.
    #[test]
    fn windows_rules_hold() {
        let table: [(&str, &[&str]); 14] = [
            (r#""a b c" d e"#, &["a b c", "d", "e"]),
            (r#""ab\"c" "\\" d"#, &[r#"ab"c"#, r"\", "d"]),
            (r#"a\\\b d"e f"g h"#, &[r"a\\\b", "de fg", "h"]),
            (r#"a\\\"b c d"#, &[r#"a\"b"#, "c", "d"]),
            (r#"a\\\\"b c" d e"#, &[r"a\\b c", "d", "e"]),
            (r#"a"b"" c d"#, &[r#"ab" c d"#]),
            (r#""a b"" c d"#, &[r#"a b" c d"#]),
            (r#""""#, &[""]),
            (r#"a "" b"#, &["a", "", "b"]),
            ("\ta \t b ", &["a", "b"]),
            (r#""no end"#, &["no end"]),
            (r"a\ b\", &[r"a\", r"b\"]),
            ("ü \"ö ä\"", &["ü", "ö ä"]),
            ("", &[]),
        ];
        for (text, expected) in table {
            assert_eq!(parse_windows(&format!("x.exe {text}"))[1..], *expected, "{text}");
        }
    }

    #[test]
    fn the_program_has_rules_of_its_own() {
        let program = |text: &str| parse_windows(text).into_iter().next();
        assert_eq!(program(r#""C:\a b\" c"#).as_deref(), Some(r"C:\a b\"));
        assert_eq!(program(r#"C:\"a b"\x.exe c"#).as_deref(), Some(r"C:\a b\x.exe"));
        assert_eq!(program(" x").as_deref(), Some(""));
        assert_eq!(program(""), None);
    }

    #[test]
    fn posix_rules_hold() {
        assert_eq!(
            parse_posix(r"a 'b c' d\ e").as_deref(),
            Ok(&["a", "b c", "d e"].map(String::from)[..])
        );
        assert_eq!(parse_posix("a 'b"), Err(InvalidCommandLine::UnfinishedQuote));
        assert_eq!(parse_posix(""), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn windows_arguments_survive(arguments in prop::collection::vec(r#"[ab\\" \tü\n]{0,8}"#, 0..6)) {
            let line = escape_windows(["x y.exe"].into_iter().chain(arguments.iter().map(String::as_str)));
            prop_assert_eq!(&parse_windows(&line)[1..], arguments);
        }

        #[test]
        fn windows_programs_survive(program in r"[ab\\ ü]{0,8}[bü]", argument in ".*") {
            prop_assert_eq!(parse_windows(&escape_windows([&program, &argument])), [program, argument]);
        }

        #[test]
        fn posix_words_survive(words in prop::collection::vec(".*", 0..6)) {
            prop_assert_eq!(parse_posix(&shell_words::join(&words)), Ok(words));
        }

        #[test]
        fn any_text_is_split(text in ".*") {
            parse_windows(&text);
            let _ = parse_posix(&text);
        }
    }
}
