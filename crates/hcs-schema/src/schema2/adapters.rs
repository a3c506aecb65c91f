//! Network adapters and PCI devices of a virtual machine.

use serde::{Deserialize, Serialize};

use crate::document::document;
use crate::field::field;
use crate::string_enum::string_enum;

document! {
    /// A network adapter.
    pub struct NetworkAdapter {
        /// The id of the endpoint that it is connected to.
        pub endpoint_id: String = "EndpointId",
        /// Its MAC address.
        pub mac_address: String = "MacAddress",
        /// Its hardware acceleration.
        pub iov_settings: Option<IovSettings> = "IovSettings",
    }

    /// The hardware acceleration (SR-IOV) of a network adapter.
    pub struct IovSettings {
        /// The weight, 1 to 100; 0 turns it off.
        pub offload_weight: Option<u32> = "OffloadWeight",
        /// The number of queue pairs to ask for.
        pub queue_pairs_requested: Option<u32> = "QueuePairsRequested",
        /// How interrupts are held back.
        pub interrupt_moderation: Option<InterruptModerationName> = "InterruptModeration",
    }

    /// A PCI device of the host, assigned to the machine.
    pub struct VirtualPciDevice {
        /// Its functions.
        pub functions: Vec<VirtualPciFunction> = "Functions",
        /// Whether the guest is told of the device's NUMA node.
        pub propagate_numa_affinity: Option<bool> = "PropagateNumaAffinity",
    }

    /// A function of a PCI device.
    pub struct VirtualPciFunction {
        /// The instance path of the device on the host.
        pub device_instance_path: String = "DeviceInstancePath",
        /// The number of its virtual function.
        pub virtual_function: u16 = "VirtualFunction",
    }
}

string_enum! {
    /// How interrupts of a network adapter are held back.
    pub enum InterruptModerationName {
        /// As the adapter likes.
        Default = "Default",
        /// According to the traffic.
        Adaptive = "Adaptive",
        /// Not at all.
        Off = "Off",
        /// A little.
        Low = "Low",
        /// More.
        Medium = "Medium",
        /// The most.
        High = "High",
    }
}

/// The number that stands for an [`InterruptModerationName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InterruptModerationValue(pub u32);

impl InterruptModerationValue {
    /// [`InterruptModerationName::Default`].
    pub const DEFAULT: Self = Self(0);
    /// [`InterruptModerationName::Adaptive`].
    pub const ADAPTIVE: Self = Self(1);
    /// [`InterruptModerationName::Off`].
    pub const OFF: Self = Self(2);
    /// [`InterruptModerationName::Low`].
    pub const LOW: Self = Self(100);
    /// [`InterruptModerationName::Medium`].
    pub const MEDIUM: Self = Self(200);
    /// [`InterruptModerationName::High`].
    pub const HIGH: Self = Self(300);

    /// The name that documents use.
    pub fn name(self) -> Option<InterruptModerationName> {
        match self {
            Self::DEFAULT => Some(InterruptModerationName::Default),
            Self::ADAPTIVE => Some(InterruptModerationName::Adaptive),
            Self::OFF => Some(InterruptModerationName::Off),
            Self::LOW => Some(InterruptModerationName::Low),
            Self::MEDIUM => Some(InterruptModerationName::Medium),
            Self::HIGH => Some(InterruptModerationName::High),
            _ => None,
        }
    }
}

field! { InterruptModerationValue => |value| value.0 == 0; }
