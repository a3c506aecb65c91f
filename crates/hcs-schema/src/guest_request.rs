//! Types that the requests to a guest share with the documents of schema 2.

use serde_json::Value;

use crate::document::document;
use crate::string_enum::string_enum;

document! {
    /// A change to a network adapter in a guest.
    pub struct NetworkModifyRequest {
        /// The adapter's id.
        pub adapter_id: String = "AdapterId",
        /// What is done with it.
        pub request_type: RequestType = "RequestType",
        /// The adapter's settings.
        pub settings: Option<Value> = "Settings",
    }

    /// [`NetworkModifyRequest`] as guests of Windows Server version 1803 take it.
    pub struct RS4NetworkModifyRequest {
        /// The id of the adapter's instance.
        pub adapter_instance_id: String = "AdapterInstanceId",
        /// What is done with it.
        pub request_type: RequestType = "RequestType",
        /// The adapter's settings.
        pub settings: Option<Value> = "Settings",
    }
}

string_enum! {
    /// What is done with a resource.
    pub enum RequestType {
        /// It is added.
        Add = "Add",
        /// It is removed.
        Remove = "Remove",
        /// It is announced, and will be added; for network adapters.
        PreAdd = "PreAdd",
        /// It is changed in place.
        Update = "Update",
    }

    /// What is done with a running process.
    pub enum ProcessModifyOperation {
        /// Its console gets another size.
        ConsoleSize = "ConsoleSize",
        /// One of its standard handles is closed.
        CloseHandle = "CloseHandle",
    }

    /// A standard handle of a process.
    pub enum STDIOHandle {
        /// Standard input.
        StdIn = "StdIn",
        /// Standard output.
        StdOut = "StdOut",
        /// Standard error.
        StdErr = "StdErr",
    }
}
