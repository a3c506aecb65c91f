//! Hyper-V socket services that annotations add to a utility VM.

use std::collections::BTreeMap;

use hcs_schema::Extra;
use hcs_schema::schema2::HvSocketServiceConfig;
use tracing::warn;

use crate::annotation::{Annotations, parse_guid, warn_of};
use crate::internal_keys::UVM_HYPERVSOCKET_CONFIG_PREFIX;

/// The rules of the services that annotations name, by GUID in lower case. One
/// that can't be read is left out with a warning; the last of two that differ in
/// the case of the GUID holds.
pub fn hv_socket_table(annotations: Annotations<'_>) -> BTreeMap<String, HvSocketServiceConfig> {
    let mut table = BTreeMap::new();
    for (key, value) in annotations.0 {
        let Some(service) = key.strip_prefix(UVM_HYPERVSOCKET_CONFIG_PREFIX) else {
            continue;
        };
        let Some(guid) = parse_guid(service) else {
            warn!(annotation = key, "invalid GUID of a Hyper-V socket service");
            continue;
        };
        let Ok(rules) = serde_json::from_str::<Option<HvSocketServiceConfig>>(value) else {
            warn_of(key, value, "the rules of a Hyper-V socket service");
            continue;
        };
        let rules = HvSocketServiceConfig { extra: Extra::EMPTY, ..rules.unwrap_or_default() };
        if table.insert(guid.to_string(), rules).is_some() {
            warn!(annotation = key, "the Hyper-V socket service has rules already");
        }
    }
    table
}
