//! Which value goes into which file, for the resources of an OCI document.
//!
//! Nothing is written here, so that a document that can't be honoured is refused
//! before anything has changed. Devices are planned by [`crate::devices`].

use std::borrow::Cow;

use oci_spec::runtime::LinuxResources;

use crate::Error;
use crate::controller::{Controller, Version};

mod block_io;
mod cpu;
mod memory;
mod others;

/// What planning asks the machine.
pub(crate) trait Machine {
    /// Which version offers a controller.
    fn version(&self, controller: Controller) -> Option<Version>;
    /// What a file of the group holds.
    fn read(&self, controller: Controller, file: &str) -> Option<String>;
    /// Whether there is a version 2 group.
    fn has_unified(&self) -> bool;
}

/// The group of files a setting belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Those of a controller, in whichever version has it.
    Controller(Controller),
    /// Those of a version 2 controller by its name, or `cgroup` itself.
    Unified(String),
}

/// One value to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The field of the document that asks for it.
    pub(crate) field: Cow<'static, str>,
    pub(crate) target: Target,
    /// The file and the value; of several the first file that exists is written.
    pub(crate) files: Vec<(String, String)>,
    /// Whether a kernel without the file behaves as asked already.
    pub(crate) optional: bool,
}

/// The settings for all resources but devices, in the order to write them.
pub(crate) fn plan(
    resources: &LinuxResources,
    machine: &dyn Machine,
) -> Result<Vec<Setting>, Error> {
    let mut plan = Plan { machine, settings: Vec::new() };
    if let Some(memory) = resources.memory() {
        memory::plan(memory, &mut plan)?;
    }
    if let Some(cpu) = resources.cpu() {
        cpu::plan(cpu, &mut plan)?;
    }
    if let Some(block_io) = resources.block_io() {
        block_io::plan(block_io, &mut plan)?;
    }
    others::plan(resources, &mut plan)?;
    Ok(plan.settings)
}

/// The settings so far.
struct Plan<'a> {
    machine: &'a dyn Machine,
    settings: Vec<Setting>,
}

impl Plan<'_> {
    /// Which version limits it, or the error that nothing does.
    fn version(&self, controller: Controller, field: &str) -> Result<Version, Error> {
        self.machine.version(controller).ok_or_else(|| {
            Error::unsupported(field, format!("this machine has no {} controller", controller.v1()))
        })
    }

    fn set(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        controller: Controller,
        file: impl Into<String>,
        value: impl ToString,
    ) -> &mut Setting {
        self.settings.push(Setting {
            field: field.into(),
            target: Target::Controller(controller),
            files: vec![(file.into(), value.to_string())],
            optional: false,
        });
        let last = self.settings.len() - 1;
        &mut self.settings[last]
    }
}

/// A limit as version 2 writes it: negative is "no limit".
fn number_or_max(value: i64) -> String {
    if value < 0 { "max".to_owned() } else { value.to_string() }
}

/// 0 and absence both mean "not set".
fn given<T: Default + PartialEq>(value: Option<T>) -> Option<T> {
    value.filter(|value| *value != T::default())
}

#[cfg(test)]
mod tests;
