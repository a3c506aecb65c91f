//! What each command does.

use anyhow::Result;

use crate::cli::{Children, Cli, Command};
use crate::system;

pub(crate) fn run(command: Command) -> Result<()> {
    let line = match command {
        Command::Children(asked) => children(&asked)?.join(","),
        Command::ObjDir(asked) => system::objects(&asked.directory)?.join(","),
        Command::Completions(asked) => return Ok(appargs::completions::<Cli>(asked.shell)?),
    };
    Ok(appargs::print(format!("{line}\n").as_bytes())?)
}

fn children(asked: &Children) -> Result<Vec<String>> {
    let Some(parents) = &asked.parents else {
        anyhow::bail!("`children` command must specify at least one parent instance ID");
    };
    let mut children = Vec::new();
    for parent in parents.split(',') {
        children.extend(system::children(parent)?);
    }
    // Any other word is the id, as in the reference.
    match asked.property.as_str() {
        "location" => children.iter().map(|id| system::location_path(id)).collect(),
        _ => Ok(children),
    }
}
