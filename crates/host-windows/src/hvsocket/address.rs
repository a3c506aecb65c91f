//! Addresses: a VM and a service in it.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;
use windows_sys::Win32::Networking::WinSock::AF_HYPERV;
use windows_sys::Win32::System::Hypervisor::SOCKADDR_HV;
use windows_sys::core::GUID;

/// A text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no Hyper-V socket address: write it as <VM id>:<service id or vsock port>")]
pub struct AddressError(pub String);

/// Who is meant: a VM's id, or a place relative to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VmId(pub Uuid);

impl VmId {
    /// Anybody; for listening only.
    pub const WILDCARD: Self = Self(Uuid::nil());
    /// All at once.
    pub const BROADCAST: Self = Self(Uuid::max());
    /// The VMs and containers below us.
    pub const CHILDREN: Self = Self(Uuid::from_u128(0x90db8b89_0d35_4f79_8ce9_49ea0ac8b7cd));
    /// Ourselves.
    pub const LOOPBACK: Self = Self(Uuid::from_u128(0xe0e16197_dd56_4a10_9195_5ee7a155a838));
    /// The host of the VM that we are in.
    pub const PARENT: Self = Self(Uuid::from_u128(0xa42e7cda_d03f_480c_9cc2_a4de20abb878));
    /// The host of the container that we are in.
    pub const SILO_HOST: Self = Self(Uuid::from_u128(0x36bd0c5c_7276_4223_88ba_7d03b654c568));
}

/// A service in a VM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceId(pub Uuid);

impl ServiceId {
    /// The service of a port of vsock has the port as the first 32 bits of this.
    const VSOCK: u128 = 0x00000000_facb_11e6_bd58_64006a7986d3;
    const PORT_SHIFT: u32 = 96;

    /// The service that a Linux guest knows as a port of vsock.
    pub const fn vsock(port: u32) -> Self {
        // Not `into`: it is no constant function.
        Self(Uuid::from_u128((port as u128) << Self::PORT_SHIFT | Self::VSOCK))
    }

    /// The port of vsock that it is in a Linux guest, if it is one.
    pub fn vsock_port(self) -> Option<u32> {
        let port = u32::try_from(self.0.as_u128() >> Self::PORT_SHIFT).ok()?;
        (Self::vsock(port) == self).then_some(port)
    }
}

/// A VM and a service in it.
///
/// As text it is `<VM id>:<service id>`; what is read may have a port of vsock
/// instead of the service's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// The VM.
    pub vm: VmId,
    /// The service.
    pub service: ServiceId,
}

impl Address {
    /// It as Windows has it.
    pub(super) fn to_raw(self) -> SOCKADDR_HV {
        SOCKADDR_HV {
            Family: AF_HYPERV,
            Reserved: 0,
            VmId: GUID::from_u128(self.vm.0.as_u128()),
            ServiceId: GUID::from_u128(self.service.0.as_u128()),
        }
    }

    /// The address that Windows wrote; `None` where it is of another family.
    pub(super) fn from_raw(raw: &SOCKADDR_HV) -> Option<Self> {
        let uuid = |id: GUID| Uuid::from_fields(id.data1, id.data2, id.data3, &id.data4);
        (raw.Family == AF_HYPERV)
            .then(|| Self { vm: VmId(uuid(raw.VmId)), service: ServiceId(uuid(raw.ServiceId)) })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.vm.0, self.service.0)
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let parse = || {
            let (vm, service) = text.split_once(':')?;
            // A sign is a number's, not a port's.
            let is_port = !service.is_empty() && service.bytes().all(|b| b.is_ascii_digit());
            let service = match is_port {
                true => ServiceId::vsock(service.parse().ok()?),
                false => ServiceId(hyphenated(service)?),
            };
            Some(Self { vm: VmId(hyphenated(vm)?), service })
        };
        parse().ok_or_else(|| AddressError(text.into()))
    }
}

/// An id in its usual form, with hyphens and without braces.
fn hyphenated(text: &str) -> Option<Uuid> {
    (text.len() == uuid::fmt::Hyphenated::LENGTH).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const VM: &str = "01234567-89ab-cdef-0123-456789abcdef";

    #[test]
    fn a_port_of_vsock_is_a_service() {
        for (port, id) in [
            (0, "00000000-facb-11e6-bd58-64006a7986d3"),
            (109, "0000006d-facb-11e6-bd58-64006a7986d3"),
            (0x4000_0000, "40000000-facb-11e6-bd58-64006a7986d3"),
            (u32::MAX, "ffffffff-facb-11e6-bd58-64006a7986d3"),
        ] {
            assert_eq!(ServiceId::vsock(port).0.to_string(), id);
            assert_eq!(ServiceId::vsock(port).vsock_port(), Some(port));
        }
        // The service of the guest's agent on Windows.
        let gcs = ServiceId(Uuid::from_u128(0xacef5661_84a1_4e44_856b_6245e69f4620));
        assert_eq!(gcs.vsock_port(), None);
    }

    #[test]
    fn an_address_is_read_and_written() {
        let address: Address = format!("{VM}:109").parse().unwrap();
        assert_eq!(address.service, ServiceId::vsock(109));
        let text = format!("{VM}:0000006d-facb-11e6-bd58-64006a7986d3");
        assert_eq!(address.to_string(), text);
        assert_eq!(text.parse(), Ok(address));
        assert_eq!(text.to_uppercase().parse(), Ok(address));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            ":",
            VM,
            &format!("{VM}:"),
            &format!(":{VM}"),
            &format!("{VM}:-1"),
            &format!("{VM}:+1"),
            &format!("{VM}:4294967296"),
            &format!("{VM}:1:2"),
            &format!("{{{VM}}}:1"),
            &format!("{}:1", VM.replace('-', "")),
            "x:1",
        ] {
            assert_eq!(text.parse::<Address>(), Err(AddressError(text.into())), "{text}");
        }
    }

    #[test]
    fn windows_has_the_same_address() {
        let address: Address = format!("{VM}:7").parse().unwrap();
        let mut raw = address.to_raw();
        assert_eq!(size_of::<SOCKADDR_HV>(), 36);
        assert_eq!((raw.Family, raw.Reserved), (34, 0));
        assert_eq!((raw.VmId.data1, raw.VmId.data2), (0x0123_4567, 0x89ab));
        assert_eq!((raw.VmId.data3, raw.VmId.data4[0]), (0xcdef, 0x01));
        assert_eq!(raw.ServiceId.data1, 7);
        assert_eq!(Address::from_raw(&raw), Some(address));
        raw.Family = 2;
        assert_eq!(Address::from_raw(&raw), None);
    }
}
