//! Any text as the name of one key: as a segment of a URL's path (Go's
//! `url.PathEscape`), which leaves nothing that has a meaning in the registry.

/// What stays as it is beside letters and digits of ASCII.
const PLAIN: &[u8] = b"-_.~$&+=:@";

/// The text with `%XX` for each byte that does not stay as it is.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || PLAIN.contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// The text that was escaped; `None` where that was none.
pub(super) fn unescape(escaped: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let byte = match byte {
            b'%' => u8::try_from(digit()? * 16 + digit()?).ok()?,
            byte => byte,
        };
        bytes.push(byte);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_as_go_does() {
        for (text, escaped) in [
            ("default", "default"),
            ("a-_.~$&+=:@Z9", "a-_.~$&+=:@Z9"),
            (r"a\b/c", "a%5Cb%2Fc"),
            ("a b%c", "a%20b%25c"),
            (";,?!*'()\"", "%3B%2C%3F%21%2A%27%28%29%22"),
            ("é\0", "%C3%A9%00"),
            ("", ""),
        ] {
            assert_eq!(escape(text), escaped);
            assert_eq!(unescape(escaped).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_nobody_escaped_is_no_name() {
        for escaped in ["%", "%4", "%zz", "%+1", "%FF"] {
            assert_eq!(unescape(escaped), None, "{escaped}");
        }
        assert_eq!(unescape("%4a+").as_deref(), Some("J+"));
    }
}
