//! Help and version texts.

use super::{Parsed, Refused};

/// The version of the runtime specification, as the reference has it: its
/// build names no version of its own.
pub(super) const VERSION: &str = "runhcs version spec: 1.3.0\n";

/// The help on a command, or on all.
pub(super) fn show(root: &mut clap::Command, command: Option<&str>) -> Result<Parsed, Refused> {
    match command {
        Some(name) if root.find_subcommand(name).is_none() => {
            Err(Refused::UnknownCommand(name.to_owned()))
        }
        _ => Ok(Parsed::Show(text(root, command))),
    }
}

pub(super) fn text(root: &mut clap::Command, command: Option<&str>) -> String {
    root.build();
    match command.and_then(|name| root.find_subcommand_mut(name)) {
        Some(command) => command.render_help().to_string(),
        None => root.render_help().to_string(),
    }
}
