//! The shims that run here.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(windows)]
mod windows;

#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(windows)]
use windows as platform;

use anyhow::{Context as _, Result, bail};
use shim_protos::ttrpc::asynchronous::Client;

/// A shim that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shim {
    /// `<namespace>-<id>`.
    pub(crate) name: String,
    /// The path of its pipe or socket.
    address: String,
}

impl Shim {
    /// Calls it.
    pub(crate) async fn dial(&self) -> Result<Client> {
        let socket = platform::dial(&self.address).await;
        let socket = socket.with_context(|| format!("calling the shim {}", self.name))?;
        Ok(Client::new(socket))
    }

    #[cfg(test)]
    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.into(), address: String::new() }
    }
}

/// All of them, by their names.
pub(crate) fn all() -> Result<Vec<Shim>> {
    let mut shims = platform::find()?;
    shims.sort_by(|one, other| one.name.cmp(&other.name));
    // A shim of an id in another containerd has the same name: the first that is found
    // is not the other.
    shims.dedup();
    Ok(shims)
}

/// The one that has a name, or whose name alone begins so.
pub(crate) fn find(name: &str) -> Result<Shim> {
    if name.contains(['*', '?', '\\', '/']) {
        bail!("invalid shim name {name}");
    }
    choose(all()?, name)
}

fn choose(mut shims: Vec<Shim>, name: &str) -> Result<Shim> {
    shims.retain(|shim| shim.name.starts_with(name));
    match shims.len() {
        0 => bail!("no such shim {name}; `shimdiag list` shows those that run"),
        1 => Ok(shims.remove(0)),
        // The shortest is the first.
        _ if shims[0].name == name && shims[1].name != name => Ok(shims.remove(0)),
        _ => bail!("multiple shims beginning with {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shim_is_named_by_its_beginning() {
        let shims = || ["a-x", "a-xy", "b-z"].map(Shim::named).to_vec();
        let chosen = |name| choose(shims(), name).map_err(|error| error.to_string());
        assert_eq!(chosen("b"), Ok(Shim::named("b-z")));
        assert_eq!(chosen("a-x"), Ok(Shim::named("a-x")));
        assert_eq!(chosen("a-"), Err("multiple shims beginning with a-".into()));
        assert_eq!(chosen("c"), Err("no such shim c; `shimdiag list` shows those that run".into()));
        assert_eq!(find("a*").unwrap_err().to_string(), "invalid shim name a*");
    }
}
