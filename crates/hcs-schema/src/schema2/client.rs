//! Settings of an HTTP client, which the reference's schema carries along.
//!
//! The compute service has no HTTP interface; the types are here for documents that hold them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::document::document;
use crate::string_enum::string_enum;

document! {
    /// A user's name and password.
    pub struct BasicAuth {
        /// The name.
        pub user_name: String = "userName",
        /// The password.
        pub password: String = "password",
    }

    /// A key that stands for a user.
    pub struct APIKey {
        /// The key.
        pub key: String = always "Key",
        /// What is put before the key, such as `Bearer`.
        pub prefix: String = always "Prefix",
    }

    /// How a client reaches its server.
    pub struct Configuration {
        /// The path before all others.
        pub base_path: String = "basePath",
        /// The server's name.
        pub host: String = "host",
        /// The protocol: `http` or `https`.
        pub scheme: String = "scheme",
        /// Headers sent with each request, by name.
        pub default_header: BTreeMap<String, String> = "defaultHeader",
        /// What the client calls itself.
        pub user_agent: String = "userAgent",
        /// The client itself; `null` in a document.
        pub http_client: Option<Value> = always "HTTPClient",
    }
}

string_enum! {
    /// The way in which a client shows who it is.
    pub enum ContextKey {
        /// A source of OAuth 2 tokens.
        OAuth2 = "token",
        /// A [`BasicAuth`].
        BasicAuth = "basic",
        /// An OAuth 2 token.
        AccessToken = "accesstoken",
        /// An [`APIKey`].
        APIKey = "apikey",
    }
}
