//! The host compute network service as a trait.
//!
//! Does: name what a host of networks can be asked ([`NetworkService`]) by kind of
//! object, as JSON documents; and a recording fake that can fail any call
//! ([`fake`]).
//!
//! Does not: know the documents of networks, endpoints and policies, or talk to
//! a service: `host-windows` does that.

#![forbid(unsafe_code)]

pub mod fake;

use std::fmt;

use async_trait::async_trait;
use compute::Result;
use serde_json::Value;
use uuid::Uuid;

/// The kinds of objects of the network service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A network.
    Network,
    /// An endpoint of a network.
    Endpoint,
    /// A namespace.
    Namespace,
    /// A load balancer.
    LoadBalancer,
    /// A route (`SdnRoute` in the names of the service's functions).
    Route,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Network => "Network",
            Self::Endpoint => "Endpoint",
            Self::Namespace => "Namespace",
            Self::LoadBalancer => "LoadBalancer",
            Self::Route => "Route",
        })
    }
}

/// A call of [`NetworkService`], as errors and the fake's record name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// [`NetworkService::enumerate`]
    Enumerate(Kind),
    /// [`NetworkService::create`]
    Create(Kind),
    /// [`NetworkService::query`]
    Query(Kind),
    /// [`NetworkService::modify`]
    Modify(Kind),
    /// [`NetworkService::delete`]
    Delete(Kind),
    /// [`NetworkService::hns_call`]
    HnsCall,
}

impl fmt::Display for Operation {
    /// `hcn::Network::Create`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enumerate(kind) => write!(f, "hcn::{kind}::Enumerate"),
            Self::Create(kind) => write!(f, "hcn::{kind}::Create"),
            Self::Query(kind) => write!(f, "hcn::{kind}::Query"),
            Self::Modify(kind) => write!(f, "hcn::{kind}::Modify"),
            Self::Delete(kind) => write!(f, "hcn::{kind}::Delete"),
            Self::HnsCall => f.write_str("hns::Call"),
        }
    }
}

/// A host of networks: the functions of computenetwork.dll, which open an object,
/// do one thing and close it, and the older call with HTTP's words.
///
/// A query that is `null` asks for what [`default_query`] asks for.
#[async_trait]
pub trait NetworkService: Send + Sync {
    /// The ids of the objects that a query selects (`HcnEnumerate...`).
    async fn enumerate(&self, kind: Kind, query: &Value) -> Result<Vec<Uuid>>;

    /// Makes an object and gives its properties (`HcnCreate...`). `network` is
    /// the network of a new endpoint, which needs one; nothing else has one. An
    /// id of zeros has the service make one, which the properties tell.
    async fn create(
        &self,
        kind: Kind,
        network: Option<Uuid>,
        id: Uuid,
        settings: &Value,
    ) -> Result<Value>;

    /// The properties of an object (`HcnQuery...Properties`).
    async fn query(&self, kind: Kind, id: Uuid, query: &Value) -> Result<Value>;

    /// Changes an object and gives its properties (`HcnModify...`).
    async fn modify(&self, kind: Kind, id: Uuid, settings: &Value) -> Result<Value>;

    /// Removes an object (`HcnDelete...`).
    async fn delete(&self, kind: Kind, id: Uuid) -> Result<()>;

    /// A call of the older service (`HNSCall`): method, path and body. Gives the
    /// response's `Output`, `null` where it has none.
    ///
    /// # Errors
    /// The call failed, or the response tells of a failure: then the cause is
    /// [`HnsFailure`].
    async fn hns_call(&self, method: &str, path: &str, body: &str) -> Result<Value>;
}

/// The query that selects everything and asks for nothing in particular.
pub fn default_query() -> Value {
    serde_json::json!({ "SchemaVersion": { "Major": 2, "Minor": 0 } })
}

/// The older service took a call and answered that it failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("hns failed with error : {0}")]
pub struct HnsFailure(pub String);
