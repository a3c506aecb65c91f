//! Registry values that annotations ask for.

use hcs_schema::Extra;
use hcs_schema::schema2::{RegistryHive, RegistryValue, RegistryValueType};
use tracing::warn;

use crate::annotation::{Annotations, warn_of};

/// Where values may be set: a hive and what the key's name begins with. All else
/// could change what the guest is.
const ALLOWED: [(RegistryHive, &str); 4] = [
    (RegistryHive::System, r"currentcontrolset\services"),
    (RegistryHive::System, r"currentcontrolset\policies"),
    (RegistryHive::System, "software"),
    (RegistryHive::Software, ""),
];

/// The registry values in the annotation `key`, a JSON list.
///
/// One that can't be set is left out with a warning: without key or name, of an
/// unknown hive or type, with more than one value, or outside of services,
/// policies and software.
pub fn registry_values(annotations: Annotations<'_>, key: &str) -> Vec<RegistryValue> {
    let Some(text) = annotations.get(key).filter(|text| !text.is_empty()) else {
        return Vec::new();
    };
    let Ok(values) = serde_json::from_str::<Option<Vec<Option<RegistryValue>>>>(text) else {
        warn_of(key, text, "a list of registry values");
        return Vec::new();
    };
    let mut kept = Vec::new();
    for value in values.into_iter().flatten() {
        let mut value = value.unwrap_or_default();
        if let Err(why) = check(&value) {
            warn!(annotation = key, name = value.name, "registry value left out: {why}");
            continue;
        }
        // What has no meaning is not passed on to the host.
        value.extra = Extra::EMPTY;
        if let Some(key) = &mut value.key {
            key.extra = Extra::EMPTY;
        }
        kept.push(value);
    }
    kept
}

/// Says why a value can't be set.
fn check(value: &RegistryValue) -> Result<(), &'static str> {
    let Some(key) = &value.key else {
        return Err("registry key is required");
    };
    if matches!(key.hive, RegistryHive::Other(_)) {
        return Err("invalid registry key hive");
    }
    if key.name.is_empty() {
        return Err("registry key name is required");
    }
    if value.name.is_empty() {
        return Err("registry name is required");
    }
    if matches!(value.type_, RegistryValueType::Other(_)) {
        return Err("invalid registry value type");
    }
    let set = [
        !value.string_value.is_empty(),
        !value.binary_value.is_empty(),
        value.d_word_value != 0,
        value.q_word_value != 0,
    ];
    if set.into_iter().filter(|set| *set).count() > 1 {
        return Err("multiple values set");
    }
    let name = key.name.to_lowercase();
    if !ALLOWED.iter().any(|(hive, prefix)| key.hive == *hive && name.starts_with(prefix)) {
        return Err("registry value is not permitted to be set");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn kept(json: &str) -> usize {
        let map = BTreeMap::from([("k".to_owned(), json.to_owned())]);
        registry_values(Annotations(&map), "k").len()
    }

    #[test]
    fn a_value_is_one_value_of_a_key() {
        let value = |more: &str| {
            format!(
                r#"[{{"Key":{{"Hive":"Software","Name":"k"}},"Name":"n","Type":"String"{more}}}]"#
            )
        };
        assert_eq!(kept(&value("")), 1);
        assert_eq!(kept(&value(r#","StringValue":"x""#)), 1);
        assert_eq!(kept(&value(r#","StringValue":"x","DWordValue":1"#)), 0);
        assert_eq!(kept(r#"[null, {"Name":"n","Type":"String"}]"#), 0);
    }

    #[test]
    fn only_some_keys_can_be_set() {
        for (hive, name, expected) in [
            ("System", r"CurrentControlSet\Policies\x", 1),
            ("System", r"CurrentControlSet\Control", 0),
            ("Sam", "software", 0),
            ("Security", "x", 0),
        ] {
            let name = name.replace('\\', r"\\");
            let key = format!(r#"{{"Hive":"{hive}","Name":"{name}"}}"#);
            let json = format!(r#"[{{"Key":{key},"Name":"n","Type":"QWord","QWordValue":1}}]"#);
            assert_eq!(kept(&json), expected, "{hive} {name}");
        }
    }
}
