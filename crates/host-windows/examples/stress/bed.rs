//! What all phases work on: the host, and a few systems that live throughout.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use compute::error::is_already_closed;
use compute::{
    ComputeService, ComputeSystem, Document, Process, StdioSource, SystemEvent, SystemId,
};
use futures_util::StreamExt;
use hcs_schema::schema2::{self, ProcessParameters, PropertyQuery, PropertyType};
use host_windows::WindowsHost;
use tokio::sync::RwLock;

use crate::random::Random;

/// How many systems live.
const SYSTEMS: u64 = 4;
/// How long what must come may take, however slow the machine is.
const LIMIT: Duration = Duration::from_secs(120);
/// The service only wants it to be a GUID.
const LAYER_ID: &str = "2f4b0d5e-6d0e-4a8e-9d4f-0a3f3f1b0c11";

/// The host and its systems.
pub(crate) struct Bed {
    pub(crate) host: WindowsHost,
    pub(crate) lives: Vec<Live>,
    layer: String,
    made: AtomicU64,
}

/// A system that lives throughout.
pub(crate) struct Live {
    pub(crate) system: Box<dyn ComputeSystem>,
    /// Who holds it for writing may pause the system.
    pub(crate) runs: RwLock<()>,
    /// Processes that ended with their handles on this system open.
    pub(crate) ended: AtomicU64,
    /// Events that told of such an end.
    told: Arc<AtomicU64>,
}

impl Bed {
    pub(crate) async fn new(host: WindowsHost, layer: &str) -> Result<Self> {
        let made = AtomicU64::new(0);
        let mut bed = Self { host, lives: Vec::new(), layer: layer.to_owned(), made };
        for _ in 0..SYSTEMS {
            let live = Live::new(bed.started().await?);
            bed.lives.push(live);
        }
        Ok(bed)
    }

    /// A new system, which runs.
    pub(crate) async fn started(&self) -> Result<Box<dyn ComputeSystem>> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let id: SystemId = format!("stress-{}-{number}", std::process::id()).parse()?;
        let layer =
            schema2::Layer { id: LAYER_ID.into(), path: self.layer.clone(), ..Default::default() };
        let storage = schema2::Storage { layers: vec![layer], ..Default::default() };
        let container = schema2::Container { storage: Some(storage), ..Default::default() };
        let document = Document::from(schema2::ComputeSystem {
            owner: "stress".into(),
            schema_version: Some(schema2::Version::V21),
            container: Some(container),
            // Were this program ended, its systems would be too.
            should_terminate_on_last_handle_closed: true,
            ..Default::default()
        });
        let system = self.host.create(&id, &document).await?;
        system.start().await?;
        Ok(system)
    }

    /// One of the systems that live.
    pub(crate) fn any(&self, random: &mut Random) -> &Live {
        &self.lives[random.below(self.lives.len())]
    }

    /// Waits until no process runs in the systems, and every end was told.
    pub(crate) async fn quiet(&self) -> Result<()> {
        for live in &self.lives {
            let quiet = async {
                while !live.is_quiet().await? {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                anyhow::Ok(())
            };
            within("the end of all processes, and word of it", quiet).await??;
        }
        Ok(())
    }

    /// Ends the systems.
    pub(crate) async fn end(self) -> Result<()> {
        for Live { system, .. } in self.lives {
            system.terminate().await?;
            within("the end of a system", system.wait()).await??;
            system.close().await?;
        }
        Ok(())
    }
}

impl Live {
    fn new(system: Box<dyn ComputeSystem>) -> Self {
        let (mut events, told) = (system.events(), Arc::new(AtomicU64::new(0)));
        let counter = Arc::clone(&told);
        drop(tokio::spawn(async move {
            while let Some(event) = events.next().await {
                let is_end = matches!(event, SystemEvent::ProcessExited(_));
                counter.fetch_add(is_end.into(), Ordering::SeqCst);
            }
        }));
        Self { system, runs: RwLock::new(()), ended: AtomicU64::new(0), told }
    }

    async fn is_quiet(&self) -> Result<bool> {
        let query =
            PropertyQuery { property_types: vec![PropertyType::ProcessList], ..Default::default() };
        let properties = self.system.properties(&query).await?;
        let (ended, told) = (self.ended.load(Ordering::SeqCst), self.told.load(Ordering::SeqCst));
        ensure!(told <= ended, "{told} ends of {ended} processes were told");
        Ok(properties.process_list.is_empty() && told == ended)
    }
}

/// Starts a shell's script in a system, with pipes for all streams.
pub(crate) async fn spawn(system: &dyn ComputeSystem, script: &str) -> Result<Box<dyn Process>> {
    let parameters = ProcessParameters {
        command_args: ["sh", "-c", script].map(str::to_owned).into(),
        create_std_in_pipe: true,
        create_std_out_pipe: true,
        create_std_err_pipe: true,
        ..Default::default()
    };
    let made = system.create_process(&parameters, StdioSource::Pipes).await;
    made.with_context(|| format!("starting {script:?}"))
}

/// Waits for what must come.
pub(crate) async fn within<F: Future>(what: &str, future: F) -> Result<F::Output> {
    let came = tokio::time::timeout(LIMIT, future).await;
    came.with_context(|| format!("in {} s this did not come: {what}", LIMIT.as_secs()))
}

/// What a call gave that a close may have come before; `None` where it did.
pub(crate) fn unless_closed<T>(outcome: compute::Result<T>) -> compute::Result<Option<T>> {
    match outcome {
        Err(error) if is_already_closed(&error) => Ok(None),
        outcome => outcome.map(Some),
    }
}
