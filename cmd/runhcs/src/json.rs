//! JSON as the reference writes it.

use serde::Serialize;

/// On one line.
pub(crate) fn compact(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string(value).map(escape_html)
}

/// On many lines, indented by two spaces, without a newline at the end.
pub(crate) fn pretty(value: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(escape_html)
}

/// Go's encoder escapes what could end a script in a page. In JSON these
/// characters are in strings only, so the text can be changed as a whole.
fn escape_html(mut json: String) -> String {
    const ESCAPES: [(char, &str); 5] = [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ];
    for (c, escape) in ESCAPES {
        if json.contains(c) {
            json = json.replace(c, escape);
        }
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_escaped() {
        let text = "<a href=\"x\">&\u{2028}";
        let json = compact(&text).expect("json");
        assert_eq!(json, r#""\u003ca href=\"x\"\u003e\u0026\u2028""#);
        assert_eq!(serde_json::from_str::<String>(&json).expect("read"), text);
    }
}
