//! What every command has at hand.

use std::io::Write;

use compute::{ComputeService, SystemId};

use crate::app::Environment;
use crate::cli::Globals;
use crate::store::Store;

/// What every command has at hand.
pub(crate) struct Context<'a> {
    make_service: &'a dyn Fn() -> anyhow::Result<Box<dyn ComputeService>>,
    service: Option<Box<dyn ComputeService>>,
    pub(crate) store: Box<dyn Store>,
    /// The root that was asked for, as it was written: a shim is told.
    #[cfg(windows)]
    pub(crate) root: String,
    pub(crate) owner: String,
    pub(crate) stdout: &'a mut dyn Write,
    pub(crate) stderr: &'a mut dyn Write,
}

impl<'a> Context<'a> {
    pub(crate) fn new(environment: &'a mut Environment<'_>, globals: Globals) -> Self {
        Self {
            make_service: environment.service,
            service: None,
            store: environment.records.of(&globals.root),
            #[cfg(windows)]
            root: globals.root,
            owner: globals.owner,
            stdout: &mut *environment.stdout,
            stderr: &mut *environment.stderr,
        }
    }

    /// The compute service, made at its first use.
    pub(crate) fn service(&mut self) -> anyhow::Result<&dyn ComputeService> {
        if self.service.is_none() {
            self.service = Some((self.make_service)()?);
        }
        match &self.service {
            Some(service) => Ok(service.as_ref()),
            None => anyhow::bail!("there is no compute service"),
        }
    }
}

/// The id of a container.
pub(crate) fn system_id(text: &str) -> anyhow::Result<SystemId> {
    Ok(text.parse::<SystemId>()?)
}
