//! The pod that a spec belongs to.

use crate::Annotations;
use crate::keys::{KUBERNETES_CONTAINER_TYPE, KUBERNETES_SANDBOX_ID};

/// What a spec is in its pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SandboxRole {
    /// The pod itself (`sandbox`).
    Sandbox,
    /// A container in it (`container`).
    Container,
}

/// The pod that a spec belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sandbox<'a> {
    /// What the spec is in it.
    pub role: SandboxRole,
    /// The pod's id.
    pub id: &'a str,
}

/// Annotations don't tell which pod a spec belongs to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The role is not one of those that there are.
    #[error("invalid '{KUBERNETES_CONTAINER_TYPE}': '{0}'")]
    Role(String),
    /// One of two annotations that belong together is missing.
    #[error("cannot specify '{0}' without '{1}'")]
    Without(&'static str, &'static str),
}

/// The pod that the annotations name; `None` for a container of its own.
///
/// # Errors
/// They don't fit together, or the role is unknown.
pub fn sandbox(annotations: Annotations<'_>) -> Result<Option<Sandbox<'_>>, SandboxError> {
    let role = match annotations.get(KUBERNETES_CONTAINER_TYPE) {
        None => None,
        Some("sandbox") => Some(SandboxRole::Sandbox),
        Some("container") => Some(SandboxRole::Container),
        Some(other) => return Err(SandboxError::Role(other.to_owned())),
    };
    let id = annotations.get(KUBERNETES_SANDBOX_ID).filter(|id| !id.is_empty());
    match (role, id) {
        (Some(role), Some(id)) => Ok(Some(Sandbox { role, id })),
        (None, None) => Ok(None),
        (Some(_), None) => {
            Err(SandboxError::Without(KUBERNETES_CONTAINER_TYPE, KUBERNETES_SANDBOX_ID))
        }
        (None, Some(_)) => {
            Err(SandboxError::Without(KUBERNETES_SANDBOX_ID, KUBERNETES_CONTAINER_TYPE))
        }
    }
}
