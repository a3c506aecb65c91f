//! Single annotations.

use std::collections::BTreeMap;

use oci::{Annotations, hv_socket_table, internal_keys, registry_values};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{json, rows};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(rename = "fn")]
    function: String,
    value: String,
    #[serde(default)]
    absent: bool,
    def: Value,
    result: Option<Value>,
    result_error: Option<String>,
}

impl Row {
    fn read(&self) -> Result<Value, String> {
        let key = match self.function.as_str() {
            "testRegistry" => internal_keys::WCOW_REGISTRY_ANNOTATION_TEST,
            _ => "k",
        };
        let mut map = BTreeMap::new();
        if self.function == "hvSocketTable" {
            map = serde_json::from_str(&self.value).expect("a map");
        } else if !self.absent {
            map.insert(key.to_owned(), self.value.clone());
        }
        let all = Annotations(&map);
        Ok(match self.function.as_str() {
            "bool" => all.bool(key).map_or(self.def.clone(), Value::from),
            "nullableBool" => json(all.bool(key)),
            "int32" => all.i32(key).map_or(self.def.clone(), Value::from),
            "uint32" => all.u32(key).map_or(self.def.clone(), Value::from),
            "uint64" => all.u64(key).map_or(self.def.clone(), Value::from),
            "string" => all.get(key).map_or(self.def.clone(), Value::from),
            "commaStrings" => json(all.list(key)),
            "commaUint32" => json(all.u32_list(key).unwrap_or(vec![99])),
            "commaUint64" => json(all.u64_list(key).unwrap_or(vec![99])),
            "guid" => json(all.guid(key).map_err(|error| error.to_string())?),
            "hvSocketTable" => json(hv_socket_table(all)),
            "testRegistry" => json(registry_values(all, key)),
            other => panic!("no such function: {other}"),
        })
    }
}

#[test]
fn golden_annotations_are_read() {
    for row in rows::<Row>("parse.jsonl", 105) {
        let what = json!([row.function, row.value, row.absent]);
        match (row.read(), &row.result_error) {
            (Ok(value), None) => assert_eq!(value, row.result.unwrap_or(Value::Null), "{what}"),
            (Err(error), Some(expected)) => assert_eq!(error, *expected, "{what}"),
            (got, expected) => panic!("{what}: {got:?}, not {expected:?}"),
        }
    }
}
