//! The registry values of a Windows container.

use hcs_schema::schema2::{RegistryHive, RegistryKey, RegistryValue, RegistryValueType};

use super::{ContainerError, Place, WindowsContainer};
use crate::internal_keys::WCOW_REGISTRY_ANNOTATION_TEST;
use crate::keys::{
    CONTAINER_PROCESS_DUMP_LOCATION, WCOW_PROCESS_DUMP_COUNT, WCOW_PROCESS_DUMP_TYPE,
};
use crate::{Annotations, registry_values};

/// Where Windows Error Reporting reads how it writes dumps.
const LOCAL_DUMPS: &str = r"Microsoft\Windows\Windows Error Reporting\LocalDumps";

pub(super) fn values(
    container: &WindowsContainer<'_>,
) -> Result<Vec<RegistryValue>, ContainerError> {
    // The longest time there is: how long a container may take to shut down is
    // for the caller to say.
    let control = value(RegistryHive::System, r"ControlSet001\Control", "WaitToKillServiceTimeout");
    let mut values = vec![string(control, i32::MAX.to_string())];

    let annotations = container.spec.annotations();
    let folder = match (annotations.get(CONTAINER_PROCESS_DUMP_LOCATION), container.place) {
        (Some(folder), _) => folder,
        (None, Place::Vm { process_dump_location, .. }) => process_dump_location,
        (None, Place::Host { .. }) => "",
    };
    if !folder.is_empty() {
        let dumps = |name| value(RegistryHive::Software, LOCAL_DUMPS, name);
        values.push(string(dumps("DumpFolder"), with_id(folder, container.id)));
        values.push(number(dumps("DumpType"), dump_type(annotations)?));
        values.push(number(dumps("DumpCount"), dump_count(annotations)?));
    }
    values.extend(registry_values(annotations, WCOW_REGISTRY_ANNOTATION_TEST));
    Ok(values)
}

fn value(hive: RegistryHive, key: &str, name: &str) -> RegistryValue {
    let key = RegistryKey { hive, name: key.to_owned(), ..RegistryKey::default() };
    RegistryValue { key: Some(key), name: name.to_owned(), ..RegistryValue::default() }
}

fn string(value: RegistryValue, string_value: String) -> RegistryValue {
    RegistryValue { type_: RegistryValueType::String, string_value, ..value }
}

fn number(value: RegistryValue, d_word_value: i32) -> RegistryValue {
    RegistryValue { type_: RegistryValueType::DWord, d_word_value, ..value }
}

/// The folder for dumps of one container, where each is to have its own.
fn with_id(folder: &str, id: &str) -> String {
    let above =
        folder.strip_suffix("{container_id}").or_else(|| folder.strip_suffix("{CONTAINER_ID}"));
    above.map_or_else(|| folder.to_owned(), |above| format!("{above}{id}"))
}

fn dump_type(annotations: Annotations<'_>) -> Result<i32, ContainerError> {
    match annotations.get(WCOW_PROCESS_DUMP_TYPE) {
        Some("mini") => Ok(1),
        None | Some("" | "full") => Ok(2),
        Some(_) => Err(ContainerError::DumpType),
    }
}

fn dump_count(annotations: Annotations<'_>) -> Result<i32, ContainerError> {
    match annotations.get(WCOW_PROCESS_DUMP_COUNT) {
        None | Some("") => Ok(10),
        Some(text) => match text.parse() {
            Ok(count) if count > 0 => Ok(count),
            _ => Err(ContainerError::DumpCount(text.to_owned())),
        },
    }
}
