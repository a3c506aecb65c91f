//! The state of a container as the OCI runtime specification writes it.

use std::path::Path;

use oci_spec::runtime::{ContainerState, Spec, StateBuilder};

use crate::error::Error;

/// The state as JSON, as hooks read it. `pid` is left out of a stopped container's.
pub(crate) fn json(
    id: &str,
    bundle: &Path,
    spec: &Spec,
    status: ContainerState,
    pid: u32,
) -> Result<String, Error> {
    let wrong = |error: String| Error::State(format!("writing the container's state: {error}"));
    let mut state = StateBuilder::default()
        .version(spec.version().clone())
        .id(id)
        .status(status)
        .bundle(bundle);
    if status != ContainerState::Stopped {
        state = state.pid(i32::try_from(pid).map_err(|error| wrong(error.to_string()))?);
    }
    if let Some(annotations) = spec.annotations() {
        state = state.annotations(annotations.clone());
    }
    let state = state.build().map_err(|error| wrong(error.to_string()))?;
    serde_json::to_string(&state).map_err(|error| wrong(error.to_string()))
}
