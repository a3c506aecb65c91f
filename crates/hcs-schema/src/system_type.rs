//! Kinds of compute systems.

use crate::string_enum::string_enum;

string_enum! {
    /// The kind of a compute system.
    pub enum SystemType {
        /// A container.
        Container = "Container",
        /// A virtual machine.
        VirtualMachine = "VirtualMachine",
        /// The host itself.
        Host = "Host",
    }
}
