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
    /// A folder or volume for the writable layer, where the host makes none itself.
    pub(crate) scratch: Option<String>,
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
            scratch: None,
            service: None,
        }
    }

    /// A real host with its layers, the topmost first. Its name is for the results.
    pub fn real(
        kind: HostKind,
        name: impl Into<String>,
        containers: Containers,
        layers: Vec<String>,
        service: Arc<dyn ComputeService>,
    ) -> Self {
        Self { kind, name: name.into(), containers, layers, scratch: None, service: Some(service) }
    }

    /// Names the writable layer of each container; then only one can run at a time.
    #[must_use]
    pub fn with_scratch(mut self, scratch: Option<String>) -> Self {
        self.scratch = scratch;
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
            _ => None,
        }
    }
}
