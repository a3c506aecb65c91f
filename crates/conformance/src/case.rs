//! A case, and which hosts it is for.

use std::fmt;
use std::pin::Pin;

use serde::{Deserialize, Serialize};

use crate::{Bed, Failure};

/// What a case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each says what it is")]
pub enum Area {
    LifeCycle,
    Processes,
    Stdio,
    Events,
    Errors,
    Concurrency,
    Faults,
}

impl Area {
    /// Its name, as the results have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LifeCycle => "life-cycle",
            Self::Processes => "processes",
            Self::Stdio => "stdio",
            Self::Events => "events",
            Self::Errors => "errors",
            Self::Concurrency => "concurrency",
            Self::Faults => "faults",
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The kinds of hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostKind {
    /// `host-linux`.
    Linux,
    /// `host-windows`.
    Windows,
    /// `compute::fake`.
    Fake,
}

/// What a case needs that not every host has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Calls that fail on demand.
    Injection,
    /// A host that carries documents and parameters out, and refuses what it cannot.
    RealSystems,
    /// Containers that run Linux.
    Linux,
    /// Containers that run Windows.
    Windows,
    /// Containers made from an OCI spec.
    Oci,
    /// A console that knows its size.
    Terminal,
    /// So many systems at a time, each with a writable layer of its own.
    Systems(usize),
}

/// What a case does.
pub(crate) type Run =
    for<'a> fn(&'a Bed) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + 'a>>;

/// One thing that every host has to do.
pub struct Case {
    /// Its name, which says what has to be: `exit codes are the process's`.
    pub name: &'static str,
    /// What it is about.
    pub area: Area,
    /// What it needs.
    pub needs: &'static [Need],
    /// Whether it makes containers, for which a host needs layers.
    pub containers: bool,
    /// Hosts that it leaves out, each with the reason.
    pub skips: &'static [(HostKind, &'static str)],
    pub(crate) run: Run,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).field("area", &self.area).finish()
    }
}

/// A case from a function; what it needs and leaves out comes behind.
macro_rules! case {
    (
        $area:ident, $name:literal, $run:path
        $(, needs $needs:expr)? $(, containers $containers:literal)? $(, skips $skips:expr)?
    ) => {{
        #[allow(unused_mut, unused_assignments)]
        let mut case = $crate::case::Case {
            name: $name,
            area: $crate::case::Area::$area,
            needs: &[],
            containers: true,
            skips: &[],
            run: |bed| Box::pin($run(bed)),
        };
        $(case.needs = &$needs;)?
        $(case.containers = $containers;)?
        $(case.skips = &$skips;)?
        case
    }};
}

pub(crate) use case;
