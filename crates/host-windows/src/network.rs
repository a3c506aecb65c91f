//! Networks through computenetwork.dll and vmcompute.dll.

mod hns;
mod object;
mod raw;

use async_trait::async_trait;
use compute::error::Cause;
use compute::{Error, Result};
use hcn::{Kind, NetworkService, Operation};
use serde_json::Value;
use uuid::Uuid;

use self::object::Object;
use crate::blocking::blocking;
use crate::wide::Wide;

/// The network service of this Windows.
///
/// A failed call's cause is a [`HcnError`](compute::error::legacy::HcnError)
/// ([`hns_call`](NetworkService::hns_call) has its own), or a
/// [`DllError`](crate::dll::DllError) where this Windows has no such service.
#[derive(Debug, Clone, Copy, Default)]
pub struct WindowsNetworks;

/// Makes calls for an operation.
async fn call<T: Send + 'static>(
    operation: Operation,
    call: impl FnOnce() -> std::result::Result<T, Cause> + Send + 'static,
) -> Result<T> {
    blocking(call).await.map_err(|cause| Error::service(operation.to_string(), cause))
}

/// A document; `null` is the default query.
fn query_text(query: &Value) -> serde_json::Result<Wide> {
    if query.is_null() { Wide::json(&hcn::default_query()) } else { Wide::json(query) }
}

fn parse(properties: &str) -> std::result::Result<Value, Cause> {
    Ok(serde_json::from_str(properties)?)
}

#[async_trait]
impl NetworkService for WindowsNetworks {
    async fn enumerate(&self, kind: Kind, query: &Value) -> Result<Vec<Uuid>> {
        let query = query_text(query);
        call(Operation::Enumerate(kind), move || {
            Ok(serde_json::from_str(&object::enumerate(kind, &query?)?)?)
        })
        .await
    }

    async fn create(
        &self,
        kind: Kind,
        network: Option<Uuid>,
        id: Uuid,
        settings: &Value,
    ) -> Result<Value> {
        let settings = Wide::json(settings);
        call(Operation::Create(kind), move || {
            let network = network.map(|id| Object::open(Kind::Network, id)).transpose()?;
            let object = Object::create(kind, network.as_ref(), id, &settings?)?;
            parse(&object.query(&query_text(&Value::Null)?)?)
        })
        .await
    }

    async fn query(&self, kind: Kind, id: Uuid, query: &Value) -> Result<Value> {
        let query = query_text(query);
        call(Operation::Query(kind), move || parse(&Object::open(kind, id)?.query(&query?)?)).await
    }

    async fn modify(&self, kind: Kind, id: Uuid, settings: &Value) -> Result<Value> {
        let settings = Wide::json(settings);
        call(Operation::Modify(kind), move || {
            let object = Object::open(kind, id)?;
            object.modify(&settings?)?;
            parse(&object.query(&query_text(&Value::Null)?)?)
        })
        .await
    }

    async fn delete(&self, kind: Kind, id: Uuid) -> Result<()> {
        call(Operation::Delete(kind), move || object::delete(kind, id)).await
    }

    async fn hns_call(&self, method: &str, path: &str, body: &str) -> Result<Value> {
        let (method, path, body) = (Wide::new(method), Wide::new(path), Wide::new(body));
        call(Operation::HnsCall, move || hns::call(&method?, &path?, &body?)).await
    }
}

#[cfg(test)]
mod tests {
    use compute::error::legacy::HcnError;
    use compute::error::{SystemCode, find};

    use super::*;
    use crate::dll::DllError;

    /// Without the service its DLL is named; with the stand-in, which has no
    /// networks, the call says that it is not supported.
    #[tokio::test]
    async fn a_host_without_networks_says_so() {
        let networks = WindowsNetworks;
        let id = Uuid::from_u128(7);
        let kinds =
            [Kind::Network, Kind::Endpoint, Kind::Namespace, Kind::LoadBalancer, Kind::Route];
        for kind in kinds {
            let network = (kind == Kind::Endpoint).then_some(id);
            let failures = [
                networks.enumerate(kind, &Value::Null).await.map(drop),
                networks.create(kind, network, Uuid::nil(), &Value::Null).await.map(drop),
                networks.query(kind, id, &Value::Null).await.map(drop),
                networks.modify(kind, id, &Value::Null).await.map(drop),
                networks.delete(kind, id).await,
            ];
            for failure in failures {
                let error = failure.unwrap_err();
                assert!(error.to_string().starts_with(&format!("hcn::{kind}::")), "{error}");
                let cause = error.cause().as_error();
                if raw::COMPUTENETWORK.load().is_ok() {
                    let code = cause.downcast_ref::<HcnError>().and_then(HcnError::code);
                    assert_eq!(code, Some(SystemCode::ERR_NOT_SUPPORTED), "{error}");
                } else {
                    assert!(cause.is::<DllError>(), "{error:?}");
                    assert!(error.to_string().contains("computenetwork.dll"), "{error}");
                    assert_eq!(find(cause), Some(SystemCode(126)), "{error}");
                }
            }
        }
    }

    #[tokio::test]
    async fn an_endpoint_needs_a_network() {
        let made = WindowsNetworks.create(Kind::Endpoint, None, Uuid::nil(), &Value::Null).await;
        let text = made.unwrap_err().to_string();
        assert!(text.contains("needs a network"), "{text}");
    }

    #[tokio::test]
    async fn a_text_with_a_nul_is_refused() {
        let called = WindowsNetworks.hns_call("GET", "/networks/\0", "").await;
        assert!(called.unwrap_err().to_string().contains("NUL"));
    }
}
