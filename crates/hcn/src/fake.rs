//! A network service in memory, for tests of what is built on the trait.
//!
//! It keeps objects by kind and id, records every call ([`FakeNetworks::calls`])
//! and fails any of them before it had an effect ([`FakeNetworks::fail_next`],
//! [`FakeNetworks::fail_nth`]). A query selects by `Flags` and `Filter` on a real
//! host only: here it selects everything. A modify is recorded and changes
//! nothing, and the older service answers what a test prepared
//! ([`FakeNetworks::answer_hns`]).
//!
//! ```
//! use compute::error::{SystemCode, is_access_is_denied};
//! use hcn::fake::FakeNetworks;
//! use hcn::{Kind, NetworkService, Operation, default_query};
//! use serde_json::json;
//! use uuid::Uuid;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let networks = FakeNetworks::default();
//! let settings = json!({ "Name": "n1" });
//! let denied = SystemCode::ERR_VMCOMPUTE_OPERATION_ACCESS_IS_DENIED;
//! networks.fail_next(Operation::Create(Kind::Network), denied);
//! let create = || networks.create(Kind::Network, None, Uuid::nil(), &settings);
//! assert!(is_access_is_denied(&create().await.unwrap_err()));
//! assert_eq!(create().await.unwrap()["Name"], "n1");
//! assert_eq!(networks.enumerate(Kind::Network, &default_query()).await.unwrap().len(), 1);
//! assert_eq!(networks.calls().len(), 3);
//! # });
//! ```

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use compute::error::{Cause, SystemCode};
use compute::{Error, Result};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Kind, NetworkService, Operation};

/// A call that was made of the fake, also one that failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Which one.
    pub operation: Operation,
    /// The object that it was about, as the caller named it.
    pub id: Option<Uuid>,
    /// The query or the settings; method, path and body of the older service.
    pub argument: Value,
}

/// A network service in memory.
#[derive(Default)]
pub struct FakeNetworks(Mutex<State>);

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    faults: Vec<(Which, Cause)>,
    objects: BTreeMap<(Kind, Uuid), Value>,
    answers: BTreeMap<(String, String), Value>,
    made: u128,
}

/// Which call a fault is for.
#[derive(PartialEq)]
enum Which {
    Next(Operation),
    Nth(usize),
}

impl FakeNetworks {
    /// All calls so far, in the order in which they were made.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// The next such call fails.
    pub fn fail_next(&self, operation: Operation, cause: impl Into<Cause>) {
        self.state().faults.push((Which::Next(operation), cause.into()));
    }

    /// The `n`th call from now fails, whichever it is; the next one is the first.
    pub fn fail_nth(&self, n: usize, cause: impl Into<Cause>) {
        let mut state = self.state();
        let nth = state.calls.len() + n.saturating_sub(1);
        state.faults.push((Which::Nth(nth), cause.into()));
    }

    /// What the older service answers to a method and path from now on.
    pub fn answer_hns(&self, method: &str, path: &str, output: Value) {
        self.state().answers.insert((method.into(), path.into()), output);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a call and fails it where it is to fail.
    fn call(
        &self,
        operation: Operation,
        id: Option<Uuid>,
        argument: Value,
    ) -> Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        let this = [Which::Next(operation), Which::Nth(state.calls.len())];
        state.calls.push(Call { operation, id, argument });
        match state.faults.iter().position(|(which, _)| this.contains(which)) {
            Some(at) => Err(Error::service(operation.to_string(), state.faults.remove(at).1)),
            None => Ok(state),
        }
    }
}

impl State {
    fn find(&self, operation: Operation, kind: Kind, id: Uuid) -> Result<&Value> {
        let missing = || Error::service(operation.to_string(), SystemCode::ERR_ELEMENT_NOT_FOUND);
        self.objects.get(&(kind, id)).ok_or_else(missing)
    }
}

#[async_trait]
impl NetworkService for FakeNetworks {
    async fn enumerate(&self, kind: Kind, query: &Value) -> Result<Vec<Uuid>> {
        let state = self.call(Operation::Enumerate(kind), None, query.clone())?;
        Ok(state.objects.keys().filter(|(k, _)| *k == kind).map(|(_, id)| *id).collect())
    }

    async fn create(
        &self,
        kind: Kind,
        network: Option<Uuid>,
        id: Uuid,
        settings: &Value,
    ) -> Result<Value> {
        let operation = Operation::Create(kind);
        let mut state = self.call(operation, Some(id), settings.clone())?;
        if let Some(network) = network {
            state.find(operation, Kind::Network, network)?;
        }
        state.made += 1;
        let id = if id.is_nil() { Uuid::from_u128(state.made) } else { id };
        let mut properties = settings.clone();
        if let Value::Object(fields) = &mut properties {
            fields.insert("ID".into(), json!(id));
        }
        state.objects.insert((kind, id), properties.clone());
        Ok(properties)
    }

    async fn query(&self, kind: Kind, id: Uuid, query: &Value) -> Result<Value> {
        let operation = Operation::Query(kind);
        self.call(operation, Some(id), query.clone())?.find(operation, kind, id).cloned()
    }

    async fn modify(&self, kind: Kind, id: Uuid, settings: &Value) -> Result<Value> {
        let operation = Operation::Modify(kind);
        self.call(operation, Some(id), settings.clone())?.find(operation, kind, id).cloned()
    }

    async fn delete(&self, kind: Kind, id: Uuid) -> Result<()> {
        let operation = Operation::Delete(kind);
        let mut state = self.call(operation, Some(id), Value::Null)?;
        state.find(operation, kind, id)?;
        state.objects.remove(&(kind, id));
        Ok(())
    }

    async fn hns_call(&self, method: &str, path: &str, body: &str) -> Result<Value> {
        let argument = json!({ "method": method, "path": path, "body": body });
        let state = self.call(Operation::HnsCall, None, argument)?;
        Ok(state.answers.get(&(method.into(), path.into())).cloned().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use compute::error::{Named, is_not_exist, is_timeout};

    use super::*;

    #[tokio::test]
    async fn an_object_is_kept_until_it_is_deleted() {
        let networks = FakeNetworks::default();
        let made = networks
            .create(Kind::Network, None, Uuid::nil(), &json!({ "Name": "a" }))
            .await
            .unwrap();
        let id: Uuid = made["ID"].as_str().unwrap().parse().unwrap();
        assert!(!id.is_nil());
        let endpoint = networks.create(Kind::Endpoint, Some(id), Uuid::max(), &json!({})).await;
        assert_eq!(endpoint.unwrap()["ID"], json!(Uuid::max()));
        assert_eq!(networks.query(Kind::Network, id, &Value::Null).await.unwrap(), made);
        networks.delete(Kind::Network, id).await.unwrap();
        assert!(is_not_exist(&networks.delete(Kind::Network, id).await.unwrap_err()));
        assert_eq!(networks.enumerate(Kind::Network, &Value::Null).await, Ok(vec![]));
        assert_eq!(networks.enumerate(Kind::Endpoint, &Value::Null).await, Ok(vec![Uuid::max()]));
    }

    #[tokio::test]
    async fn the_call_that_is_to_fail_fails_without_an_effect() {
        let networks = FakeNetworks::default();
        networks.answer_hns("GET", "/globals/version", json!({ "Major": 15 }));
        networks.fail_nth(2, Named::Timeout);
        let ask = || networks.hns_call("GET", "/globals/version", "");
        assert_eq!(ask().await.unwrap()["Major"], 15);
        let failed = networks.create(Kind::Route, None, Uuid::nil(), &json!({})).await;
        let failed = failed.unwrap_err();
        assert!(is_timeout(&failed));
        assert!(failed.to_string().starts_with("hcn::Route::Create: "), "{failed}");
        assert_eq!(networks.enumerate(Kind::Route, &Value::Null).await, Ok(vec![]));
        let calls: Vec<_> = networks.calls().iter().map(|call| call.operation).collect();
        let route = Kind::Route;
        let expected = [Operation::HnsCall, Operation::Create(route), Operation::Enumerate(route)];
        assert_eq!(calls, expected);
    }
}
