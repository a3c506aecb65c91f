//! The folder of a container's bundle: what the shim reads and writes there.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use serde::Deserialize;
use serde_json::Value;
use serde_json::error::Category;

/// What the shim's `stderr` goes to: what it says when it breaks down.
pub(crate) const PANIC_LOG: &str = "panic.log";

/// The file with the shim's address.
pub(crate) const ADDRESS: &str = "address";

/// The file with the shim's process id.
pub(crate) const PID: &str = "shim.pid";

/// No config.json is as long.
const MAX_CONFIG: u64 = 64 << 20;

/// The annotations of the bundle's config.json.
///
/// # Errors
/// It can't be read, or is none; in the reference's words.
pub(crate) fn annotations(bundle: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    parse(&config(bundle)?).context("failed to deserialize valid OCI spec")
}

/// The bundle's whole spec.
#[cfg(windows)]
pub(crate) fn spec(bundle: &Path) -> anyhow::Result<oci::Spec> {
    Ok(serde_json::from_slice(&config(bundle)?)?)
}

fn config(bundle: &Path) -> anyhow::Result<Vec<u8>> {
    let path = bundle.join("config.json");
    let file = File::open(&path)
        .map_err(|error| anyhow!("open {}: {}", path.display(), os_text(&error)))?;
    let mut text = Vec::new();
    file.take(MAX_CONFIG)
        .read_to_end(&mut text)
        .map_err(|error| anyhow!("read {}: {}", path.display(), os_text(&error)))?;
    Ok(text)
}

fn parse(text: &[u8]) -> anyhow::Result<BTreeMap<String, String>> {
    // What comes behind the first value is not read.
    let value = Value::deserialize(&mut serde_json::Deserializer::from_slice(text));
    let value = value.map_err(|error| match error.classify() {
        Category::Eof if text.iter().all(u8::is_ascii_whitespace) => anyhow!("EOF"),
        Category::Eof => anyhow!("unexpected EOF"),
        _ => anyhow!(error),
    })?;
    let mut spec = match value {
        Value::Object(spec) => spec,
        Value::Null => return Ok(BTreeMap::new()),
        other => bail!(
            "json: cannot unmarshal {} into Go value of type main.specAnnotations",
            kind(&other)
        ),
    };
    let field = |value: &Value, wanted: &str| {
        anyhow!(
            "json: cannot unmarshal {} into Go struct field specAnnotations.annotations of type {wanted}",
            kind(value)
        )
    };
    match spec.remove("annotations") {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(Value::Object(annotations)) => annotations
            .into_iter()
            .map(|(key, value)| match value {
                Value::String(text) => Ok((key, text)),
                Value::Null => Ok((key, String::new())),
                other => Err(field(&other, "string")),
            })
            .collect(),
        Some(other) => Err(field(&other, "map[string]string")),
    }
}

/// The kind of a value, as Go names it.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Writes a file of the bundle so that nobody sees half of it.
pub(crate) fn write(bundle: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let unfinished = bundle.join(format!(".{name}"));
    let path = bundle.join(name);
    fs::write(&unfinished, text)
        .and_then(|()| fs::rename(&unfinished, &path))
        .with_context(|| format!("writing {}", path.display()))
}

/// What the system says of an error, as Go programs show it: without Rust's number.
pub(crate) fn os_text(error: &io::Error) -> String {
    let text = error.to_string();
    let Some(code) = error.raw_os_error() else { return text };
    let text = text.strip_suffix(&format!(" (os error {code})")).unwrap_or(&text);
    if cfg!(windows) {
        return text.to_owned();
    }
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_read_and_nothing_else() {
        let text = r#"{"process": {"x": [1]}, "annotations": {"a": "1", "b": null}} more"#;
        let read = parse(text.as_bytes()).expect("annotations");
        let expected = [("a", "1"), ("b", "")];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(read, BTreeMap::from(expected));
        for text in ["{}", "null", r#"{"annotations": null}"#] {
            assert!(parse(text.as_bytes()).expect("none").is_empty(), "{text}");
        }
    }

    #[test]
    fn what_is_no_spec_is_refused_in_go_s_words() {
        let refused = |text: &str| parse(text.as_bytes()).expect_err(text).to_string();
        assert_eq!(refused(" \n"), "EOF");
        assert_eq!(refused(r#"{"annotations": {"#), "unexpected EOF");
        let unmarshal = "json: cannot unmarshal";
        assert_eq!(
            refused(r#""text""#),
            format!("{unmarshal} string into Go value of type main.specAnnotations")
        );
        assert_eq!(
            refused(r#"{"annotations": {"a": 1}}"#),
            format!(
                "{unmarshal} number into Go struct field specAnnotations.annotations of type string"
            )
        );
    }

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        for text in ["first and long", "second"] {
            write(folder.path(), ADDRESS, text).expect("written");
            let path = folder.path().join(ADDRESS);
            assert_eq!(fs::read_to_string(path).expect("read"), text);
        }
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}
