//! Events on their way to containerd.
//!
//! They go one by one, in the order in which they were published. While containerd
//! is away, as it is when it is restarted, they wait; beyond [`MOST`] the oldest
//! ones are given up.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use shim_protos::any::{Named, pack};
use shim_protos::events::{Envelope, EventsClient, ForwardRequest};
use shim_protos::ttrpc::asynchronous::Client;
use shim_protos::ttrpc::{self, context};
use tokio::sync::watch;

use crate::time::timestamp;

/// How many events wait for a containerd that is away.
pub const MOST: usize = 4096;

/// How long containerd may take to take one, in nanoseconds.
const LIMIT: i64 = 5_000_000_000;

/// Between two attempts to reach containerd: at first, and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// Publishes events. A clone publishes in the same order.
#[derive(Debug, Clone)]
pub struct Publisher(Arc<Queue>);

#[derive(Debug)]
struct Queue {
    namespace: String,
    /// Without an address nobody takes them.
    has_address: bool,
    waiting: Arc<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    events: Mutex<VecDeque<Envelope>>,
    /// How many there are, the one on its way included; `None` once no more come.
    count: watch::Sender<Option<usize>>,
}

impl Publisher {
    /// A publisher to the address that containerd gave (`TTRPC_ADDRESS`): the path of
    /// a socket or the name of a pipe. Without one events are only logged.
    ///
    /// Its events are sent by a task of the runtime that this is called on.
    pub fn new(address: Option<&str>, namespace: &str) -> Self {
        let waiting =
            Arc::new(Waiting { events: Mutex::default(), count: watch::Sender::new(Some(0)) });
        let address = address.filter(|address| !address.is_empty()).map(ttrpc_address);
        let has_address = address.is_some();
        if let Some(address) = address {
            tokio::spawn(send_all(Arc::clone(&waiting), address));
        }
        Self(Arc::new(Queue { namespace: namespace.to_owned(), has_address, waiting }))
    }

    /// Publishes an event.
    pub fn publish<M: Named>(&self, topic: &str, event: &M) {
        let any = match pack(event) {
            Ok(any) => any,
            Err(error) => return tracing::error!(topic, %error, "an event can't be written"),
        };
        tracing::debug!(topic, "event");
        if !self.0.has_address {
            return;
        }
        self.0.waiting.push(Envelope {
            timestamp: Some(timestamp(Some(SystemTime::now()))).into(),
            namespace: self.0.namespace.clone(),
            topic: topic.to_owned(),
            event: Some(any).into(),
            ..Envelope::default()
        });
    }

    /// Waits until all have been taken, no longer than so; gives whether they were.
    pub async fn flush(&self, limit: Duration) -> bool {
        let mut count = self.0.waiting.count.subscribe();
        let empty = count.wait_for(|count| count.is_none_or(|count| count == 0));
        tokio::time::timeout(limit, empty).await.is_ok()
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.waiting.count.send_replace(None);
    }
}

impl Waiting {
    fn events(&self) -> MutexGuard<'_, VecDeque<Envelope>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, event: Envelope) {
        let mut events = self.events();
        if events.len() >= MOST
            && let Some(oldest) = events.pop_front()
        {
            tracing::warn!(topic = oldest.topic, "containerd is away: an event was given up");
        }
        events.push_back(event);
        self.count.send_replace(Some(events.len()));
    }

    /// The next event, left where it is; `None` once there will be none.
    async fn next(&self) -> Option<Envelope> {
        let mut count = self.count.subscribe();
        let count = count.wait_for(|count| *count != Some(0)).await.ok()?;
        drop(count);
        self.events().front().cloned()
    }

    /// An event has been taken.
    fn taken(&self, event: &Envelope) {
        let mut events = self.events();
        // It may have been given up meanwhile.
        if events.front() == Some(event) {
            events.pop_front();
        }
        let left = events.len();
        self.count.send_modify(|count| *count = count.map(|_| left));
    }
}

/// The address in the form that ttrpc has it.
fn ttrpc_address(address: &str) -> String {
    if address.contains("://") || cfg!(windows) {
        address.to_owned()
    } else {
        format!("unix://{address}")
    }
}

async fn send_all(waiting: Arc<Waiting>, address: String) {
    let mut client = None;
    let mut pause = PAUSE.0;
    while let Some(event) = waiting.next().await {
        match send(&mut client, &address, &event).await {
            Ok(()) => {}
            // It was understood and not wanted: it would not be the next time.
            Err(error @ ttrpc::Error::RpcStatus(_)) => {
                tracing::warn!(topic = event.topic, %error, "an event was refused");
            }
            Err(error) => {
                tracing::debug!(topic = event.topic, %error, "containerd is away");
                client = None;
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE.1);
                continue;
            }
        }
        pause = PAUSE.0;
        waiting.taken(&event);
    }
}

async fn send(
    client: &mut Option<EventsClient>,
    address: &str,
    event: &Envelope,
) -> ttrpc::Result<()> {
    let client = match client {
        Some(client) => client,
        None => client.insert(EventsClient::new(Client::connect(address).await?)),
    };
    let request = ForwardRequest { envelope: Some(event.clone()).into(), ..Default::default() };
    client.forward(context::with_timeout(LIMIT), &request).await.map(drop)
}
