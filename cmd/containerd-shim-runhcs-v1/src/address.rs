//! Where a shim is called.

use std::fmt;

use anyhow::{Context as _, ensure};
use shim_protos::ttrpc::asynchronous::Client;

use crate::cli::Globals;
use crate::platform;

/// The address of a shim, as containerd gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address(String);

impl Address {
    /// The address of the shim that is started for a container or a pod.
    pub(crate) fn of(globals: &Globals, id: &str) -> Self {
        Self(platform::address(&globals.address, &globals.namespace, id))
    }

    /// An address to serve.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        ensure!(
            text.starts_with(platform::ADDRESS_PREFIX),
            "socket is required to be {} address",
            platform::ADDRESS_KIND
        );
        Ok(Self(text.to_owned()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The path of the socket, or of the pipe.
    pub(crate) fn path(&self) -> &str {
        self.0.strip_prefix("unix://").unwrap_or(&self.0)
    }

    /// Calls the shim there.
    pub(crate) async fn dial(&self) -> anyhow::Result<Client> {
        let socket = platform::dial(self).await.context("failed to connect to hosting shim")?;
        Ok(Client::new(socket))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
