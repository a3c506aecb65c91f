//! What a case has at hand: a service, ids of its own, documents, programs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use compute::fake::FakeService;
use compute::{ComputeService, ComputeSystem, Document, SystemId};
use hcs_schema::SystemType;
use hcs_schema::schema1::{self, ComputeSystemQuery, ContainerConfig};
use hcs_schema::schema2::{self, ProcessParameters};
use serde_json::json;
use uuid::Uuid;

use crate::{Containers, Failure, Host, Program};

/// How long what a case used may take to go.
const CLEAR_LIMIT: Duration = Duration::from_secs(20);
/// How long the end of one system that was left may take.
const END_LIMIT: Duration = Duration::from_secs(10);
/// The id of the layer; the service only wants it to be a GUID.
const LAYER: &str = "2f4b0d5e-6d0e-4a8e-9d4f-0a3f3f1b0c11";

/// The place of one case.
pub struct Bed {
    host: Host,
    service: Arc<dyn ComputeService>,
    fake: Option<FakeService>,
    tag: String,
    /// How many documents took a writable layer.
    taken: AtomicUsize,
}

impl Bed {
    /// A bed with names that nothing else has.
    pub(crate) fn new(host: &Host) -> Self {
        let (service, fake) = host.service();
        // Letters and digits: what a host makes names of, whatever else it drops.
        let tag = format!("conformance{}", Uuid::new_v4().simple());
        Self { host: host.clone(), service, fake, tag, taken: AtomicUsize::new(0) }
    }

    /// The service.
    pub fn service(&self) -> &Arc<dyn ComputeService> {
        &self.service
    }

    /// The fake behind the service, for cases that need
    /// [`Need::Injection`](crate::Need::Injection).
    ///
    /// # Errors
    /// The service is a real one.
    pub fn fake(&self) -> Result<&FakeService, Failure> {
        self.fake.as_ref().ok_or_else(|| Failure::new("the case needs the fake"))
    }

    /// Whether the service is the fake.
    pub fn is_fake(&self) -> bool {
        self.fake.is_some()
    }

    /// What runs in the containers.
    pub fn containers(&self) -> Containers {
        self.host.containers
    }

    /// What all names of this bed begin with, and the owner of its systems.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// An id of this bed.
    ///
    /// # Errors
    /// The name cannot be part of one.
    pub fn id(&self, name: &str) -> Result<SystemId, Failure> {
        let id = format!("{}-{name}", self.tag).parse::<SystemId>();
        id.map_err(|error| Failure::new(error.to_string()))
    }

    /// A schema 2 document of a container.
    pub fn document(&self) -> schema2::ComputeSystem {
        let layers = self.host.layers.iter().enumerate();
        let layers = layers.map(|(at, path)| schema2::Layer {
            id: layer_id(at),
            path: path.clone(),
            ..Default::default()
        });
        let storage = schema2::Storage {
            layers: layers.collect(),
            path: self.scratch().to_owned(),
            ..Default::default()
        };
        let container = schema2::Container { storage: Some(storage), ..Default::default() };
        schema2::ComputeSystem {
            owner: self.tag.clone(),
            schema_version: Some(schema2::Version::V21),
            container: Some(container),
            ..Default::default()
        }
    }

    /// The next writable layer, in turn; nothing where the host makes it itself.
    fn scratch(&self) -> &str {
        let scratches = &self.host.scratches;
        match self.taken.fetch_add(1, Ordering::Relaxed).checked_rem(scratches.len()) {
            Some(at) => &scratches[at],
            None => "",
        }
    }

    /// A schema 1 document of a container.
    pub fn schema1(&self, name: &str) -> ContainerConfig {
        let layers = self.host.layers.iter().enumerate();
        let layers = layers.map(|(at, path)| schema1::Layer {
            id: layer_id(at),
            path: path.clone(),
            ..Default::default()
        });
        ContainerConfig {
            system_type: SystemType::Container,
            name: format!("{}-{name}", self.tag),
            owner: self.tag.clone(),
            layers: layers.collect(),
            // Schema 1 wants a volume without the backslash that ends its path.
            volume_path: self.scratch().trim_end_matches('\\').to_owned(),
            ..Default::default()
        }
    }

    /// A document whose container is in an OCI spec; its process is this program.
    pub fn hosted(&self, program: &Program) -> schema2::ComputeSystem {
        let root = self.host.layers.first().cloned().unwrap_or_default();
        let arguments = self.parameters(program).command_args;
        let mount = |to: &str, kind: &str| json!({"destination": to, "type": kind, "source": kind});
        let spec = json!({
            "ociVersion": "1.0.2",
            "process": {
                "user": {"uid": 0, "gid": 0},
                "args": arguments,
                "env": ["PATH=/usr/bin:/bin"],
                "cwd": "/",
            },
            "root": {"path": root, "readonly": true},
            "mounts": [mount("/proc", "proc"), mount("/dev", "tmpfs")],
            "linux": {"namespaces": [
                {"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"},
            ]},
        });
        schema2::ComputeSystem {
            owner: self.tag.clone(),
            schema_version: Some(schema2::Version::V21),
            hosted_system: Some(json!({
                "SchemaVersion": {"Major": 2, "Minor": 1},
                "OciBundlePath": root,
                "OciSpecification": spec,
            })),
            ..Default::default()
        }
    }

    /// Parameters that run a program, with pipes for what it reads and writes.
    pub fn parameters(&self, program: &Program) -> ProcessParameters {
        program.parameters(&self.host)
    }

    /// A system that is made and has not started.
    ///
    /// # Errors
    /// The service does not make it.
    pub async fn created(&self, name: &str) -> Result<Box<dyn ComputeSystem>, Failure> {
        self.create(name, self.document()).await
    }

    /// A system of this document that is made and has not started.
    ///
    /// # Errors
    /// The service does not make it.
    pub async fn create(
        &self,
        name: &str,
        document: impl Into<Document>,
    ) -> Result<Box<dyn ComputeSystem>, Failure> {
        Ok(self.service.create(&self.id(name)?, &document.into()).await?)
    }

    /// A system that runs.
    ///
    /// # Errors
    /// The service does not make or start it.
    pub async fn started(&self, name: &str) -> Result<Box<dyn ComputeSystem>, Failure> {
        let system = self.created(name).await?;
        system.start().await?;
        Ok(system)
    }

    /// The systems of this bed that the service knows, each with its state.
    ///
    /// # Errors
    /// The service does not tell.
    pub async fn systems(&self) -> Result<Vec<(SystemId, String)>, Failure> {
        let query = ComputeSystemQuery { owners: vec![self.tag.clone()], ..Default::default() };
        let mut found = Vec::new();
        for system in self.service.enumerate(&query).await? {
            let id = system.id.parse().map_err(|error| {
                Failure::new(format!("the service lists {:?}: {error}", system.id))
            })?;
            found.push((id, system.state));
        }
        Ok(found)
    }

    /// Checks that no system of this bed is left that has not stopped, and
    /// removes what there is. What has stopped may wait for who asks how.
    pub(crate) async fn clear(&self) -> Result<(), Failure> {
        let deadline = Instant::now() + CLEAR_LIMIT;
        let left = loop {
            let left = self.systems().await?;
            if left.iter().all(|(_, state)| state == "Stopped") || Instant::now() > deadline {
                break left;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let mut alive = Vec::new();
        for (id, state) in left {
            // It is on its way out, or not: what counts is told below.
            let _ = tokio::time::timeout(END_LIMIT, self.end(&id)).await;
            if state != "Stopped" {
                alive.push(format!("{id} ({state})"));
            }
        }
        if alive.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("the case left behind: {}", alive.join(", "))))
    }

    async fn end(&self, id: &SystemId) -> compute::Result<()> {
        let system = self.service.open(id).await?;
        system.terminate().await?;
        system.wait().await?;
        system.close().await
    }
}

/// A GUID for each layer.
fn layer_id(at: usize) -> String {
    let base = LAYER.parse::<Uuid>().unwrap_or_default().as_u128();
    Uuid::from_u128(base.wrapping_add(at as u128)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writable_layers_are_taken_in_turn() {
        let volumes = [r"\\?\Volume{1}\", r"\\?\Volume{2}\"].map(str::to_owned);
        let bed = Bed::new(&Host::fake().with_scratches(volumes.to_vec()));
        let path = || bed.document().container.and_then(|container| container.storage);
        let path = || path().expect("a storage").path;
        assert_eq!([path(), path(), path()], [0, 1, 0].map(|at| volumes[at].clone()));
        assert_eq!(bed.schema1("a").volume_path, r"\\?\Volume{2}");
        assert_eq!(Bed::new(&Host::fake()).schema1("a").volume_path, "");
    }
}
