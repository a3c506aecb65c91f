//! The five capability sets of a process.

use oci_spec::runtime::{Capabilities, Capability, LinuxCapabilities};
use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};

use crate::error::{At, Error};
use crate::sys;

/// The sets as bit masks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Sets {
    bounding: u64,
    effective: u64,
    inheritable: u64,
    permitted: u64,
    ambient: u64,
}

const SYS_ADMIN: u64 = 1 << 21;

impl Sets {
    /// Reads the sets; without any the process has no capability. What can't be given is left out,
    /// with a word in `warnings`, as the OCI specification says.
    pub(crate) fn read(
        wanted: Option<&LinuxCapabilities>,
        in_user_namespace: bool,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Error> {
        let Some(wanted) = wanted else { return Ok(Self::default()) };
        // In a user name space of its own a process begins with all.
        let available = if in_user_namespace {
            u64::MAX
        } else {
            let own = capabilities(None);
            own.at("process.capabilities", "read the own capabilities")?.permitted.bits()
        };
        let mut mask = |name: &str, set: &Option<Capabilities>, limit: u64, why: &str| {
            let all = set.iter().flatten().fold(0, |all, one| all | 1u64 << number(*one));
            if all & !limit != 0 {
                let left_out = names(all & !limit);
                warnings.push(format!("process.capabilities.{name}: {left_out} left out, {why}"));
            }
            all & limit
        };
        let own = "the runtime has it not itself";
        let bounding = mask("bounding", wanted.bounding(), available, own);
        let permitted = mask("permitted", wanted.permitted(), available, own);
        let effective = mask("effective", wanted.effective(), permitted, "it is not permitted");
        let inheritable =
            mask("inheritable", wanted.inheritable(), bounding, "it is not in the bounding set");
        let both = permitted & inheritable;
        let ambient =
            mask("ambient", wanted.ambient(), both, "it is not both permitted and inheritable");
        Ok(Self { bounding, effective, inheritable, permitted, ambient })
    }

    /// Drops what is not in the bounding set. Needs CAP_SETPCAP, so it comes before the user
    /// changes.
    pub(crate) fn limit_bounding(&self) -> Result<(), Error> {
        for number in 0..64 {
            if self.bounding & 1 << number != 0 {
                continue;
            }
            match sys::drop_bounding(number) {
                Ok(()) => {}
                // Past the last that the kernel knows.
                Err(error) if error.raw_os_error() == Some(libc::EINVAL) => break,
                Err(error) => {
                    let field = "process.capabilities.bounding";
                    return Err(Error::kernel(
                        field,
                        format!("drop {}", names(1 << number)),
                        error,
                    ));
                }
            }
        }
        Ok(())
    }

    /// Sets the other sets for good. With `keep_admin` CAP_SYS_ADMIN stays for what is still to be
    /// done, until the next call without it.
    pub(crate) fn apply(&self, keep_admin: bool) -> Result<(), Error> {
        let kept = if keep_admin { SYS_ADMIN } else { 0 };
        let sets = CapabilitySets {
            effective: CapabilitySet::from_bits_retain(self.effective | kept),
            permitted: CapabilitySet::from_bits_retain(self.permitted | kept),
            inheritable: CapabilitySet::from_bits_retain(self.inheritable),
        };
        set_capabilities(None, sets).at("process.capabilities", "set the capabilities")?;
        if keep_admin {
            return Ok(());
        }
        sys::clear_ambient().at("process.capabilities.ambient", "clear the ambient set")?;
        for number in (0..64).filter(|number| self.ambient & 1 << number != 0) {
            sys::raise_ambient(number).at_with(|| {
                let field = "process.capabilities.ambient";
                (field.into(), format!("raise {}", names(1 << number)))
            })?;
        }
        Ok(())
    }
}

/// Gives up every capability of the calling process.
pub(crate) fn drop_all() -> Result<(), Error> {
    Sets::default().apply(false)
}

fn names(mask: u64) -> String {
    let known = ALL.iter().enumerate().filter(|(number, _)| mask & 1 << number != 0);
    known.map(|(_, one)| format!("CAP_{one}")).collect::<Vec<_>>().join(", ")
}

/// The number of a capability in `linux/capability.h`.
fn number(capability: Capability) -> u32 {
    let place = ALL.iter().position(|one| *one == capability);
    place.and_then(|place| u32::try_from(place).ok()).unwrap_or(63)
}

/// In the order of `linux/capability.h`.
const ALL: [Capability; 41] = [
    Capability::Chown,
    Capability::DacOverride,
    Capability::DacReadSearch,
    Capability::Fowner,
    Capability::Fsetid,
    Capability::Kill,
    Capability::Setgid,
    Capability::Setuid,
    Capability::Setpcap,
    Capability::LinuxImmutable,
    Capability::NetBindService,
    Capability::NetBroadcast,
    Capability::NetAdmin,
    Capability::NetRaw,
    Capability::IpcLock,
    Capability::IpcOwner,
    Capability::SysModule,
    Capability::SysRawio,
    Capability::SysChroot,
    Capability::SysPtrace,
    Capability::SysPacct,
    Capability::SysAdmin,
    Capability::SysBoot,
    Capability::SysNice,
    Capability::SysResource,
    Capability::SysTime,
    Capability::SysTtyConfig,
    Capability::Mknod,
    Capability::Lease,
    Capability::AuditWrite,
    Capability::AuditControl,
    Capability::Setfcap,
    Capability::MacOverride,
    Capability::MacAdmin,
    Capability::Syslog,
    Capability::WakeAlarm,
    Capability::BlockSuspend,
    Capability::AuditRead,
    Capability::Perfmon,
    Capability::Bpf,
    Capability::CheckpointRestore,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_kernels() {
        assert_eq!(number(Capability::Chown), 0);
        assert_eq!(number(Capability::SysAdmin), 21);
        assert_eq!(number(Capability::Mknod), 27);
        assert_eq!(number(Capability::CheckpointRestore), 40);
        assert_eq!(names(1 << 21 | 1), "CAP_CHOWN, CAP_SYS_ADMIN");
    }

    #[test]
    fn no_sets_mean_no_capability() {
        let mut warnings = Vec::new();
        let sets = Sets::read(None, false, &mut warnings).expect("nothing to read");
        assert_eq!((sets, warnings.len()), (Sets::default(), 0));
    }
}
