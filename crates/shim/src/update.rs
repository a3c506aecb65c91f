//! What an update of a task asks of its compute system.

use hcs_schema::guest_request::RequestType;
use hcs_schema::schema2::ModifySettingRequest;
use protobuf::well_known_types::any::Any;
use serde_json::{Value, json};
use shim_protos::any::json::{
    CONTAINER_MOUNT, LINUX_RESOURCES, POLICY_FRAGMENT, WINDOWS_RESOURCES,
};

use crate::failure::{Failure, Outcome};

/// The request for a compute system.
///
/// # Errors
/// The resources are of no kind that a process-isolated container has, or are
/// none at all.
pub(crate) fn request(resources: &Any) -> Outcome<ModifySettingRequest> {
    let name = resources.type_url.as_str();
    let field = match name.rsplit('/').next().unwrap_or_default() {
        kind if ends(LINUX_RESOURCES, kind) => "Linux",
        kind if ends(WINDOWS_RESOURCES, kind) => "Windows",
        kind if ends(POLICY_FRAGMENT, kind) || ends(CONTAINER_MOUNT, kind) => {
            return Err(Failure::not_supported(&format!(
                "an update by {name} needs a utility VM, which this shim cannot run yet"
            )));
        }
        _ => {
            return Err(Failure::invalid_argument(format_args!(
                "invalid resource type {name:?} of an update"
            )));
        }
    };
    let settings: Value = serde_json::from_slice(&resources.value)
        .map_err(|error| Failure::invalid_argument(format_args!("{name}: {error}")))?;
    let mut request = ModifySettingRequest {
        request_type: RequestType::Update,
        settings: Some(json!({ field: settings })),
        ..ModifySettingRequest::default()
    };
    request.extra.insert("ResourceType", "ContainerConstraints".into());
    Ok(request)
}

fn ends(url: &str, kind: &str) -> bool {
    url.rsplit('/').next() == Some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(type_url: &str, value: &str) -> Any {
        Any { type_url: type_url.into(), value: value.into(), ..Any::default() }
    }

    #[test]
    fn linux_limits_are_handed_on() {
        let asked = request(&any(LINUX_RESOURCES, r#"{"cpu":{"shares":5}}"#)).expect("a request");
        assert_eq!(asked.settings, Some(json!({"Linux": {"cpu": {"shares": 5}}})));
        assert_eq!(asked.extra.get("ResourceType"), Some(&json!("ContainerConstraints")));
    }

    #[test]
    fn what_is_no_update_is_refused() {
        for (url, value) in [
            ("x/Other", "{}"),
            (LINUX_RESOURCES, "{"),
            (POLICY_FRAGMENT, "{}"),
            (CONTAINER_MOUNT, "{}"),
        ] {
            assert!(request(&any(url, value)).is_err(), "{url}");
        }
    }
}
