//! Host folders that a virtual machine sees, over SMB or Plan 9.

use std::ops::BitOr;

use serde::{Deserialize, Serialize};

use crate::document::document;
use crate::field::field;

document! {
    /// Folders shared over SMB.
    pub struct VirtualSmb {
        /// The shares.
        pub shares: Vec<VirtualSmbShare> = "Shares",
        /// Memory for files mapped directly, in megabytes.
        pub direct_file_mapping_in_mb: i64 = "DirectFileMappingInMB",
    }

    /// A folder shared over SMB.
    pub struct VirtualSmbShare {
        /// The share's name.
        pub name: String = "Name",
        /// The folder on the host.
        pub path: String = "Path",
        /// The only files to show; all where empty.
        pub allowed_files: Vec<String> = "AllowedFiles",
        /// How the folder is shared.
        pub options: Option<VirtualSmbShareOptions> = "Options",
    }

    /// How a folder is shared over SMB.
    pub struct VirtualSmbShareOptions {
        /// The guest may only read it.
        pub read_only: bool = "ReadOnly",
        /// Others may read a file while the guest has it open.
        pub share_read: bool = "ShareRead",
        /// The host caches traffic.
        pub cache_io: bool = "CacheIo",
        /// The guest gets no opportunistic locks.
        pub no_oplocks: bool = "NoOplocks",
        /// The host opens files with backup privilege.
        pub take_backup_privilege: bool = "TakeBackupPrivilege",
        /// Files are opened as the user who owns the share.
        pub use_share_root_identity: bool = "UseShareRootIdentity",
        /// Files aren't mapped directly.
        pub no_directmap: bool = "NoDirectmap",
        /// The guest gets no byte-range locks.
        pub no_locks: bool = "NoLocks",
        /// The guest isn't told of changes to directories.
        pub no_dirnotify: bool = "NoDirnotify",
        /// Memory of files is shared between machines.
        pub vm_shared_memory: bool = "VmSharedMemory",
        /// Only the allowed files may be opened.
        pub restrict_file_access: bool = "RestrictFileAccess",
        /// Locks are of level II at most.
        pub force_level_ii_oplocks: bool = "ForceLevelIIOplocks",
        /// The host resolves reparse points of a base layer.
        pub reparse_base_layer: bool = "ReparseBaseLayer",
        /// Opportunistic locks are pretended.
        pub pseudo_oplocks: bool = "PseudoOplocks",
        /// The host doesn't cache traffic.
        pub non_cache_io: bool = "NonCacheIo",
        /// Notes of changes to directories are pretended.
        pub pseudo_dirnotify: bool = "PseudoDirnotify",
        /// One file only is shared, and mapped.
        pub single_file_mapping: bool = "SingleFileMapping",
    }

    /// Folders shared over Plan 9.
    pub struct Plan9 {
        /// The shares.
        pub shares: Vec<Plan9Share> = "Shares",
    }

    /// A folder shared over Plan 9.
    pub struct Plan9Share {
        /// The share's name.
        pub name: String = "Name",
        /// The name by which the guest asks for it.
        pub access_name: String = "AccessName",
        /// The folder on the host.
        pub path: String = "Path",
        /// The vsock port of the server.
        pub port: i32 = "Port",
        /// How the folder is shared.
        pub flags: Plan9ShareFlags = "Flags",
        /// The only files to show; all where empty.
        pub allowed_files: Vec<String> = "AllowedFiles",
    }
}

/// How a folder is shared over Plan 9: a set of bits, joined with `|`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Plan9ShareFlags(pub i32);

impl Plan9ShareFlags {
    /// None.
    pub const NONE: Self = Self(0);
    /// The guest may only read it.
    pub const READ_ONLY: Self = Self(0x1);
    /// Linux owners and modes are kept beside the files.
    pub const LINUX_METADATA: Self = Self(0x4);
    /// Upper and lower case differ.
    pub const CASE_SENSITIVE: Self = Self(0x8);
    /// Files are opened as the user who owns the share.
    pub const USE_SHARE_ROOT_IDENTITY: Self = Self(0x10);
    /// Only the allowed files may be opened.
    pub const RESTRICT_FILE_ACCESS: Self = Self(0x80);
    /// Any number of connections may be made.
    pub const UNLIMITED_CONNECTIONS: Self = Self(0x100);

    /// Whether all bits of `flags` are set.
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }
}

impl BitOr for Plan9ShareFlags {
    type Output = Self;

    fn bitor(self, flags: Self) -> Self {
        Self(self.0 | flags.0)
    }
}

field! { Plan9ShareFlags => |value| value.0 == 0; }
