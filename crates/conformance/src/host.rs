//! The host that the suite runs against.

use std::sync::Arc;

use compute::ComputeService;
use compute::fake::FakeService;

use crate::puppet;
use crate::{HostKind, Need};

/// What runs in a host's containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Containers {
    /// Linux, with busybox for its programs.
    Linux,
    /// Windows, with cmd and PowerShell.
    Windows,
}

/// A host, and what containers on it are made of.
#[derive(Clone)]
pub struct Host {
    pub(crate) kind: HostKind,
    pub(crate) name: String,
    pub(crate) containers: Containers,
    /// The read-only layers, the topmost first.
    pub(crate) layers: Vec<String>,
    /// Folders or volumes for writable layers, where the host makes none itself.
    pub(crate) scratches: Vec<String>,
    service: Option<Arc<dyn ComputeService>>,
}

impl Host {
    /// The fake, one for each case: nothing runs in it, a puppet plays the programs.
    pub fn fake() -> Self {
        Self {
            kind: HostKind::Fake,
            name: "fake".into(),
            containers: Containers::Linux,
            layers: vec!["/layer".into()],
            scratches: Vec::new(),
            service: None,
        }
    }

    /// A real host with its layers, the topmost first. Its name is for the results.
    /// Without layers, cases that make containers are skipped.
    pub fn real(
        kind: HostKind,
        name: impl Into<String>,
        containers: Containers,
        layers: Vec<String>,
        service: Arc<dyn ComputeService>,
    ) -> Self {
        let (name, scratches) = (name.into(), Vec::new());
        Self { kind, name, containers, layers, scratches, service: Some(service) }
    }

    /// Names writable layers for containers, which take them in turn. Where there are
    /// some, one case runs at a time, with no more containers than layers.
    #[must_use]
    pub fn with_scratches(mut self, scratches: Vec<String>) -> Self {
        self.scratches = scratches;
        self
    }

    /// Its name, as the results have it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The service for one case, and the fake behind it where it is one.
    pub(crate) fn service(&self) -> (Arc<dyn ComputeService>, Option<FakeService>) {
        match &self.service {
            Some(service) => (Arc::clone(service), None),
            None => {
                let fake = FakeService::linux();
                puppet::play(&fake);
                (Arc::new(fake.clone()), Some(fake))
            }
        }
    }

    /// Why this host lacks something, where it does.
    pub(crate) fn lacks(&self, need: Need) -> Option<&'static str> {
        let fake = self.kind == HostKind::Fake;
        let windows = self.containers == Containers::Windows;
        match need {
            Need::Injection if !fake => Some("calls fail on demand on the fake only"),
            Need::RealSystems if fake => Some("the fake takes any document and starts any program"),
            Need::Linux if windows => Some("its containers run Windows"),
            Need::Windows if !windows => Some("its containers run Linux"),
            Need::Oci if windows => Some("OCI specs are for Linux containers"),
            Need::Terminal if fake => Some("the fake's console is two pipes without a size"),
            Need::Systems(count) if (1..count).contains(&self.scratches.len()) => {
                Some("too few writable layers were named for its systems (--scratch)")
            }
            _ => None,
        }
    }
}
