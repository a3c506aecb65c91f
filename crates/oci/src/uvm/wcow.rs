//! The options of a utility VM for Windows containers.

use hcs_schema::schema2::RegistryValue;

use super::{ConfidentialOptions, Host, OptionsError, UvmOptions};
use crate::{Spec, internal_keys, keys, registry_values, windows_path};

/// The least memory of a confidential VM, in MB.
const CONFIDENTIAL_MEMORY: u64 = 2048;

/// What isolates a confidential VM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IsolationType {
    /// SEV-SNP (`SNP`).
    SecureNestedPaging,
    /// Virtualization-based security (`VBS`).
    VirtualizationBasedSecurity,
    /// Nothing: the VM has a guest state, and no more.
    GuestStateOnly,
}

impl IsolationType {
    /// Its name in a document.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecureNestedPaging => "SecureNestedPaging",
            Self::VirtualizationBasedSecurity => "VirtualizationBasedSecurity",
            Self::GuestStateOnly => "GuestStateOnly",
        }
    }

    fn parse(text: &str) -> Result<Self, OptionsError> {
        match text {
            "SecureNestedPaging" | "SNP" => Ok(Self::SecureNestedPaging),
            "VirtualizationBasedSecurity" | "VBS" => Ok(Self::VirtualizationBasedSecurity),
            "GuestStateOnly" => Ok(Self::GuestStateOnly),
            other => Err(OptionsError::IsolationType(other.to_owned())),
        }
    }

    /// The file of the guest state that belongs to it.
    fn guest_state_file(self) -> &'static str {
        match self {
            Self::SecureNestedPaging => "cwcow.snp.vmgs",
            Self::VirtualizationBasedSecurity => "cwcow.vbs.vmgs",
            Self::GuestStateOnly => "cwcow.gso.vmgs",
        }
    }
}

/// The options of a utility VM for Windows containers. Its boot files come from
/// the layers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WcowOptions {
    /// Those of all utility VMs.
    pub common: UvmOptions,
    /// Those of confidential VMs.
    pub confidential: ConfidentialOptions,
    /// What isolates a confidential VM.
    pub isolation_type: Option<IsolationType>,
    /// Whether the VM starts without secure boot.
    pub disable_secure_boot: bool,
    /// What the firmware is told.
    pub firmware_parameters: String,
    /// Whether the EFI disk can be written.
    pub writable_efi: bool,
    /// Whether the disks of a confidential VM are kept.
    pub debug_mode: bool,
    /// Where they are kept.
    pub debug_data_path: String,
    /// The folder with the boot files of a confidential VM; empty for the usual one.
    pub boot_files_root_path: String,
    /// Whether the guest goes without network compartments of its own.
    pub disable_compartment_namespace: bool,
    /// Whether shared folders are not mapped directly.
    pub no_direct_map: bool,
    /// Whether the guest has UTC and not the host's time zone.
    pub no_inherit_host_timezone: bool,
    /// Registry values to set.
    pub additional_registry_keys: Vec<RegistryValue>,
    /// The log sources of the guest, base64 of JSON.
    pub log_sources: String,
    /// Whether the guest sends its logs to the host.
    pub log_forwarding_enabled: bool,
    /// Whether the usual log sources are among them.
    pub default_log_sources_enabled: bool,
}

impl WcowOptions {
    pub(super) fn from_spec(
        spec: &Spec,
        common: UvmOptions,
        host: &Host<'_>,
    ) -> Result<Self, OptionsError> {
        let all = spec.annotations();
        let flag = |key| all.bool(key).unwrap_or(false);
        let mut options = Self {
            common,
            writable_efi: flag(keys::WCOW_WRITABLE_EFI),
            debug_mode: flag(keys::WCOW_DEBUG_MODE),
            debug_data_path: all.string(keys::WCOW_DEBUG_DATA_PATH),
            boot_files_root_path: all.string(keys::BOOT_FILES_ROOT_PATH),
            disable_compartment_namespace: flag(keys::DISABLE_COMPARTMENT_NAMESPACE),
            no_direct_map: flag(keys::VSMB_NO_DIRECT_MAP),
            no_inherit_host_timezone: flag(keys::NO_INHERIT_HOST_TIMEZONE),
            additional_registry_keys: registry_values(
                all,
                internal_keys::ADDITIONAL_REGISTRY_VALUES,
            ),
            log_sources: all.string(keys::LOG_SOURCES),
            default_log_sources_enabled: all
                .bool(keys::DEFAULT_LOG_SOURCES_ENABLED)
                .unwrap_or(true),
            ..Self::default()
        };
        options.common.back_physically(spec);
        options.secure(spec, host)?;
        // A confidential guest keeps its logs, unless it is told to send them.
        options.log_forwarding_enabled = all
            .bool(keys::LOG_FORWARDING_ENABLED)
            .unwrap_or(!options.confidential.security_policy_enabled);
        if options.debug_mode && options.debug_data_path.is_empty() {
            return Err(OptionsError::NoDebugDataPath);
        }
        Ok(options)
    }

    /// Sets what belongs to a security policy, where there is one.
    fn secure(&mut self, spec: &Spec, host: &Host<'_>) -> Result<(), OptionsError> {
        let all = spec.annotations();
        let policy = all.string(keys::WCOW_SECURITY_POLICY);
        if policy.is_empty() {
            return Ok(());
        }
        // Here the annotation alone counts, not the spec's Windows section.
        let memory = all.u64(keys::MEMORY_SIZE_IN_MB).unwrap_or(CONFIDENTIAL_MEMORY);
        if memory < CONFIDENTIAL_MEMORY {
            return Err(OptionsError::TooLittleMemory(memory));
        }
        let isolation = match all.get(keys::WCOW_ISOLATION_TYPE) {
            Some(text) => IsolationType::parse(text)?,
            None if all.bool(keys::NO_SECURITY_HARDWARE) == Some(true) => {
                IsolationType::GuestStateOnly
            }
            None => IsolationType::SecureNestedPaging,
        };
        let folder = if self.boot_files_root_path.is_empty() {
            windows_path::join(host.program_folder, r"WindowsBootFiles\confidential")
        } else {
            self.boot_files_root_path.clone()
        };
        let file = |key, usual| {
            all.get(key).map_or_else(|| windows_path::join(&folder, usual), str::to_owned)
        };
        self.confidential = ConfidentialOptions {
            guest_state_file_path: file(keys::WCOW_GUEST_STATE_FILE, isolation.guest_state_file()),
            security_policy: policy,
            security_policy_enabled: true,
            security_policy_enforcer: all.string(keys::WCOW_SECURITY_POLICY_ENFORCER),
            uvm_reference_info_file: file(keys::WCOW_REFERENCE_INFO_FILE, "reference_info.cose"),
            uvm_hash_envelope_reference_info_file: file(
                keys::UVM_HASH_ENVELOPE_REFERENCE_INFO_FILE,
                "reference_info_hash_envelope.cose",
            ),
        };
        self.common.memory_size_in_mb = memory;
        self.common.allow_overcommit = false;
        self.isolation_type = Some(isolation);
        self.disable_secure_boot = all.bool(keys::WCOW_DISABLE_SECURE_BOOT).unwrap_or(false);
        Ok(())
    }
}
