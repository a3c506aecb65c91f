//! The controllers that OCI resources speak of.

/// A controller, whatever the version that offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Controller {
    Cpu,
    Cpuset,
    Devices,
    Freezer,
    Hugetlb,
    Io,
    Memory,
    NetCls,
    NetPrio,
    Pids,
    Rdma,
}

/// The version of the interface that offers a controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V2,
}

impl Controller {
    /// Its name in version 1.
    pub(crate) const fn v1(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cpuset => "cpuset",
            Self::Devices => "devices",
            Self::Freezer => "freezer",
            Self::Hugetlb => "hugetlb",
            Self::Io => "blkio",
            Self::Memory => "memory",
            Self::NetCls => "net_cls",
            Self::NetPrio => "net_prio",
            Self::Pids => "pids",
            Self::Rdma => "rdma",
        }
    }

    /// Its name in `cgroup.controllers` of version 2; `None` where version 2
    /// has no controller for it.
    pub(crate) const fn v2(self) -> Option<&'static str> {
        match self {
            Self::Io => Some("io"),
            Self::Devices | Self::Freezer | Self::NetCls | Self::NetPrio => None,
            other => Some(other.v1()),
        }
    }
}
