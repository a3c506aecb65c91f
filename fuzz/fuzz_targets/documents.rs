//! A document that can be read is written, read again and written the same.
#![no_main]

use hcs_schema::schema1::{ContainerConfig, ProcessConfig};
use hcs_schema::schema2::{ComputeSystem, ModifySettingRequest, ProcessParameters, Properties};
use libfuzzer_sys::fuzz_target;
use serde::Serialize;
use serde::de::DeserializeOwned;

fuzz_target!(|input: (u8, &str)| {
    let (kind, text) = input;
    match kind % 6 {
        0 => settles::<ComputeSystem>(text),
        1 => settles::<ModifySettingRequest>(text),
        2 => settles::<ProcessParameters>(text),
        3 => settles::<Properties>(text),
        4 => settles::<ContainerConfig>(text),
        _ => settles::<ProcessConfig>(text),
    }
});

fn settles<T: Serialize + DeserializeOwned>(text: &str) {
    let Ok(document) = serde_json::from_str::<T>(text) else { return };
    let once = serde_json::to_string(&document).expect("what was read can be written");
    let again: T = serde_json::from_str(&once).expect("what was written can be read");
    assert_eq!(serde_json::to_string(&again).expect("written"), once);
}
