//! Message types: kind (bits 28-31), category (20-27), id (8-19), version (0-7).

use std::fmt;

/// The type field of a frame. Unknown values are kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct MessageType(pub u32);

const REQUEST: u32 = 0x1000_0000;
const RESPONSE: u32 = 0x2000_0000;
const NOTIFICATION: u32 = 0x3000_0000;
const KIND: u32 = 0xF000_0000;

macro_rules! message_types {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $text:literal;)*) => {
        impl MessageType {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

message_types! {
    /// Makes a compute system.
    CREATE = 0x1010_0101, "Create";
    /// Starts it.
    START = 0x1010_0201, "Start";
    /// Asks it to end.
    SHUTDOWN_GRACEFUL = 0x1010_0301, "ShutdownGraceful";
    /// Ends it.
    SHUTDOWN_FORCED = 0x1010_0401, "ShutdownForced";
    /// Starts a process in it.
    EXECUTE_PROCESS = 0x1010_0501, "ExecuteProcess";
    /// Waits for a process to end.
    WAIT_FOR_PROCESS = 0x1010_0601, "WaitForProcess";
    /// Sends a signal to a process.
    SIGNAL_PROCESS = 0x1010_0701, "SignalProcess";
    /// Changes the size of a process's console.
    RESIZE_CONSOLE = 0x1010_0801, "ResizeConsole";
    /// Asks for properties.
    GET_PROPERTIES = 0x1010_0901, "GetProperties";
    /// Changes a system while it runs.
    MODIFY_SETTINGS = 0x1010_0a01, "ModifySettings";
    /// Agrees on the protocol's version.
    NEGOTIATE_PROTOCOL = 0x1010_0b01, "NegotiateProtocol";
    /// Asks for the stacks of the guest agent.
    DUMP_STACKS = 0x1010_0c01, "DumpStacks";
    /// Forgets a stopped container.
    DELETE_CONTAINER_STATE = 0x1010_0d01, "DeleteContainerState";
    /// Changes a container's limits (Windows guests).
    UPDATE_CONTAINER = 0x1010_0e01, "UpdateContainer";
    /// Tells of the utility VM's life cycle (Windows guests).
    LIFECYCLE_NOTIFICATION = 0x1010_0f01, "LifecycleNotification";
    /// Changes a setting of the guest's service (Windows guests).
    MODIFY_SERVICE_SETTINGS = 0x1020_0101, "ModifyServiceSettings";
    /// Tells that a container has ended.
    CONTAINER_NOTIFICATION = 0x3010_0101, "ContainerNotification";
}

impl MessageType {
    /// The type of the response to this request.
    pub fn response(self) -> Self {
        Self(RESPONSE | (self.0 & !KIND))
    }

    /// Whether it is a request.
    pub fn is_request(self) -> bool {
        self.0 & KIND == REQUEST
    }

    /// Whether it is a response.
    pub fn is_response(self) -> bool {
        self.0 & KIND == RESPONSE
    }

    /// Whether it is a notification.
    pub fn is_notification(self) -> bool {
        self.0 & KIND == NOTIFICATION
    }
}

impl fmt::Debug for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = Self(REQUEST | (self.0 & !KIND));
        match (self.name(), request.name()) {
            (Some(name), _) => f.write_str(name),
            (None, Some(name)) if self.is_response() => write!(f, "{name}Response"),
            _ => write!(f, "{:#010x}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_keeps_category_id_and_version() {
        assert_eq!(MessageType::CREATE.response(), MessageType(0x2010_0101));
        assert!(MessageType::CREATE.response().is_response());
        assert_eq!(format!("{:?}", MessageType::START.response()), "StartResponse");
        assert_eq!(format!("{:?}", MessageType(0x5000_0001)), "0x50000001");
    }
}
