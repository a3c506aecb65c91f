//! What the environment adds to every container's configuration.

use std::env;
use std::sync::LazyLock;

use hcs_schema::schema1::ContainerConfig;
use serde_json::{Map, Value};

use crate::{Error, Result};

/// `HCSSHIM_CREATECONTAINER_ADDITIONALJSON` as it was when a container was
/// first made; empty where it is not set.
static ADDITIONAL_JSON: LazyLock<String> = LazyLock::new(|| {
    env::var_os("HCSSHIM_CREATECONTAINER_ADDITIONALJSON")
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
});

/// The configuration with what the environment adds.
pub(crate) fn with_additional(config: &ContainerConfig) -> Result<ContainerConfig> {
    merged(config, &ADDITIONAL_JSON)
}

fn merged(config: &ContainerConfig, json: &str) -> Result<ContainerConfig> {
    if json.is_empty() {
        return Ok(config.clone());
    }
    let merge = || {
        let additional: Option<Map<String, Value>> = serde_json::from_str(json)?;
        let mut value = serde_json::to_value(config)?;
        merge(&mut value, additional.map_or(Value::Null, Value::Object));
        serde_json::from_value(value)
    };
    merge().map_err(|source| Error::AdditionalJson { json: json.to_owned(), source })
}

/// Objects are merged key by key and `null` leaves an object as it is; apart
/// from that the addition wins.
fn merge(value: &mut Value, addition: Value) {
    match (value, addition) {
        (Value::Object(fields), Value::Object(additions)) => {
            for (name, addition) in additions {
                merge(fields.entry(name).or_insert(Value::Null), addition);
            }
        }
        (Value::Object(_), Value::Null) => {}
        (value, addition) => *value = addition,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config() -> ContainerConfig {
        serde_json::from_value(json!({
            "SystemType": "Container", "Name": "c1", "HostName": "own",
            "Layers": [{ "ID": "1", "Path": "/a" }],
            "HvRuntime": { "ImagePath": "/vm", "SkipTemplate": true },
        }))
        .unwrap()
    }

    fn with(json: &str) -> Value {
        serde_json::to_value(merged(&config(), json).unwrap()).unwrap()
    }

    #[test]
    fn nothing_is_added_where_nothing_is_set() {
        assert_eq!(merged(&config(), "").unwrap(), config());
        assert_eq!(merged(&config(), "{}").unwrap(), config());
        assert_eq!(merged(&config(), "null").unwrap(), config());
    }

    #[test]
    fn the_addition_wins_over_scalars_and_lists() {
        let merged = with(r#"{"HostName":"added","Layers":[],"New":[1]}"#);
        assert_eq!(merged["HostName"], "added");
        assert_eq!(merged["Layers"], Value::Null);
        assert_eq!(merged["New"], json!([1]));
        assert_eq!(merged["Name"], "c1");
    }

    #[test]
    fn objects_are_merged_at_every_depth() {
        let merged = with(r#"{"HvRuntime":{"ImagePath":"/other","BootSource":"Vhd"}}"#);
        let expected = json!({ "ImagePath": "/other", "SkipTemplate": true, "BootSource": "Vhd" });
        assert_eq!(merged["HvRuntime"], expected);
    }

    #[test]
    fn null_keeps_an_object_and_clears_a_scalar() {
        let merged = with(r#"{"HvRuntime":null,"HostName":null}"#);
        assert_eq!(merged["HvRuntime"]["ImagePath"], "/vm");
        assert_eq!(merged.get("HostName"), None);
    }

    #[test]
    fn what_cannot_be_merged_is_quoted() {
        for json in ["{", "[1]", "7", r#"{"ProcessorCount":"two"}"#] {
            let error = merged(&config(), json).unwrap_err().to_string();
            let start = format!("failed to merge additional JSON '{json}': ");
            assert!(error.starts_with(&start), "{error}");
        }
    }
}
