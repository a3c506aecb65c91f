//! What a worker makes of a compute system's document: a plan.
//!
//! Every field of a document is either carried out or refused by its name;
//! none is passed over.

mod container;
mod defaults;
mod hosted;
mod process;
mod schema1;
mod schema2;
mod users;

use std::path::PathBuf;

use compute::Error;
use compute::error::SystemCode;
use hcs_schema::schema2::ComputeSystem;
use oci_spec::runtime::Spec;
use serde_json::Value;

pub(crate) use container::Limits;
pub(crate) use process::oci_process;
pub(crate) use schema2::{mapped_directory, mapped_pipe, processor_limits};

use crate::Roots;
use crate::failure::failure;

/// Where the root file system comes from.
#[derive(Debug, Clone)]
pub(crate) enum PlannedRoot {
    /// The spec's `root.path`.
    Spec,
    /// Layers, topmost first, under a writable one. Without a scratch the
    /// system makes its own, which goes with it.
    Overlay { lowers: Vec<PathBuf>, scratch: Option<PathBuf> },
}

/// How a compute system is to be made.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) owner: String,
    pub(crate) name: String,
    /// The container. Made from a document, its process is the pattern that
    /// later processes take their defaults from.
    pub(crate) spec: Spec,
    pub(crate) bundle: PathBuf,
    pub(crate) root: PlannedRoot,
    /// Made from an OCI spec: its process is the system's first.
    pub(crate) oci: bool,
    pub(crate) terminate_on_last_handle_closed: bool,
    /// Whether the document asks for a limit, so that a control group is a must.
    pub(crate) has_limits: bool,
}

/// Why a document cannot be carried out.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: SystemCode,
    message: String,
    hint: Option<&'static str>,
}

impl Refusal {
    /// The field is of no use in a container on this host.
    pub(crate) fn unsupported(field: &str, why: &str) -> Self {
        Self { code: SystemCode::ERR_NOT_SUPPORTED, message: format!("{field}: {why}"), hint: None }
    }

    /// The field's value makes no sense.
    pub(crate) fn invalid(field: &str, why: impl std::fmt::Display) -> Self {
        Self {
            code: SystemCode::ERR_VMCOMPUTE_INVALID_JSON,
            message: format!("{field}: {why}"),
            hint: None,
        }
    }

    pub(crate) fn with_code(mut self, code: SystemCode) -> Self {
        self.code = code;
        self
    }

    pub(crate) fn with_hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    pub(crate) fn into_error(self, operation: &'static str, id: &str) -> Error {
        let error = failure(operation, id, self.code, self.message);
        match self.hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

impl Plan {
    /// Reads a document of either schema.
    pub(crate) fn new(id: &str, roots: &Roots, document: &Value) -> Result<Self, Refusal> {
        let is_schema1 = document.get("SystemType").is_some();
        if is_schema1 {
            return schema1::plan(id, roots, read(document)?);
        }
        let document: ComputeSystem = read(document)?;
        schema2::plan(id, roots, document)
    }

    /// The control group: the one that the spec names, or one whose name no
    /// system of another state folder can have.
    pub(crate) fn cgroups_path(&self, id: &str, runtime_id: &str) -> String {
        let linux = self.spec.linux().as_ref();
        if let Some(path) = linux.and_then(|linux| linux.cgroups_path().as_ref()) {
            return path.display().to_string();
        }
        let readable: String = id.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
        format!("hcsshim-{readable}-{runtime_id}")
    }

    /// Whether the spec says which control group it is.
    pub(crate) fn names_group(&self) -> bool {
        self.spec.linux().as_ref().is_some_and(|linux| linux.cgroups_path().is_some())
    }

    /// The hooks that run once the system has gone, with what they are told.
    pub(crate) fn poststop(&self, id: &str) -> Option<crate::store::PostStop> {
        let hooks = self.spec.hooks().as_ref()?.poststop().as_ref()?;
        (!hooks.is_empty()).then(|| crate::store::PostStop {
            hooks: hooks.clone(),
            id: id.into(),
            bundle: self.bundle.clone(),
            annotations: self.spec.annotations().clone().unwrap_or_default().into_iter().collect(),
        })
    }
}

fn read<T: serde::de::DeserializeOwned>(document: &Value) -> Result<T, Refusal> {
    T::deserialize(document).map_err(|error| Refusal {
        code: SystemCode::ERR_VMCOMPUTE_INVALID_JSON,
        message: error.to_string(),
        hint: None,
    })
}
