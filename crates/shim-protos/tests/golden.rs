//! The reference's messages, recorded: JSON in protobuf's mapping with the
//! original field names, and bytes with the keys of maps in order.
//! `HCSSHIM_GOLDEN` names a folder with more of the same form.

mod types;

use std::fs;
use std::path::{Path, PathBuf};

use protobuf::MessageDyn;
use protobuf::reflect::{MessageDescriptor, MessageRef, ReflectValueRef, RuntimeFieldType};
use protobuf_json_mapping::{PrintOptions, parse_dyn_from_str, print_to_string_with_options};
use serde_json::Value;

fn folder() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    std::env::var_os("HCSSHIM_GOLDEN").map_or(own, PathBuf::from).join("shim")
}

fn rows(file: &str) -> Vec<Value> {
    let path = folder().join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let row = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
    text.lines().map(row).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |i: usize| u8::from_str_radix(&text[i..i + 2], 16).expect("hex digits");
    (0..text.len()).step_by(2).map(digit).collect()
}

/// Checks each row both ways; at least so many are kept here.
fn check(file: &str, count: usize) {
    let rows = rows(file);
    let count = if std::env::var_os("HCSSHIM_GOLDEN").is_some() { 1 } else { count };
    assert!(rows.len() >= count, "{file}: {} rows", rows.len());
    for row in &rows {
        let name = row["message"].as_str().expect("a name");
        let descriptor = types::find(name).unwrap_or_else(|| panic!("{name} is not there"));
        check_row(name, row, &descriptor);
    }
}

fn check_row(name: &str, row: &Value, descriptor: &MessageDescriptor) {
    let bytes = row["hex"].as_str().expect("bytes");
    let message = descriptor.parse_from_bytes(&unhex(bytes));
    let message = message.unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(unknown(&*message), "", "{name}: fields that are not known");
    assert_eq!(hex(&written(&*message)), bytes, "{name}: bytes to message to bytes");
    if let Some(url) = row.get("typeUrl") {
        assert_eq!(url, descriptor.full_name(), "{name}: the type URL");
    }
    // The recorder could not write an Any of no type that it knew.
    if !row["json"].is_object() {
        return;
    }
    let options = PrintOptions { proto_field_name: true, ..PrintOptions::default() };
    let json = print_to_string_with_options(&*message, &options).expect("as JSON");
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json, row["json"], "{name}: bytes to JSON");
    let read = parse_dyn_from_str(descriptor, &row["json"].to_string());
    let read = read.unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(hex(&written(&*read)), bytes, "{name}: JSON to bytes");
}

/// The bytes of a message. One with maps of several keys has them in any order.
fn written(message: &dyn MessageDyn) -> Vec<u8> {
    let bytes = message.write_to_bytes_dyn().expect("as bytes");
    sorted(&bytes, &message.descriptor_dyn())
}

/// The same bytes, with the entries of each map of the message itself in the order
/// of their keys, which are text where there are several.
fn sorted(bytes: &[u8], descriptor: &MessageDescriptor) -> Vec<u8> {
    let mut fields = split(bytes);
    let mut start = 0;
    while start < fields.len() {
        let number = fields[start].0;
        let length = fields[start..].iter().take_while(|field| field.0 == number).count();
        let field = descriptor.field_by_number(number);
        let run = &mut fields[start..start + length];
        if field.is_some_and(|field| field.is_map()) {
            run.sort_by_key(|entry| key(&entry.1));
        }
        start += length;
    }
    fields.into_iter().flat_map(|(_, bytes)| bytes).collect()
}

/// The text that is the key of a map's entry.
fn key(entry: &[u8]) -> Vec<u8> {
    let fields = split(content(entry));
    content(&fields[0].1).to_vec()
}

/// A field without its tag and length.
fn content(field: &[u8]) -> &[u8] {
    let (_, tag) = varint(field);
    let (_, length) = varint(&field[tag..]);
    &field[tag + length..]
}

/// A message's fields: the number, and all its bytes with it.
fn split(mut bytes: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let (tag, head) = varint(bytes);
        let length = match tag & 7 {
            0 => head + varint(&bytes[head..]).1,
            1 => head + 8,
            2 => {
                let (length, own) = varint(&bytes[head..]);
                head + own + usize::try_from(length).expect("a length")
            }
            5 => head + 4,
            other => panic!("wire type {other}"),
        };
        fields.push((u32::try_from(tag >> 3).expect("a number"), bytes[..length].to_vec()));
        bytes = &bytes[length..];
    }
    fields
}

fn varint(bytes: &[u8]) -> (u64, usize) {
    let length = bytes.iter().position(|byte| byte & 0x80 == 0).expect("the end of a number") + 1;
    let value = bytes[..length].iter().rev().fold(0, |all, byte| all << 7 | u64::from(byte & 0x7f));
    (value, length)
}

/// The names of messages in this one with fields that it does not know.
fn unknown(message: &dyn MessageDyn) -> String {
    let mut found = String::new();
    if message.unknown_fields_dyn().iter().next().is_some() {
        found += message.descriptor_dyn().full_name();
    }
    let mut look = |value: ReflectValueRef<'_>| {
        if let ReflectValueRef::Message(inner) = value {
            found += &unknown_in(&inner);
        }
    };
    for field in message.descriptor_dyn().fields() {
        match field.runtime_field_type() {
            RuntimeFieldType::Singular(_) => {
                field.get_singular(message).into_iter().for_each(&mut look)
            }
            RuntimeFieldType::Repeated(_) => {
                field.get_repeated(message).into_iter().for_each(&mut look)
            }
            RuntimeFieldType::Map(..) => {
                field.get_map(message).into_iter().for_each(|(_, value)| look(value));
            }
        }
    }
    found
}

fn unknown_in(message: &MessageRef<'_>) -> String {
    unknown(&**message)
}

#[test]
fn golden_messages_of_the_reference() {
    check("protobuf.jsonl", 69);
}

#[test]
fn golden_messages_of_containerd() {
    check("protobuf-containerd.jsonl", 92);
}
