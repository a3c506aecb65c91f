//! Documents from anywhere: nothing panics, and what was read is written stably.

use std::sync::LazyLock;

use crate::types::{Row, TYPES, rows};
use proptest::prelude::*;
use serde_json::Value;

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(rows);

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0..300_u32).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(Value::from("2001-02-03T04:05:06.70+01:00")),
        Just(Value::from("AQI=")),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Walks down by the given steps and puts `new` there: in the place of a value, or beside it
/// under a name that may be known, be known in another case, or be unknown.
fn put(value: &mut Value, steps: &[(usize, bool)], new: Value) {
    let Some(((step, other_case), rest)) = steps.split_first() else {
        *value = new;
        return;
    };
    match value {
        Value::Array(items) if !items.is_empty() => {
            let index = step % items.len();
            put(&mut items[index], rest, new);
        }
        Value::Object(fields) if !fields.is_empty() => {
            let key = fields.keys().nth(step % fields.len()).unwrap().clone();
            if *other_case {
                fields.insert(key.to_lowercase(), new);
            } else {
                put(fields.get_mut(&key).unwrap(), rest, new);
            }
        }
        _ => *value = new,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_changed_document_is_refused_or_written_stably(
        row in 0..ROWS.len(),
        steps in prop::collection::vec((any::<usize>(), any::<bool>()), 0..8),
        new in any_json(),
    ) {
        let row = &ROWS[row];
        let mut tree: Value = serde_json::from_str(row.full.get()).unwrap();
        put(&mut tree, &steps, new);
        let rewrite = row.rust_type().unwrap().rewrite;
        if let Ok(once) = rewrite(&tree.to_string()) {
            prop_assert_eq!(rewrite(&once).unwrap(), once);
        }
    }

    #[test]
    fn a_document_of_another_type_is_refused_or_written_stably(
        row in 0..ROWS.len(),
        ty in 0..TYPES.len(),
    ) {
        let rewrite = TYPES[ty].rewrite;
        if let Ok(once) = rewrite(ROWS[row].full.get()) {
            prop_assert_eq!(rewrite(&once).unwrap(), once);
        }
    }

    #[test]
    fn a_cut_document_is_refused(row in 0..ROWS.len(), cut in any::<prop::sample::Index>()) {
        let row = &ROWS[row];
        let text = row.full.get();
        let cut = cut.index(text.len());
        prop_assert!((row.rust_type().unwrap().rewrite)(&text[..cut]).is_err());
    }

    #[test]
    fn no_text_panics(ty in 0..TYPES.len(), text: String) {
        let _ = (TYPES[ty].rewrite)(&text);
    }
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = r#"{"objdir":["#.repeat(100_000);
    for ty in TYPES {
        assert!((ty.rewrite)(&deep).is_err(), "{}", ty.name);
        assert!((ty.rewrite)(&deep.replace("objdir", "unknown")).is_err(), "{}", ty.name);
    }
}
